"""Calls Airflow's REST API, as far as tests and the demo need it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urljoin

import requests

from dev.airflow_answers import AirflowApiError, Health, ImportProblem, LogMessage, TaskInstance
from dev.airflow_major import AIRFLOW

RUN_IS_OVER = frozenset({"success", "failed"})
PAGE = 100


class AirflowApi:
    """Speaks to one Airflow for one user. It logs in when it first needs to."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self.url = url
        self._user, self._password = user, password
        self._session = requests.Session()
        self._session.trust_env = False  # neither a proxy nor ~/.netrc may be used on loopback

    def close(self) -> None:
        self._session.close()

    def health(self) -> Health:
        answer = self._session.get(f"{self.url}{AIRFLOW.health}", timeout=10)
        answer.raise_for_status()
        return Health.from_body(answer.json())

    def warm_up(self) -> None:
        self._session.get(f"{self.url}{AIRFLOW.first_question}", timeout=60).raise_for_status()

    def has_dag(self, dag_id: str) -> bool:
        return self.request("GET", _path("dags", dag_id), missing_ok=True) is not None

    def import_problems(self) -> list[ImportProblem]:
        found = self._pages("importErrors", "import_errors")
        return [ImportProblem(each["filename"], each["stack_trace"]) for each in found]

    def trigger(self, dag_id: str, conf: Mapping[str, Any] | None = None, run_id: str = "") -> str:
        """Starts a run now, and returns its id. Airflow chooses the id if `run_id` is empty."""
        body = AIRFLOW.run_body(conf or {}) | ({"dag_run_id": run_id} if run_id else {})
        return str(self.request("POST", _path("dags", dag_id, "dagRuns"), json=body)["dag_run_id"])

    def run_state(self, dag_id: str, run_id: str) -> str:
        return str(self.request("GET", _run_path(dag_id, run_id))["state"])

    def wait_for_run(self, dag_id: str, run_id: str, timeout: float = 120.0) -> str:
        """Waits for the end of a run, and returns its state. TimeoutError names what was not done."""
        deadline = time.monotonic() + timeout
        while (state := self.run_state(dag_id, run_id)) not in RUN_IS_OVER:
            if time.monotonic() > deadline:
                unfinished = [(t.task_id, t.map_index, t.state) for t in self.task_instances(dag_id, run_id)]
                raise TimeoutError(f"{dag_id} {run_id} is {state} after {timeout:.0f} s: {unfinished}")
            time.sleep(0.3)
        return state

    def task_instances(self, dag_id: str, run_id: str) -> list[TaskInstance]:
        rows = self._pages(f"{_run_path(dag_id, run_id)}/taskInstances", "task_instances")
        return [TaskInstance.from_row(row) for row in rows]

    def task_log(
        self, dag_id: str, run_id: str, task_id: str, try_number: int = 1, map_index: int = -1
    ) -> str:
        """Returns the log of one attempt as text, one line for each message with all its fields."""
        return "\n".join(map(str, self.task_messages(dag_id, run_id, task_id, try_number, map_index)))

    def task_messages(
        self, dag_id: str, run_id: str, task_id: str, try_number: int = 1, map_index: int = -1
    ) -> Sequence[LogMessage]:
        """Returns the log of one attempt."""
        path = f"{_run_path(dag_id, run_id)}/{_path('taskInstances', task_id, 'logs', str(try_number))}"
        body = self.request("GET", path, params={"map_index": map_index, "full_content": True})
        return AIRFLOW.messages(body["content"])

    def xcom(
        self, dag_id: str, run_id: str, task_id: str, key: str = "return_value", map_index: int = -1
    ) -> Any:
        """Returns the value as it is in the database. KeyError means that there is no such XCom."""
        path = f"{_run_path(dag_id, run_id)}/{_path('taskInstances', task_id, 'xcomEntries', key)}"
        query = {"map_index": map_index, "stringify": False}
        body = self.request("GET", path, params=query, missing_ok=True)
        if body is None:
            raise KeyError(f"{task_id}[{map_index}] has no XCom {key!r}")
        return body["value"]

    def clear(
        self,
        dag_id: str,
        run_id: str,
        task_ids: Sequence[str | tuple[str, int]],
        *,
        downstream: bool = False,
    ) -> None:
        """Clears Airflow tasks, or of mapped ones the instances that are named with their map index."""
        body = {
            "dry_run": False,
            "dag_run_id": run_id,
            "task_ids": list(task_ids),
            "include_downstream": downstream,
            "only_failed": False,
            "reset_dag_runs": True,
        }
        self.request("POST", f"{_path('dags', dag_id)}/clearTaskInstances", json=body)

    def add_connection(self, conn_id: str, fields: Mapping[str, Any]) -> None:
        """Adds a connection to Airflow's database. The extra is given as text."""
        self.request("POST", "connections", json={"connection_id": conn_id, **fields})

    def set_state(
        self, dag_id: str, run_id: str, task_id: str, state: str, map_index: int | None = None
    ) -> None:
        """Marks a task instance `success`, `failed` or `skipped`, as a user does in the UI."""
        path = f"{_run_path(dag_id, run_id)}/{_path('taskInstances', task_id)}"
        if map_index is not None:
            path += f"/{map_index}"
        self.request("PATCH", path, json=AIRFLOW.state_body(state))

    def request(self, method: str, path: str, *, missing_ok: bool = False, **sent: Any) -> Any:
        """Makes any other call, and returns its JSON, or None for a 404 if `missing_ok`.

        The path is absolute, or relative to that of the API.
        """
        answer = self._send(method, path, sent)
        if answer.status_code == 401:  # no token yet, or the api-server was restarted with another secret
            AIRFLOW.log_in(self._session, self.url, self._user, self._password)
            answer = self._send(method, path, sent)
        if answer.status_code == 404 and missing_ok:
            return None
        if not answer.ok:
            raise AirflowApiError(
                f"{method} {path}: {answer.status_code} {answer.text[:2000]}", answer.status_code
            )
        return answer.json() if answer.content else None

    def _send(self, method: str, path: str, sent: Mapping[str, Any]) -> requests.Response:
        headers = {"Accept": "application/json"}
        url = urljoin(f"{self.url}{AIRFLOW.api}", path)
        return self._session.request(method, url, headers=headers, timeout=60, **sent)

    def _pages(self, path: str, key: str) -> Iterator[Mapping[str, Any]]:
        offset = 0
        while True:
            rows = self.request("GET", path, params={"limit": PAGE, "offset": offset})[key]
            yield from rows
            offset += len(rows)
            if len(rows) < PAGE:
                return


def _path(*segments: str) -> str:
    return "/".join(quote(segment, safe="") for segment in segments)


def _run_path(dag_id: str, run_id: str) -> str:
    return _path("dags", dag_id, "dagRuns", run_id)

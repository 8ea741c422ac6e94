"""Airflow's REST API as far as tests and the demo need it: typed answers, never bare dicts."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urljoin

import requests

RUN_IS_OVER = frozenset({"success", "failed"})
PAGE = 100


class AirflowApiError(RuntimeError):
    """Airflow refused a request; the message has its status and body."""


@dataclass(frozen=True)
class TaskInstance:
    """One task instance as it is now; `state` is None before the scheduler has looked at it."""

    task_id: str
    map_index: int
    state: str | None
    try_number: int
    max_tries: int
    start_date: datetime | None
    end_date: datetime | None
    duration: float | None
    operator: str | None
    pool: str
    pid: int | None
    note: str | None


@dataclass(frozen=True)
class LogMessage:
    """One message of a task's log; `fields` is all else that Airflow kept with it."""

    timestamp: str
    level: str
    event: str
    fields: Mapping[str, Any]

    @property
    def error(self) -> str:
        """The exceptions logged with the message, outermost first."""
        chain = self.fields.get("error_detail") or []
        return " <- ".join(f"{each['exc_type']}: {each['exc_value']}" for each in chain)

    def __str__(self) -> str:
        fields = json.dumps(self.fields, default=str) if self.fields else ""
        return f"{self.timestamp} {self.level} {self.event} {fields}".rstrip()


@dataclass(frozen=True)
class ImportProblem:
    """A DAG file that Airflow could not import."""

    filename: str
    stack_trace: str


@dataclass(frozen=True)
class Health:
    """The last heartbeat of each background component that calls itself healthy; the database's state."""

    database_is_healthy: bool
    heartbeats: Mapping[str, datetime]


class AirflowApi:
    """One user's view of one Airflow; fetches its token when it first needs it."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self.url = url
        self._login = {"username": user, "password": password}
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy and no ~/.netrc on the way to loopback

    def close(self) -> None:
        self._session.close()

    def health(self) -> Health:
        answer = self._session.get(f"{self.url}/api/v2/monitor/health", timeout=10)
        answer.raise_for_status()
        body = answer.json()
        beats = {
            name: datetime.fromisoformat(body[name][f"latest_{name}_heartbeat"])
            for name in ("scheduler", "triggerer", "dag_processor")
            if (body.get(name) or {}).get("status") == "healthy"
        }
        return Health(body["metadatabase"]["status"] == "healthy", beats)

    def warm_up(self) -> None:
        """Ask the API that workers use: its first answer takes seconds, which would be the first task's."""
        self._session.get(f"{self.url}/execution/health", timeout=60).raise_for_status()

    def has_dag(self, dag_id: str) -> bool:
        return self.request("GET", _path("dags", dag_id), missing_ok=True) is not None

    def import_problems(self) -> list[ImportProblem]:
        found = self._pages("importErrors", "import_errors")
        return [ImportProblem(each["filename"], each["stack_trace"]) for each in found]

    def trigger(self, dag_id: str, conf: Mapping[str, Any] | None = None) -> str:
        """Start a run now; returns its id."""
        body = {"logical_date": None, "conf": dict(conf or {})}
        return str(self.request("POST", _path("dags", dag_id, "dagRuns"), json=body)["dag_run_id"])

    def run_state(self, dag_id: str, run_id: str) -> str:
        return str(self.request("GET", _run(dag_id, run_id))["state"])

    def wait_for_run(self, dag_id: str, run_id: str, timeout: float = 120.0) -> str:
        """The state in which the run ended; TimeoutError names the task instances that were not done."""
        deadline = time.monotonic() + timeout
        while (state := self.run_state(dag_id, run_id)) not in RUN_IS_OVER:
            if time.monotonic() > deadline:
                open_tasks = [(t.task_id, t.map_index, t.state) for t in self.task_instances(dag_id, run_id)]
                raise TimeoutError(f"{dag_id} {run_id} is {state} after {timeout:.0f} s: {open_tasks}")
            time.sleep(0.3)
        return state

    def task_instances(self, dag_id: str, run_id: str) -> list[TaskInstance]:
        rows = self._pages(f"{_run(dag_id, run_id)}/taskInstances", "task_instances")
        return [_task_instance(row) for row in rows]

    def task_log(
        self, dag_id: str, run_id: str, task_id: str, try_number: int = 1, map_index: int = -1
    ) -> str:
        """The log of one attempt as text, one line a message, with every field that Airflow kept."""
        return "\n".join(map(str, self.task_messages(dag_id, run_id, task_id, try_number, map_index)))

    def task_messages(
        self, dag_id: str, run_id: str, task_id: str, try_number: int = 1, map_index: int = -1
    ) -> list[LogMessage]:
        """The log of one attempt."""
        path = f"{_run(dag_id, run_id)}/{_path('taskInstances', task_id, 'logs', str(try_number))}"
        body = self.request("GET", path, params={"map_index": map_index, "full_content": True})
        return [_log_message(entry) for entry in body["content"]]

    def xcom(
        self, dag_id: str, run_id: str, task_id: str, key: str = "return_value", map_index: int = -1
    ) -> Any:
        """The value as it lies in the database; KeyError if there is none."""
        path = f"{_run(dag_id, run_id)}/{_path('taskInstances', task_id, 'xcomEntries', key)}"
        body = self.request("GET", path, params={"map_index": map_index}, missing_ok=True)
        if body is None:
            raise KeyError(f"{task_id}[{map_index}] has no XCom {key!r}")
        return body["value"]

    def clear(self, dag_id: str, run_id: str, task_ids: Sequence[str], *, downstream: bool = False) -> None:
        body = {
            "dry_run": False,
            "dag_run_id": run_id,
            "task_ids": list(task_ids),
            "include_downstream": downstream,
            "only_failed": False,
        }
        self.request("POST", f"{_path('dags', dag_id)}/clearTaskInstances", json=body)

    def set_state(
        self, dag_id: str, run_id: str, task_id: str, state: str, map_index: int | None = None
    ) -> None:
        """Mark a task instance `success`, `failed` or `skipped`, as a user does in the UI."""
        path = f"{_run(dag_id, run_id)}/{_path('taskInstances', task_id)}"
        if map_index is not None:
            path += f"/{map_index}"
        self.request("PATCH", path, json={"new_state": state})

    def request(self, method: str, path: str, *, missing_ok: bool = False, **sent: Any) -> Any:
        """Any other call, the path below /api/v2 or absolute; JSON in and out, None for an expected 404."""
        answer = self._send(method, path, sent)
        if answer.status_code == 401:  # no token yet, or the api-server was restarted with another secret
            self._renew_token()
            answer = self._send(method, path, sent)
        if answer.status_code == 404 and missing_ok:
            return None
        if not answer.ok:
            raise AirflowApiError(f"{method} {path}: {answer.status_code} {answer.text[:2000]}")
        return answer.json() if answer.content else None

    def _send(self, method: str, path: str, sent: Mapping[str, Any]) -> requests.Response:
        headers = {"Accept": "application/json"}
        url = urljoin(f"{self.url}/api/v2/", path)
        return self._session.request(method, url, headers=headers, timeout=60, **sent)

    def _renew_token(self) -> None:
        answer = self._session.post(f"{self.url}/auth/token", json=self._login, timeout=60)
        answer.raise_for_status()
        self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

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


def _run(dag_id: str, run_id: str) -> str:
    return _path("dags", dag_id, "dagRuns", run_id)


def _task_instance(row: Mapping[str, Any]) -> TaskInstance:
    return TaskInstance(
        **{name: row[name] for name in TaskInstance.__dataclass_fields__ if not name.endswith("_date")},
        start_date=_instant(row["start_date"]),
        end_date=_instant(row["end_date"]),
    )


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _log_message(entry: str | Mapping[str, Any]) -> LogMessage:
    if isinstance(entry, str):  # a line that Airflow could not parse
        return LogMessage("-", "-", entry, {})
    fields = {name: value for name, value in entry.items() if name not in {"timestamp", "level", "event"}}
    return LogMessage(entry.get("timestamp") or "-", entry.get("level", "-"), entry["event"], fields)

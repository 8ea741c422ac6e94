"""A person who answers the questions of DAGs that run in this process, by Airflow's own REST API."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import quote

SECRET = "a secret of more than sixty-four characters, as Airflow asks for it"


@dataclass(frozen=True)
class Answer:
    """What a person does: chooses options, and fills in fields."""

    options: Sequence[str]
    fields: dict[str, Any] = field(default_factory=dict)


@dataclass
class Person:
    """Answers every question of a run, one answer after the other, and remembers what it was asked."""

    client: Any
    headers: dict[str, str]
    answers: list[Answer]
    asked: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    before: Callable[[], object] = lambda: None
    #: Lets time run out, which is the scheduler's part from Airflow 3.3 on; `dag.test()` has none.
    is_slow: bool = False
    _done: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join(30)
        assert not self.problems, self.problems

    def _run(self) -> None:
        while self.is_slow and not self._done.is_set():
            _let_time_run_out()
            time.sleep(0.5)
        while self.answers and not self._done.is_set():
            for detail in self._open():
                self._answer(detail)
            time.sleep(0.2)

    def _open(self) -> list[dict[str, Any]]:
        url = "/api/v2/dags/~/dagRuns/~/hitlDetails?response_received=false&limit=50"
        found = self.client.get(url, headers=self.headers).json()["hitl_details"]
        waiting = ("awaiting_input", "deferred")
        return [each for each in found if each["task_instance"]["state"] in waiting]

    def _answer(self, detail: dict[str, Any]) -> None:
        if not self.answers:
            return
        self.asked.append(detail)
        self.before()
        answer, ti = self.answers.pop(0), detail["task_instance"]
        path = f"/api/v2/dags/{ti['dag_id']}/dagRuns/{quote(ti['dag_run_id'], safe='')}/taskInstances"
        body = {"chosen_options": list(answer.options), "params_input": answer.fields}
        answered = self.client.patch(
            f"{path}/{ti['task_id']}/{ti['map_index']}/hitlDetails", json=body, headers=self.headers
        )
        if answered.status_code != 200:
            self.problems.append(f"{answered.status_code} {answered.text}")


def _let_time_run_out() -> None:
    from airflow.jobs.job import Job
    from airflow.jobs.scheduler_job_runner import SchedulerJobRunner

    if hasattr(SchedulerJobRunner, "check_awaiting_input_timeouts"):
        SchedulerJobRunner(job=Job()).check_awaiting_input_timeouts()


def airflow_api(user_name: str = "anna") -> tuple[Any, dict[str, str]]:
    """Returns Airflow's API in this process, and the headers by which it knows a user."""
    os.environ.setdefault("AIRFLOW__API_AUTH__JWT_SECRET", SECRET)
    from airflow.api_fastapi.app import create_app
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
    from fastapi.testclient import TestClient

    app = create_app("core")
    token = app.state.auth_manager.generate_jwt(SimpleAuthManagerUser(username=user_name, role="ADMIN"))
    return TestClient(app), {"Authorization": f"Bearer {token}"}

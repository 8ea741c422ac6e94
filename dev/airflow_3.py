"""Describes Airflow 3, which has four components, and whose workers speak to the api-server."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import requests

from dev.airflow_answers import LogMessage
from dev.airflow_settings import Settings


class Airflow3:
    """Describes Airflow 3; see `dev.airflow_major.Major`."""

    #: The log servers are left out: they would listen on every interface, and the api-server reads the logs
    #: from this disk.
    components: Mapping[str, tuple[str, ...]] = {
        "api-server": ("api-server",),
        "scheduler": ("scheduler", "--skip-serve-logs"),
        "dag-processor": ("dag-processor",),
        "triggerer": ("triggerer", "--skip-serve-logs"),
    }
    databases: tuple[str, ...] = ("postgres", "sqlite")
    keeps_task_state = True
    keeps_cleared_state = True
    fast_heartbeat: Mapping[str, str] = {"AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1"}
    #: The scheduler's own health threshold stays at 30 s. With less, a scheduler that is only busy would
    #: think that it is dead, and reset its running tasks again and again.
    early_notice: Mapping[str, str] = {
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "3",
        "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "5",
        "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "8",
    }
    api = "/api/v2/"
    health = "/api/v2/monitor/health"
    #: The API that workers use. Its first answer takes seconds, for which the first task would have to wait.
    first_question = "/execution/health"

    def options(self, settings: Settings) -> dict[str, str]:
        return {
            "API__BASE_URL": settings.url,
            "API__HOST": "127.0.0.1",
            "API__PORT": str(settings.ports[0]),
            "API__SECRET_KEY": settings.secret,
            "API__WORKERS": "1",
            "API_AUTH__JWT_SECRET": settings.secret,
            "CORE__EXECUTION_API_SERVER_URL": f"{settings.url}/execution/",
            "CORE__SIMPLE_AUTH_MANAGER_USERS": f"{settings.user}:admin",
            "DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH": str(settings.home / "bundles"),
            "DAG_PROCESSOR__REFRESH_INTERVAL": "5",
            # The default of 5 s is too short on two busy cores, and a task fails if its start is sent twice.
            "WORKERS__EXECUTION_API_TIMEOUT": "30",
        }

    def write_login(self, settings: Settings) -> None:
        """Writes the password beforehand. Airflow would make one up and write it to a log."""
        file = settings.home / "simple_auth_manager_passwords.json.generated"
        file.write_text(json.dumps({settings.user: settings.password}))

    def log_in(self, session: requests.Session, url: str, user: str, password: str) -> None:
        login = {"username": user, "password": password}
        answer = session.post(f"{url}/auth/token", json=login, timeout=60)
        answer.raise_for_status()
        session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def run_body(self, conf: Mapping[str, Any]) -> dict[str, Any]:
        return {"logical_date": None, "conf": dict(conf)}

    def state_body(self, state: str) -> dict[str, Any]:
        return {"new_state": state}

    def messages(self, content: Any) -> Sequence[LogMessage]:
        return [_message(entry) for entry in content]


class Airflow34(Airflow3):
    """Describes Airflow 3.4 and later: clearing a task without "keep" deletes its task state."""

    keeps_cleared_state = False


def _message(entry: str | Mapping[str, Any]) -> LogMessage:
    if isinstance(entry, str):  # a line that Airflow could not parse
        return LogMessage.of_text(entry)
    fields = {name: value for name, value in entry.items() if name not in {"timestamp", "level", "event"}}
    return LogMessage(entry.get("timestamp") or "-", entry.get("level", "-"), entry["event"], fields)

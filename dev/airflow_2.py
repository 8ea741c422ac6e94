"""Describes Airflow 2.11, in which the scheduler also parses the DAG files, and workers use the database."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any

import requests

from dev.airflow_answers import LogMessage
from dev.airflow_settings import Settings

#: Every user of this loopback port is an administrator. With a password, each request would take a tenth of a
#: second to hash it.
WEB_SERVER_CONFIG = 'AUTH_ROLE_PUBLIC = "Admin"\n'


class Airflow2:
    """Describes Airflow 2; see `dev.airflow_major.Major`."""

    components: Mapping[str, tuple[str, ...]] = {
        "api-server": ("webserver",),
        "scheduler": ("scheduler", "--skip-serve-logs"),
        "triggerer": ("triggerer", "--skip-serve-logs"),
    }
    databases: tuple[str, ...] = ("postgres",)
    keeps_task_state = False
    keeps_cleared_state = False
    fast_heartbeat: Mapping[str, str] = {"AIRFLOW__SCHEDULER__JOB_HEARTBEAT_SEC": "1"}
    early_notice: Mapping[str, str] = {
        "AIRFLOW__SCHEDULER__SCHEDULER_ZOMBIE_TASK_THRESHOLD": "30",
        "AIRFLOW__SCHEDULER__ZOMBIE_DETECTION_INTERVAL": "3",
        "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "5",
        "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "8",
    }
    api = "/api/v1/"
    health = "/health"
    first_question = "/health"

    def options(self, settings: Settings) -> dict[str, str]:
        return {
            "SCHEDULER__PARSING_PROCESSES": "1",
            "SCHEDULER__STANDALONE_DAG_PROCESSOR": "False",
            "WEBSERVER__BASE_URL": settings.url,
            "WEBSERVER__CONFIG_FILE": str(settings.home / "webserver_config.py"),
            "WEBSERVER__SECRET_KEY": settings.secret,
            "WEBSERVER__WEB_SERVER_HOST": "127.0.0.1",
            "WEBSERVER__WEB_SERVER_PORT": str(settings.ports[0]),
            "WEBSERVER__WORKERS": "2",
        }

    def write_login(self, settings: Settings) -> None:
        (settings.home / "webserver_config.py").write_text(WEB_SERVER_CONFIG)

    def log_in(self, session: requests.Session, url: str, user: str, password: str) -> None:
        """Does nothing, since every user is an administrator; see `WEB_SERVER_CONFIG`."""

    def run_body(self, conf: Mapping[str, Any]) -> dict[str, Any]:
        return {"conf": dict(conf)}

    def state_body(self, state: str) -> dict[str, Any]:
        return {"new_state": state, "dry_run": False}

    def messages(self, content: Any) -> Sequence[LogMessage]:
        """Reads the repr of a list in the JSON, which has a name and a text for each host."""
        hosts = ast.literal_eval(content)
        return [LogMessage.of_text(line) for _, text in hosts for line in text.splitlines()]

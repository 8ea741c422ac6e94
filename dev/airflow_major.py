"""What is known of an Airflow's major version: the only file that asks which one is installed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any, Final, Protocol

import requests
from packaging.version import Version

from dev.airflow_2 import Airflow2
from dev.airflow_3 import Airflow3, Airflow34
from dev.airflow_answers import LogMessage
from dev.airflow_settings import Settings


class Major(Protocol):
    """One major version.

    Attributes:
        components: component -> the `airflow` command that runs it. The web server is the api-server, by
            whatever command; every other one has a heartbeat.
        databases: on which LocalExecutor runs.
        keeps_task_state: whether there is a task state store.
        keeps_cleared_state: whether it survives when a person clears the task.
        fast_heartbeat: options with which a supervisor notices the end of its task within a second.
        early_notice: options with which the scheduler notices the dead sooner than by default.
        api: URL path of the REST API.
        health: URL path of the health check.
        first_question: URL path to ask before anything else.
    """

    components: Mapping[str, tuple[str, ...]]
    databases: tuple[str, ...]
    keeps_task_state: bool
    keeps_cleared_state: bool
    fast_heartbeat: Mapping[str, str]
    early_notice: Mapping[str, str]
    api: str
    health: str
    first_question: str

    def options(self, settings: Settings) -> dict[str, str]:
        """What this version calls its own way, without `AIRFLOW__`."""

    def write_login(self, settings: Settings) -> None:
        """Prepare, before the start, who may use the REST API."""

    def log_in(self, session: requests.Session, url: str, user: str, password: str) -> None:
        """Make the session one that is let in."""

    def run_body(self, conf: Mapping[str, Any]) -> dict[str, Any]:
        """The request to start a run now."""

    def state_body(self, state: str) -> dict[str, Any]:
        """The request to mark a task instance."""

    def messages(self, content: Any) -> Sequence[LogMessage]:
        """The content of an answer with a whole log."""


VERSION: Final = version("apache-airflow")


def of_version(text: str) -> Major:
    """What is known of an Airflow by its version; a pre-release counts as what it becomes."""
    release = Version(text).release
    if release >= (3, 4):
        return Airflow34()
    return Airflow3() if release >= (3,) else Airflow2()


AIRFLOW: Final = of_version(VERSION)

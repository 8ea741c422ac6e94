"""Chooses the description of the installed Airflow. No other file asks which version that is."""

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
    """Describes one major version of Airflow.

    Attributes:
        components: component -> the `airflow` command that runs it. The web server is called api-server in
            every version. Each of the others has a heartbeat.
        databases: the databases on which LocalExecutor runs.
        keeps_task_state: True if there is a task state store.
        keeps_cleared_state: True if the task state survives when a person clears the task.
        fast_heartbeat: options with which a supervisor notices the end of its task within a second.
        early_notice: options with which the scheduler notices dead processes sooner than by default.
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
        """Returns the options that are special to this version, without `AIRFLOW__`."""

    def write_login(self, settings: Settings) -> None:
        """Writes the file that says who may use the REST API, before Airflow starts."""

    def log_in(self, session: requests.Session, url: str, user: str, password: str) -> None:
        """Logs the session in."""

    def run_body(self, conf: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the body of the request that starts a run now."""

    def state_body(self, state: str) -> dict[str, Any]:
        """Returns the body of the request that marks a task instance."""

    def messages(self, content: Any) -> Sequence[LogMessage]:
        """Reads the messages in an answer with a whole log."""


VERSION: Final = version("apache-airflow")


def of_version(text: str) -> Major:
    """Returns the description of an Airflow version. A pre-release counts as the release."""
    release = Version(text).release
    if release >= (3, 4):
        return Airflow34()
    return Airflow3() if release >= (3,) else Airflow2()


AIRFLOW: Final = of_version(VERSION)

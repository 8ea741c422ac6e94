"""Waits for a PHOTA task in a terminal, with a progress bar, and lands its pictures."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from airflow_provider_phota.api.endings import lines
from airflow_provider_phota.api.tasks import PhotaTask
from airflow_provider_phota.cli.output import console
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.results.lander import land, land_with_fresh_urls
from airflow_provider_phota.results.landing import LandedFile, Landing
from airflow_provider_phota.results.options import LandingOptions
from airflow_provider_phota.results.result import ResultImages
from airflow_provider_phota.waiting import Intervals, Wait

#: Seconds between two questions; a person who waits sees the progress more often than a DAG does.
_INTERVALS = Intervals(1.0, 10.0)
#: Seconds without a usable answer that are tolerated.
_UNREACHABLE = 300.0


def landing_at(destination: str) -> Landing:
    """Returns where pictures go; a file that is there already stays.

    Raises:
        PhotaInputError: The destination is wrong.
    """
    return LandingOptions(destination, if_exists="skip").landing()


def bring_home(
    hook: PhotaHook, phota_task_id: str, landing: Landing, timeout: float, seen: PhotaTask | None = None
) -> tuple[PhotaTask, list[LandedFile]]:
    """Waits for a task, and lands its pictures. Free.

    Args:
        hook: of the connection.
        phota_task_id: the task.
        landing: where its pictures go.
        timeout: seconds to wait, at most.
        seen: the task as the service showed it a moment ago.

    Raises:
        PhotaTaskError: The wait ended without a result, or a picture did not land.
        PhotaInputError: The task has made no pictures.
    """
    with _progress_bar(phota_task_id) as show:
        wait = Wait(hook.phota_conn_id, timeout, _INTERVALS, _UNREACHABLE)
        task = wait.here(phota_task_id, seen, on_running=show)
    files = land_with_fresh_urls(
        lambda results: land(results, landing, hook.settings), ResultImages.of_task(task), hook.get_task
    )
    return task, files


def how_to_land(phota_task_id: str, conn_id: str, destination: str) -> str:
    """Returns what a person can do about a paid task whose pictures are not here."""
    connection = [] if conn_id == PhotaHook.default_conn_name else ["--conn-id", conn_id]
    words = ["python", "-m", "airflow_provider_phota", "land", *connection, phota_task_id, destination]
    return lines("To bring its pictures home, which is free:", shlex.join(words))


@contextmanager
def _progress_bar(phota_task_id: str) -> Iterator[Callable[[PhotaTask], None]]:
    """Shows a bar, and yields the function that moves it."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console(sys.stderr), transient=True) as progress:
        bar = progress.add_task(phota_task_id, total=100)
        yield lambda task: progress.update(bar, completed=task.progress or 0)

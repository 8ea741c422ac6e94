"""Says how a sensor's wait has ended, in terms of the PHOTA task that it was for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from airflow.providers.common.compat.sdk import (
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
    AirflowTaskTimeout,
)

from airflow_provider_phota.api import endings
from airflow_provider_phota.api.endings import PhotaExecutionTimeout
from airflow_provider_phota.retrying import RESUMES, log_lines
from airflow_provider_phota.waiting import out_of_time

_WAIT_ON = "Clear this Airflow task to wait on; that pays nothing."


def not_finished_in_time(timeout: Exception) -> AirflowSensorTimeout:
    """Returns the error of a wait whose own time is over."""
    return AirflowSensorTimeout(endings.lines(str(timeout), _WAIT_ON))


@contextmanager
def saying_what_goes_on(phota_task_id: Callable[[], str]) -> Iterator[None]:
    """Adds to the error of a timeout that the PHOTA task goes on, and what can be done.

    Args:
        phota_task_id: returns the ID as it is known when the error comes.
    """
    try:
        yield
    except AirflowSensorTimeout as timeout:
        first = f"PHOTA task {phota_task_id()} was not finished in time."
        goes_on = endings.goes_on(phota_task_id())
        raise AirflowSensorTimeout(endings.lines(first, str(timeout), goes_on, _WAIT_ON)) from None


@contextmanager
def explaining_execution_timeout(
    phota_task_id: Callable[[], str], execution_timeout: timedelta | None
) -> Iterator[None]:
    """Says that the PHOTA task goes on if `execution_timeout` ends an attempt, in whichever process.

    Args:
        phota_task_id: returns the ID as it is known when the error comes.
        execution_timeout: of the Airflow task.
    """
    try:
        yield
    except (AirflowTaskTimeout, PhotaExecutionTimeout):
        raise AirflowTaskTimeout(
            log_lines(out_of_time(phota_task_id(), execution_timeout, RESUMES))
        ) from None


@contextmanager
def skipping_soft_failures(*, skips: bool) -> Iterator[None]:
    """Skips instead of failing if the author asks for it, as the base class does around its own pokes."""
    try:
        yield
    except AirflowFailException as failure:
        if skips:
            raise AirflowSkipException(f"Skipping instead of failing: {failure}") from failure
        raise

"""Decides which errors Airflow retries, and logs the errors about money in lines that a person can read."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_phota.api.errors import Money, PhotaError, PhotaInputError, PhotaTaskError

log = logging.getLogger(__name__)

#: Says what a retry does if a ledger remembers the paid task.
RESUMES = "A retry, or clearing this Airflow task, waits for the same PHOTA task and pays nothing."
NOT_RETRIED = "Airflow does not retry this."


def log_lines(text: str) -> str:
    """Logs a text line by line, and returns it for an exception.

    Airflow's log view shows the text of an exception as one line, and cuts it at the edge.
    """
    for line in text.splitlines():
        log.error("%s", line)
    return text


@contextmanager
def as_airflow_errors() -> Iterator[None]:
    """Raises errors in such a way that Airflow retries those that a retry can fix, and no others.

    Raises:
        PhotaError: a retry can fix it.
        AirflowFailException: a retry cannot; Airflow then does not retry.
    """
    try:
        yield
    except PhotaError as error:
        shown = error if error.retryable else error.saying(NOT_RETRIED)
        if error.money is not Money.NOT_BILLED:
            log_lines(str(shown))
        if error.retryable:
            raise
        raise AirflowFailException(str(shown)) from None


@contextmanager
def adding_retry_hint() -> Iterator[None]:
    """Adds to an error what a retry does about a PHOTA task that is paid for and remembered."""
    try:
        yield
    except PhotaTaskError as error:
        raise (error.saying(RESUMES) if error.retryable else error) from None


@contextmanager
def checking_arguments(operator: object) -> Iterator[None]:
    """Lets a wrong argument fail the parsing of a DAG or, in a mapped task, fail the task without retries."""
    try:
        yield
    except PhotaInputError as error:
        # Airflow makes a mapped operator on the worker, from arguments that nothing has checked before
        if getattr(operator, "_BaseOperator__from_mapped", False):
            raise AirflowFailException(str(error.saying(NOT_RETRIED))) from None
        raise

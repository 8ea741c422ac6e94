"""Which errors Airflow retries, and how a person reads the ones that are about money."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_phota.api.errors import Money, PhotaError, PhotaInputError, PhotaTaskError

log = logging.getLogger(__name__)

#: What a retry does where a ledger remembers the paid task.
RESUMES = "A retry, or clearing this Airflow task, waits for the same PHOTA task and pays nothing."
NOT_RETRIED = "Airflow does not retry this."


def logged(text: str) -> str:
    """Log a text in short lines, and return it for an exception.

    Airflow's log view shows an exception's text as one line, and cuts it at the edge.
    """
    for line in text.splitlines():
        log.error("%s", line)
    return text


@contextmanager
def airflow_retries() -> Iterator[None]:
    """Let Airflow retry what another attempt can change, and nothing else."""
    try:
        yield
    except PhotaError as error:
        told = error if error.retryable else error.saying(NOT_RETRIED)
        if error.money is not Money.NOT_BILLED:
            logged(str(told))
        if error.retryable:
            raise
        raise AirflowFailException(str(told)) from None


@contextmanager
def telling_of_retries() -> Iterator[None]:
    """Say what a retry does about a PHOTA task that is paid for and remembered."""
    try:
        yield
    except PhotaTaskError as error:
        raise (error.saying(RESUMES) if error.retryable else error) from None


@contextmanager
def when_parsed(operator: object) -> Iterator[None]:
    """Let a wrong argument fail the parsing of the DAG or, of a mapped task, the task without retries."""
    try:
        yield
    except PhotaInputError as error:
        # a mapped task is made on the worker, of arguments that nobody has seen before
        if getattr(operator, "_BaseOperator__from_mapped", False):
            raise AirflowFailException(str(error.saying(NOT_RETRIED))) from None
        raise

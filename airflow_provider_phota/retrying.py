"""Decides which errors Airflow retries, and lets people read them: line by line in the log, and in XCom."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowFailException,
    AirflowNotFoundException,
    AirflowSensorTimeout,
    AirflowTaskTimeout,
)

from airflow_provider_phota.api.errors import Money, PhotaError, PhotaInputError, PhotaTaskError
from airflow_provider_phota.api.shown import without_secrets
from airflow_provider_phota.xcom_keys import PROBLEM

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S")

log = logging.getLogger(__name__)

#: Says what a retry does if a ledger remembers the paid task.
RESUMES = "A retry, or clearing this Airflow task, waits for the same PHOTA task and pays nothing."
_LONGEST_MESSAGE = 4_000
#: Errors by which an attempt fails. Airflow's other ones skip a task, or let it come back later.
_FAILURES = (
    *(PhotaError, AirflowFailException, AirflowNotFoundException, AirflowSensorTimeout),
    AirflowTaskTimeout,
)
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


def noting_problems(
    method: Callable[Concatenate[S, Context, P], R],
) -> Callable[Concatenate[S, Context, P], R]:
    """Lets a method of an operator push to XCom why it fails, for people who do not read its log."""

    @wraps(method)
    def noting(self: S, context: Context, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(self, context, *args, **kwargs)
        except (Exception, AirflowTaskTimeout) as error:
            note_problem(context, error)
            raise

    return noting  # type: ignore[return-value]  # Airflow passes the context by its name


def note_problem(context: Context, error: BaseException) -> None:
    """Pushes to XCom why an attempt fails. Raises nothing, since the error itself matters more."""
    is_ours = isinstance(error, _FAILURES) or type(error) is AirflowException
    if isinstance(error, AirflowException) and not is_ours:
        return  # by such errors a task is skipped, or comes back later
    try:
        context["ti"].xcom_push(key=PROBLEM, value=_problem(error, is_ours=is_ours))
    except Exception as failure:  # of whatever carries it
        log.debug("The error could not be pushed to XCom (%s).", type(failure).__name__)


def _problem(error: BaseException, *, is_ours: bool) -> dict[str, str | None]:
    # an error of this package may have become one of Airflow's on its way
    known = next((each for each in (error, error.__context__) if isinstance(each, PhotaError)), None)
    if known:
        message = str(error)
    else:  # it may have the text of another library in it
        message = "\n".join(map(without_secrets, str(error).splitlines())) if is_ours else ""
    return {
        "error": type(known or error).__name__,
        "message": message[:_LONGEST_MESSAGE],
        "phota_task_id": known.phota_task_id if isinstance(known, PhotaTaskError) else None,
    }


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

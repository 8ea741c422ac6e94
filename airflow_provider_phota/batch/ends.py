"""Turns the end of a batch into what Airflow does next: success, a retry, or a failure for good."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NoReturn

from airflow.providers.common.compat.sdk import (
    XCOM_RETURN_KEY,
    AirflowException,
    AirflowFailException,
    AirflowSkipException,
)

from airflow_provider_phota import xcom_keys
from airflow_provider_phota.api.errors import PhotaBudgetExceeded, PhotaError
from airflow_provider_phota.batch.attempt import Killed
from airflow_provider_phota.batch.batch import Batch, BatchEnd
from airflow_provider_phota.batch.choices import OnEmpty
from airflow_provider_phota.batch.items.bad_rows import NoItems
from airflow_provider_phota.batch.messages import (
    ALL_HOME,
    NOTHING_PAID,
    UNDER_WAY,
    failed_text,
    not_all_home_text,
    overtaken_text,
    stopped_text,
    stranded_text,
)
from airflow_provider_phota.batch.summary import Summary
from airflow_provider_phota.batch.tally import TooManyFailures
from airflow_provider_phota.budget.options import OnBudget
from airflow_provider_phota.journal.writer import Overtaken
from airflow_provider_phota.retrying import NOT_RETRIED, log_lines

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

log = logging.getLogger(__name__)


def raise_if_failed(end: BatchEnd, on_budget: OnBudget = OnBudget.FAIL) -> None:
    """Raises the error of a batch that has not placed all its orders, or of which too many have failed.

    Args:
        end: of the batch.
        on_budget: what to do if not all orders fit into a budget.

    Raises:
        AirflowSkipException: Not one order fits into a budget, and such a task is skipped.
        AirflowException: A retry can help, and does not pay twice.
        AirflowFailException: A retry cannot help.
    """
    reason = end.reason
    if isinstance(reason, Overtaken) or end.summary is None:
        raise AirflowException(log_lines(overtaken_text()))
    if reason is not None and not isinstance(reason, (PhotaError, Killed, TooManyFailures)):
        raise reason  # a fault of this package, so its traceback is wanted
    counts, results = end.summary.counts, end.summary.results
    if isinstance(reason, PhotaBudgetExceeded) and on_budget is OnBudget.SKIP:
        log.warning("%s\nThe orders that do not fit are left out.", reason)
        if not end.summary.submitted:
            raise AirflowSkipException(str(reason))
    elif isinstance(reason, (PhotaError, Killed)):
        is_retried = isinstance(reason, Killed) or reason.retryable
        text = stopped_text(reason, end.tally.items, counts, results, _what_is_paid(end.summary))
        if is_retried:
            raise AirflowException(log_lines(text))
        raise AirflowFailException(log_lines(f"{text}\n{NOT_RETRIED} Correct the cause, and clear it."))
    try:
        end.tally.check_failures()
    except TooManyFailures:
        text = log_lines(failed_text(end.tally, counts, results))
        raise (AirflowException if end.tally.is_better_retried else AirflowFailException)(text) from None
    if end.tally.stranded:
        raise AirflowException(log_lines(stranded_text(end.tally.stranded, results)))


def _what_is_paid(summary: Summary) -> str:
    if not summary.submitted:
        return NOTHING_PAID
    return UNDER_WAY if summary.not_home else ALL_HOME


def raise_without_items(batch: Batch, empty: NoItems, context: Context, *, is_dry_run: bool) -> NoReturn:
    """Brings home what earlier attempts have paid for, and ends the task as `on_empty` says.

    Args:
        batch: has no items any more.
        empty: says so.
        context: Airflow's.
        is_dry_run: True if nothing is brought home either.

    Raises:
        AirflowException: Something did not land, and a retry can help.
        AirflowSkipException: Nothing is left to do, and `on_empty` is `skip`.
        NoItems: Nothing is left to do.
    """
    if end := None if is_dry_run else batch.bring_home(empty):
        if end.summary:
            push_cost(end.summary, context)
            push_summary(end.summary, context)
        if end.reason is not empty:
            raise_if_failed(end)
        if end.summary and end.tally.is_better_retried:
            text = not_all_home_text(empty, end.summary.counts, end.tally.stranded, end.summary.results)
            raise AirflowException(log_lines(text))
    if batch.options.on_empty is OnEmpty.SKIP:
        raise AirflowSkipException(str(empty)) from None
    raise empty


def push_summary(summary: Summary, context: Context) -> None:
    """Pushes what the task would return. A failed task returns nothing, but its results can be read."""
    _push(XCOM_RETURN_KEY, summary.to_dict(), context)


def push_cost(summary: Summary, context: Context) -> None:
    """Pushes what all orders of the batch have cost, as every order's cost is pushed."""
    _push(xcom_keys.COST, summary.to_dict()["cost"], context)


def _push(key: str, value: object, context: Context) -> None:
    try:
        context["ti"].xcom_push(key, value)
    except Exception as error:  # how the batch has ended is more important
        log.warning("%s of this batch could not be pushed to XCom (%s).", key, type(error).__name__)

"""Turns the end of a batch into what Airflow does next: success, a retry, or a failure for good."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from airflow.providers.common.compat.sdk import XCOM_RETURN_KEY, AirflowException, AirflowFailException

from airflow_provider_phota.api.errors import PhotaError
from airflow_provider_phota.batch.attempt import Killed
from airflow_provider_phota.batch.batch import BatchEnd
from airflow_provider_phota.batch.messages import failed_text, overtaken_text, stopped_text
from airflow_provider_phota.batch.summary import Summary
from airflow_provider_phota.batch.tally import TooManyFailures
from airflow_provider_phota.journal.writer import Overtaken
from airflow_provider_phota.retrying import NOT_RETRIED, log_lines

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

log = logging.getLogger(__name__)


def raise_if_failed(end: BatchEnd) -> None:
    """Raises the error of a batch that has not placed all its orders, or of which too many have failed.

    Raises:
        AirflowException: A retry can help, and does not pay twice.
        AirflowFailException: A retry cannot help.
    """
    reason = end.reason
    if isinstance(reason, Overtaken) or end.summary is None:
        raise AirflowException(log_lines(overtaken_text()))
    if reason is not None and not isinstance(reason, (PhotaError, Killed, TooManyFailures)):
        raise reason  # a fault of this package, so its traceback is wanted
    counts, results = end.summary.counts, end.summary.results
    if isinstance(reason, (PhotaError, Killed)):
        is_retried = isinstance(reason, Killed) or reason.retryable
        has_paid = end.summary.submitted > 0
        text = stopped_text(reason, end.tally.items, counts, results, has_paid=has_paid)
        if is_retried:
            raise AirflowException(log_lines(text))
        raise AirflowFailException(log_lines(f"{text}\n{NOT_RETRIED} Correct the cause, and clear it."))
    try:
        end.tally.check_failures()
    except TooManyFailures:
        text = log_lines(failed_text(end.tally, counts, results))
        raise (AirflowException if end.tally.can_retry else AirflowFailException)(text) from None


def push_summary(summary: Summary, context: Context) -> None:
    """Pushes what the task would return. A failed task returns nothing, but its results can be read."""
    try:
        context["ti"].xcom_push(XCOM_RETURN_KEY, summary.to_dict())
    except Exception as error:  # the reason why the batch has failed is more important
        log.warning("The summary of this batch could not be pushed to XCom (%s).", type(error).__name__)

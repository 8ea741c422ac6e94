"""Turns the end of a batch into what Airflow does next: success, a retry, or a failure for good."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException

from airflow_provider_phota.api.errors import PhotaError
from airflow_provider_phota.batch.attempt import Killed
from airflow_provider_phota.batch.batch import BatchEnd
from airflow_provider_phota.batch.messages import failed_text, overtaken_text, stopped_text
from airflow_provider_phota.batch.tally import TooManyFailures
from airflow_provider_phota.journal.writer import Overtaken
from airflow_provider_phota.retrying import log_lines


def raise_if_failed(end: BatchEnd) -> None:
    """Raises the error of a batch that has not placed all its orders, or of which too many have failed.

    Raises:
        AirflowException: A retry can help, and does not pay twice.
        AirflowFailException: A retry cannot help.
    """
    results = end.summary.results if end.summary else "the results file"
    reason = end.reason
    if isinstance(reason, PhotaError):
        text = log_lines(stopped_text(reason, end.tally, results))
        raise (AirflowException if reason.retryable else AirflowFailException)(text)
    if isinstance(reason, Overtaken):
        raise AirflowException(log_lines(overtaken_text()))
    if isinstance(reason, Killed):
        raise AirflowException(log_lines(stopped_text(reason, end.tally, results)))
    try:
        end.tally.check_failures()
    except TooManyFailures:
        text = log_lines(failed_text(end.tally, results))
        raise (AirflowException if end.tally.can_retry else AirflowFailException)(text) from None

"""Words what is said while an order is placed."""

from __future__ import annotations

import logging

from airflow_provider_phota.api.errors import PhotaNotBilled
from airflow_provider_phota.api.policy import Policy
from airflow_provider_phota.api.tasks import PhotaTask
from airflow_provider_phota.ledger.decisions import Submit
from airflow_provider_phota.ledger.messages import describe
from airflow_provider_phota.ledger.records import Entry

log = logging.getLogger(__name__)


def next_step(problem: PhotaNotBilled) -> str:
    """Says what a retry does after a submit that was not billed."""
    return " A retry submits the order." if problem.retryable else ""


def mention(other: Entry) -> None:
    """Names what was paid, or may have been, for a different order of the same Airflow task."""
    if other.phota_task_id:
        log.info("This task paid for a different order before: %s.", describe(other))
    else:
        log.warning(
            "A different order of this task may have been billed: %s never got its answer.", describe(other)
        )


def expectation(task: PhotaTask) -> str:
    """Says how long a task is expected to take."""
    return f" The service expects it to take {task.estimated_time:.0f} s." if task.estimated_time else ""


def what_a_retry_does(on_ambiguous: Policy, step: Submit) -> str:
    """Says what a retry does about a submit of unknown fate; empty if it does nothing."""
    if on_ambiguous is Policy.SETTLE:
        return "on_ambiguous='settle': a retry pays once more if the account proves that this was not billed."
    if on_ambiguous is Policy.RESUBMIT and not step.resubmits:
        return "on_ambiguous='resubmit': a retry pays for it once more."
    return ""

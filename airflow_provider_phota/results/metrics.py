"""Counts orders, and what they cost, through Airflow's own metrics."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from airflow.providers.common.compat.sdk import Stats

from airflow_provider_phota.api.costs import Cost
from airflow_provider_phota.api.tasks import Outcome, PhotaTask

log = logging.getLogger(__name__)

#: The outcome of an order whose end another Airflow task sees, and of one that had landed before.
SUBMITTED, EXISTING = "submitted", "existing"


def outcome_of(task: PhotaTask) -> str:
    """Returns the word for the end of a finished task."""
    if task.outcome is Outcome.SUCCEEDED:
        return "succeeded"
    return "refused" if task.refuses_input else "failed"


@contextmanager
def counting(task: PhotaTask, cost: Cost) -> Iterator[None]:
    """Says what a finished task has cost, and counts its order once: when it failed, or its result is there.

    Args:
        task: that is finished.
        cost: in the end.
    """
    log.info("PHOTA task %s is %s. Cost: %s.", task.id, task.status_word, cost)
    if task.outcome is Outcome.FAILED:
        count_order(task.model, outcome_of(task), cost)
    yield  # the result of a task that failed is an error
    count_order(task.model, outcome_of(task), cost)


def count_order(model: str, outcome: str, cost: Cost) -> None:
    """Counts an order and what it costs.

    Args:
        model: that was ordered.
        outcome: what became of the order, in one word.
        cost: in the end. What is not known is not counted.
    """
    tags = {"model": model, "outcome": outcome}
    Stats.incr("phota.edits", tags=tags)
    if cost.usd:
        # by its types a counter holds whole numbers, but StatsD and OpenTelemetry take fractions
        Stats.incr("phota.cost_usd", float(cost.usd), tags=tags)  # type: ignore[arg-type]

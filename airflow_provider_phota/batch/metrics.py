"""Reports how batches go through Airflow's own metrics."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import Stats

from airflow_provider_phota.journal.rows import Row, Status
from airflow_provider_phota.results.metrics import count_order


def count_landed(items: int) -> None:
    """Reports items whose pictures are in the destination now."""
    Stats.incr("phota.batch.landed", items)


def count_failed(items: int) -> None:
    """Reports items that have ended otherwise."""
    Stats.incr("phota.batch.failed", items)


def count_order_of(model: str, row: Row) -> None:
    """Counts the order of an item that has ended, unless it ends once more, or another item was paid for."""
    if row.same_as is None and not row.can_retry:
        outcome = "succeeded" if row.status is Status.LANDED else row.status.value
        count_order(model, outcome, row.cost)


def show_in_flight(items: int) -> None:
    """Reports how many items of a batch are paid for and have not ended."""
    Stats.gauge("phota.batch.in_flight", items)

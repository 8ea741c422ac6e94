"""Reports how batches go through Airflow's own metrics."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import Stats


def count_landed(items: int) -> None:
    """Reports items whose pictures are in the destination now."""
    Stats.incr("phota.batch.landed", items)


def count_failed(items: int) -> None:
    """Reports items that have ended otherwise."""
    Stats.incr("phota.batch.failed", items)


def show_in_flight(items: int) -> None:
    """Reports how many items of a batch are paid for and have not ended."""
    Stats.gauge("phota.batch.in_flight", items)

"""What a triggerer reports about its waits, by Airflow's own metrics."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import Stats


def waiting(waits: int) -> None:
    Stats.gauge("phota.waits", waits)


def polled() -> None:
    Stats.incr("phota.polls")


def failed() -> None:
    Stats.incr("phota.poll_errors")


def throttled(seconds: float) -> None:
    """In milliseconds: a counter holds whole numbers."""
    Stats.incr("phota.throttled_ms", int(seconds * 1000))


def detected(seconds: float) -> None:
    """How long a task had been finished when that was seen: half the time since it was seen running."""
    Stats.timing("phota.detection_delay", seconds * 1000)

"""Reports a triggerer's waits through Airflow's own metrics."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import Stats


def count_waits(waits: int) -> None:
    """Reports how many waits the triggerer has now."""
    Stats.gauge("phota.waits", waits)


def count_question() -> None:
    """Reports a question to the service."""
    Stats.incr("phota.polls")


def count_failure() -> None:
    """Reports a question that got no usable answer."""
    Stats.incr("phota.poll_errors")


def add_pause(seconds: float) -> None:
    """Reports a pause of all waits, in milliseconds, since a counter holds whole numbers only."""
    Stats.incr("phota.throttled_ms", int(seconds * 1000))


def report_delay(seconds: float) -> None:
    """Reports how long a task had been finished when it was seen finished."""
    Stats.timing("phota.detection_delay", seconds * 1000)

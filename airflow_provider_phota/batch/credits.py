"""Reads what the service says a task costs."""

from __future__ import annotations

from airflow_provider_phota.api.tasks import PhotaTask


def credits_of(task: PhotaTask) -> float | None:
    """Returns the credits that the service has reserved for a task; None if it did not say."""
    cost = task.usage.get("credits_reserved")
    if isinstance(cost, bool) or not isinstance(cost, (int, float)):
        return None
    return float(cost)

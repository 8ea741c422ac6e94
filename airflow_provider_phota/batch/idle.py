"""Decides whether a batch has so little to do that it can leave its worker slot."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from airflow_provider_phota.batch.options import BatchOptions
from airflow_provider_phota.journal.waits import OpenTask
from airflow_provider_phota.polling.durations import Durations, Observation

#: Part of the orders in flight whose end brings the batch back, so that it can refill their slots.
_REFILL = 0.1


@dataclass(frozen=True)
class Pause:
    """Says what a batch waits for in the triggerer.

    Attributes:
        tasks: the open PHOTA tasks.
        wake_after: how many of them have to end.
    """

    tasks: tuple[OpenTask, ...]
    wake_after: int


def pause_worth_taking(
    tasks: Sequence[OpenTask],
    options: BatchOptions,
    durations: Durations,
    *,
    has_more: bool,
) -> Pause | None:
    """Returns what to wait for, or None if it is likely to end soon.

    Args:
        tasks: the open PHOTA tasks.
        options: how many may be open, and how long a pause has to be.
        durations: what finished tasks have taught.
        has_more: True if there are orders that wait for a slot.
    """
    if not tasks or any(task.seconds <= 0 for task in tasks):
        return None  # the wait for one is over: it ends here, in a moment
    # without more orders nothing has to be refilled: each wake-up then brings home half of what is left
    wanted = options.in_flight * _REFILL if has_more else len(tasks) / 2
    wake_after = min(max(math.ceil(wanted), 1), len(tasks))
    ends = sorted(_seconds_left(task, durations) for task in tasks)
    return Pause(tuple(tasks), wake_after) if ends[wake_after - 1] >= options.defer_after else None


def _seconds_left(task: OpenTask, durations: Durations) -> float:
    age = task.age or 0.0
    left = durations.forecast(Observation(age, task.model, task.estimated_time)).median - age
    return min(left, task.seconds)  # a wait may end before its task does

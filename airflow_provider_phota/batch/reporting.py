"""Tells people how far a batch is: in the log, as metrics, and in the task's state store for the UI.

Nothing of this can fail the batch, or hold it up.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from airflow_provider_phota.batch import metrics
from airflow_provider_phota.batch.progress import SHORTEST_SILENCE, Pace, Progress, ProgressFields, is_due
from airflow_provider_phota.journal.rows import Status
from airflow_provider_phota.storage.paths import reason_of

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

log = logging.getLogger(__name__)

#: The key of the progress in the task's state store. The ledger has another one.
STATE_KEY = "phota_progress"
#: Failures of the state store after which it is left alone.
_MOST_FAILURES = 3
#: Seconds for which the last write to the state store is waited for.
_LAST_WRITE = 5.0


class StateStore(Protocol):
    """Is the part of Airflow's task state store (3.3 and later) that is used here."""

    def set(self, key: str, value: ProgressFields) -> None:
        """Writes a value."""


class Reporter:
    """Tells people how far a batch is. It is told as often as one likes, and decides what to pass on.

    Args:
        items: how many there are.
        store: the task's state store; None if this Airflow has none.
        clock: returns seconds that never go back.
    """

    def __init__(
        self, items: int, store: StateStore | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._items = items
        self._state = _StateWriter(store) if store else None
        self._clock = clock
        self._pace = Pace()
        self._line: tuple[float, Progress] | None = None
        self._look: tuple[float, Progress] | None = None

    @classmethod
    def of(cls, items: int, context: Context) -> Reporter:
        """Returns a reporter for an attempt.

        Args:
            items: how many there are.
            context: of the attempt. It has a state store from Airflow 3.3 on.
        """
        store: Any = context.get("task_state_store")
        return cls(items, store)

    def report(
        self, counts: Mapping[Status, int], in_flight: int, cost: float, *, is_last: bool = False
    ) -> None:
        """Takes in how far the batch is. It returns at once, so that an event loop may call it.

        The first report says where this attempt begins; what had ended before is not counted as its work.

        Args:
            counts: how many items have ended how, in this attempt and earlier ones.
            in_flight: how many are paid for and have not ended.
            cost: credits that were paid so far.
            is_last: True if the attempt ends or pauses now. This waits a moment for the state store.
        """
        now = self._clock()
        if self._look and now - self._look[0] < SHORTEST_SILENCE and not is_last:
            return
        ended = Progress.of(self._items, counts, in_flight, cost).ended
        self._pace.note(now, ended)
        progress = Progress.of(self._items, counts, in_flight, cost, self._pace.seconds_left(self._items))
        self._count(progress)
        self._look = now, progress
        self._log_if_due(now, progress, is_last=is_last)
        if self._state:
            self._state.write(progress, is_last=is_last)

    def _count(self, progress: Progress) -> None:
        before = self._look[1] if self._look else progress
        metrics.count_landed(max(progress.landed - before.landed, 0))
        metrics.count_failed(max(progress.failed - before.failed, 0))
        metrics.show_in_flight(progress.in_flight)

    def _log_if_due(self, now: float, progress: Progress, *, is_last: bool) -> None:
        if self._line and not is_last:
            silence, ended_since = now - self._line[0], progress.ended - self._line[1].ended
            if not is_due(silence, ended_since, self._items):
                return
        self._line = now, progress
        log.info("%s", progress)


class _StateWriter:
    """Writes progress to the task's state store, in a thread of its own, since Airflow may take its time."""

    def __init__(self, store: StateStore) -> None:
        self._store = store
        self._thread: threading.Thread | None = None
        self._failures = 0

    def write(self, progress: Progress, *, is_last: bool) -> None:
        if is_last and self._thread:
            self._thread.join(_LAST_WRITE)
        if self._failures >= _MOST_FAILURES or (self._thread and self._thread.is_alive()):
            return
        # a daemon: a write that hangs must not keep the process from ending
        self._thread = threading.Thread(
            target=self._write, args=(progress.to_dict(),), name="phota-progress", daemon=True
        )
        self._thread.start()
        if is_last:
            self._thread.join(_LAST_WRITE)

    def _write(self, fields: ProgressFields) -> None:
        try:
            self._store.set(STATE_KEY, fields)
        except Exception as error:  # of Airflow's API, which the batch can do without
            self._failures += 1
            log.warning("The progress could not be written to the task's state store (%s).", reason_of(error))
        else:
            self._failures = 0

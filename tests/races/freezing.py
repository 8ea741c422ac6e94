"""Where an attempt's process can stand still, as one does whose machine is suspended or starved."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Mapping
from typing import Any

from airflow_provider_phota.ledger.ledger import Ledger
from airflow_provider_phota.ledger.stores import TaskStateStore
from airflow_provider_phota.storage import objects

#: After it looked at the record, before it checks it for the last time.
BEFORE_INTENT = "before its intent"
#: After that check, when nothing but the writing is left.
BEFORE_WRITING = "before its intent is written"
#: When the object is written, and the task state store is next.
BETWEEN_STORES = "between the two stores"


def freeze_at(point: str) -> None:
    """Stand still at that point, once: until somebody sends SIGCONT."""
    _POINTS[point](_Once())


class _Once:
    def __init__(self) -> None:
        self._is_over = False

    def __call__(self) -> None:
        if not self._is_over:
            self._is_over = True
            # sent to the process, another thread might take it, and this one go on for a moment
            signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)


def _before_intent(freeze: Callable[[], None]) -> None:
    intend = Ledger.intend

    def late(self: Ledger, *arguments: Any) -> None:
        freeze()
        intend(self, *arguments)

    Ledger.intend = late  # type: ignore[assignment, method-assign]  # that is how a point is made


def _before_writing(freeze: Callable[[], None]) -> None:
    _before_object(freeze)
    _before_state(freeze)


def _before_object(freeze: Callable[[], None]) -> None:
    create = objects.create

    def late(place: Any, content: bytes) -> bool:
        if place.name.endswith("-intent.json"):
            freeze()
        return create(place, content)

    objects.create = late


def _before_state(freeze: Callable[[], None]) -> None:
    put = TaskStateStore.put

    def late(self: TaskStateStore, entry: Any) -> None:
        accessor = self._accessor
        self._accessor = _LateAccessor(accessor, freeze)
        try:
            put(self, entry)
        finally:
            self._accessor = accessor

    TaskStateStore.put = late  # type: ignore[method-assign]  # that is how a point is made


class _LateAccessor:
    def __init__(self, accessor: Any, freeze: Callable[[], None]) -> None:
        self._accessor = accessor
        self._freeze = freeze

    def get(self, key: str) -> Any:
        return self._accessor.get(key)

    def set(self, key: str, value: Any) -> None:
        self._freeze()
        self._accessor.set(key, value)


_POINTS: Mapping[str, Callable[[Callable[[], None]], None]] = {
    BEFORE_INTENT: _before_intent,
    BEFORE_WRITING: _before_writing,
    BETWEEN_STORES: _before_state,
}

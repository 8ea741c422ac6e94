"""Lets the process of an attempt stand still, as if its machine were suspended."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Mapping
from typing import Any

from airflow_provider_phota.ledger.ledger import Ledger
from airflow_provider_phota.ledger.stores import TaskStateStore
from airflow_provider_phota.storage import objects

#: The attempt has read the record, and will check it once more.
BEFORE_INTENT = "before its intent"
#: The attempt has checked the record, and will now write its intent.
BEFORE_WRITING = "before its intent is written"
#: The intent is in object storage, and will now be written to the task state store.
BETWEEN_STORES = "between the two stores"


def freeze_at(point: str) -> None:
    """Makes the process stand still at that point, once, until it gets SIGCONT."""
    _POINTS[point](_FreezeOnce())


class _FreezeOnce:
    def __init__(self) -> None:
        self._was_frozen = False

    def __call__(self) -> None:
        if not self._was_frozen:
            self._was_frozen = True
            # sent to this thread, since another thread might take a signal to the process a moment later
            signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)


def _before_intent(freeze: Callable[[], None]) -> None:
    intend = Ledger.intend

    def freeze_first(self: Ledger, *arguments: Any) -> None:
        freeze()
        intend(self, *arguments)

    Ledger.intend = freeze_first  # type: ignore[assignment, method-assign]  # it is replaced to make a point


def _before_writing(freeze: Callable[[], None]) -> None:
    _before_object(freeze)
    _before_state(freeze)


def _before_object(freeze: Callable[[], None]) -> None:
    create = objects.create

    def freeze_first(place: Any, content: bytes) -> bool:
        if place.name.endswith("-intent.json"):
            freeze()
        return create(place, content)

    objects.create = freeze_first


def _before_state(freeze: Callable[[], None]) -> None:
    put = TaskStateStore.put

    def freeze_first(self: TaskStateStore, entry: Any) -> None:
        accessor = self._accessor
        self._accessor = _FreezingAccessor(accessor, freeze)
        try:
            put(self, entry)
        finally:
            self._accessor = accessor

    TaskStateStore.put = freeze_first  # type: ignore[method-assign]  # it is replaced to make a point


class _FreezingAccessor:
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

"""Describes a store of the ledger, and keeps records in the one that Airflow has itself."""

from __future__ import annotations

from typing import Any, Protocol

from airflow_provider_phota.ledger.records import Entry, Record

#: The key of a record in the task state store.
TASK_STATE_KEY = "airflow_provider_phota"


class IntentExists(Exception):
    """Another process has recorded an intent of the same generation, so this one must not be sent."""


class Discarded(Exception):
    """Airflow has discarded the record of earlier attempts, which may have paid for a task."""


class Store(Protocol):
    """Keeps the record of one task instance. Every method may raise whatever its backend raises."""

    def read(self) -> Record:
        """Returns the record. It is empty if nothing was written.

        Raises:
            UnreadableRecord: something was written, but it cannot be read.
        """

    def put(self, entry: Entry) -> None:
        """Writes an intent, or the ID of its task.

        Raises:
            IntentExists: another process's intent is there. This is never raised for an ID.
        """

    def remove(self, entry: Entry) -> None:
        """Takes an intent back, since it certainly created no task."""

    def age(self, entry: Entry) -> float | None:
        """Returns the seconds since an intent was written, by the store's own clock.

        It is None if the store shows no clock.
        """


class TaskStateStore:
    """Keeps the record in Airflow's task state store (3.3 and later), which outlives retries.

    Airflow itself keeps two attempts apart: an attempt that it gave up can no longer read or write there.

    Args:
        accessor: `context["task_state_store"]`.
        may_be_discarded: True if a missing record may have been discarded. Every attempt leaves one, even
            if it is an empty one.
    """

    def __init__(self, accessor: Any, *, may_be_discarded: bool = False) -> None:
        self._accessor = accessor
        self._may_be_discarded = may_be_discarded

    def __str__(self) -> str:
        return "Airflow's task state store"

    def read(self) -> Record:
        value = self._accessor.get(TASK_STATE_KEY)
        if value is not None:
            return Record.from_dict(value)
        if self._may_be_discarded:
            raise Discarded
        self._accessor.set(TASK_STATE_KEY, Record().to_dict())
        return Record()

    def put(self, entry: Entry) -> None:
        # merged, so that an intent never replaces the ID of its task
        self._accessor.set(TASK_STATE_KEY, self.read().merged(Record((entry,))).to_dict())

    def remove(self, entry: Entry) -> None:
        record = self.read()
        if entry in record.entries:
            self._accessor.set(TASK_STATE_KEY, record.without(entry).to_dict())

    def age(self, entry: Entry) -> float | None:  # noqa: ARG002  # this store shows no clock
        return None

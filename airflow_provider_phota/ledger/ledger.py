"""One task instance's ledger: all its stores as one, and what their failures mean."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from airflow_provider_phota.api.errors import PhotaLedgerError
from airflow_provider_phota.ledger.records import Entry, Identity, Record
from airflow_provider_phota.ledger.stores import ObjectStorageStore, Store, TaskStateStore
from airflow_provider_phota.storage.paths import opened_path

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

T = TypeVar("T")

log = logging.getLogger(__name__)

#: Seconds for which the ID of a paid task is offered to stores that do not take it, and between two offers.
_INSIST = 60.0
_PAUSE = 3.0


class Overtaken(Exception):
    """Another attempt has written to the ledger since this one decided to submit."""


class Ledger:
    """Which paid PHOTA tasks belong to a task instance.

    Args:
        stores: object storage first where there is one: it can be written when Airflow's database cannot.
    """

    def __init__(self, stores: Sequence[Store]) -> None:
        self._stores = stores

    @classmethod
    def of(cls, context: Context, ledger_path: str | None) -> Ledger:
        """The ledger of the running task instance.

        Raises:
            PhotaInputError: `ledger_path` is no object-storage URL that can be opened.
        """
        stores: list[Store] = []
        if ledger_path:
            stores.append(ObjectStorageStore(opened_path("ledger_path", ledger_path), _identity(context)))
        if accessor := context.get("task_state_store"):
            stores.append(TaskStateStore(accessor))
        return cls(stores)

    @property
    def remembers(self) -> bool:
        """Whether a later attempt will know what this one paid for."""
        return bool(self._stores)

    def read(self) -> Record:
        """What all stores know together.

        Raises:
            PhotaLedgerError: a store could not be read, which is not the same as an empty one.
        """
        record = Record()
        for store in self._stores:
            record = record.merged(_tried(store, store.read, "read"))
        return record

    def intend(self, entry: Entry, known: Entry | None) -> None:
        """Write down that a submit is about to be sent.

        Args:
            entry: the intent.
            known: what was the latest of its fingerprint when the submit was decided upon.

        Raises:
            Overtaken: it no longer is: do not send.
            PhotaLedgerError: a store could not be written: do not send.
        """
        if self.read().latest(entry.fingerprint) != known:
            raise Overtaken
        try:
            for store in self._stores:
                _tried(store, partial(store.put, entry), "written")
        except PhotaLedgerError:
            self.forget(entry)  # it will not be sent: what one store took would hold the next attempt
            raise

    def forget(self, entry: Entry) -> None:
        """Take an intent back: it provably created no task."""
        for store in self._stores:
            try:
                store.remove(entry)
            except Exception as error:
                # harmless for the money: the next attempt holds instead of sending
                log.warning(
                    "An intent that was never acted on could not be removed (%s).", type(error).__name__
                )

    def note_task(self, entry: Entry) -> None:
        """Write down the ID of a paid task wherever that is possible, and insist until one store has it.

        Where all fail to the end, the caller goes on with the ID at hand, and the intent holds a retry.
        """
        give_up = time.monotonic() + _INSIST
        while self._stores and True not in [_takes(store, entry) for store in self._stores]:
            if time.monotonic() >= give_up:
                return
            time.sleep(_PAUSE)


def _takes(store: Store, entry: Entry) -> bool:
    try:
        store.put(entry)
    except Exception as error:
        log.warning(
            "PHOTA task %s could not be recorded in a %s (%s).",
            entry.phota_task_id,
            type(store).__name__,
            type(error).__name__,
        )
        return False
    return True


def _tried(store: Store, act: Callable[[], T], done: str) -> T:
    try:
        return act()
    except Exception as error:
        detail = str(error) if isinstance(error, ValueError) else type(error).__name__
        raise PhotaLedgerError(
            f"The record of what was paid for could not be {done} ({type(store).__name__}: {detail}). "
            "Nothing was sent to the PHOTA service by this attempt."
        ) from error


def _identity(context: Context) -> Identity:
    instance = context["ti"]
    return Identity(
        instance.dag_id,
        instance.run_id,
        instance.task_id,
        -1 if instance.map_index is None else instance.map_index,
    )

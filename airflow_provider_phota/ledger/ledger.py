"""One task instance's ledger: all its stores as one, and what their failures mean."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from airflow_provider_phota.api.errors import PhotaInputError, PhotaLedgerError
from airflow_provider_phota.ledger.calls import bounded, started
from airflow_provider_phota.ledger.decisions import Policy
from airflow_provider_phota.ledger.instances import clear_number_of, identity_of, may_have_lost_state
from airflow_provider_phota.ledger.records import Entry, Record
from airflow_provider_phota.ledger.stores import Discarded, ObjectStorageStore, Store, Taken, TaskStateStore
from airflow_provider_phota.storage.paths import checked_path, reason_of

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

T = TypeVar("T")

log = logging.getLogger(__name__)

#: Seconds that one call to a store may take.
_LONGEST_CALL = 30.0
#: Seconds for which the ID of a paid task is offered to stores that did not take it, and between two offers.
_INSIST = 60.0
_PAUSE = 3.0


class Overtaken(Exception):
    """Another attempt has written to the ledger since this one decided to submit."""


class Ledger:
    """Which paid PHOTA tasks belong to a task instance.

    Args:
        stores: those that create exclusively first, since they decide between two attempts.
        longest_call: seconds that one call to a store may take.
        insist: seconds for which the ID of a paid task is offered to a store that does not take it.
    """

    def __init__(
        self, stores: Sequence[Store], *, longest_call: float = _LONGEST_CALL, insist: float = _INSIST
    ) -> None:
        self._stores = stores
        self._longest_call = longest_call
        self._insist = insist
        self._lacking: dict[str, list[Store]] = {}

    @classmethod
    def of(
        cls,
        context: Context,
        ledger_path: str | None,
        *,
        key: str | None = None,
        on_discarded: Policy = Policy.FAIL,
    ) -> Ledger:
        """The ledger of the running task instance.

        Args:
            context: of the attempt.
            ledger_path: a directory of an object store, None for none.
            key: the author's name for an item of a mapped task.
            on_discarded: what to do where Airflow has thrown the only record away.

        Raises:
            PhotaInputError: `ledger_path` is not an object-storage URL that can be opened.
        """
        stores: list[Store] = []
        if ledger_path:
            stores.append(
                ObjectStorageStore(
                    checked_path("ledger_path", ledger_path),
                    identity_of(context, key),
                    clear_number=clear_number_of(context),
                    may_begin=context["ti"].try_number == 1,
                )
            )
        elif key is not None:
            raise PhotaInputError(
                "ledger_key", "takes a ledger_path: Airflow's task state store goes by the map index."
            )
        if accessor := context.get("task_state_store"):
            discarded = not ledger_path and on_discarded is Policy.FAIL and may_have_lost_state(context)
            stores.append(TaskStateStore(accessor, may_be_discarded=discarded))
        return cls(stores)

    @property
    def remembers(self) -> bool:
        """True if a later attempt will know what this one paid for."""
        return bool(self._stores)

    def read(self) -> Record:
        """What all stores know together.

        Raises:
            Discarded: the only record was thrown away.
            PhotaInputError: another item of the mapped task has the same key.
            PhotaLedgerError: a store could not be read, which is not the same as an empty one.
        """
        records = [(store, self._tried(store, store.read, "read")) for store in self._stores]
        record = Record()
        for _, found in records:
            record = record.merged(found)
        self._lacking = {
            known: [store for store, found in records if known not in found.phota_task_ids]
            for known in record.phota_task_ids
        }
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
                undo = partial(_forgotten, store, entry)
                self._tried(store, partial(store.put, entry), "written", undo)
        except (PhotaLedgerError, Overtaken):
            self.forget(entry)  # it will not be sent: what one store took would hold the next attempt
            raise

    def forget(self, entry: Entry) -> None:
        """Take an intent back: it provably created no task."""
        calls = [started(partial(_forgotten, store, entry)) for store in self._stores]
        _, late = wait(calls, self._longest_call)
        if late:
            log.warning("An intent that was never acted on is not removed yet: a store does not answer.")

    def note_task(self, entry: Entry) -> None:
        """Write down the ID of a paid task in all stores at once, and insist where one does not take it.

        Where all fail to the end, the caller goes on with the ID at hand, and the intent holds a retry.
        """
        self._note(entry, self._stores)

    def settle(self, entry: Entry) -> None:
        """Give an ID that was read to the stores that lack it."""
        self._note(entry, self._lacking.get(entry.phota_task_id or "", ()))

    def seconds_left(self, entry: Entry) -> float:
        """How long the sender of an intent may still be at work, whatever the clocks of two machines say.

        The clock of the store that holds the intent counts; where no store shows one, none can be trusted.
        """
        ages = [age for age in map(partial(self._age, entry), self._stores) if age is not None]
        if not ages:
            return entry.seconds_to_send
        by_this_clock = min(entry.send_deadline - time.time(), entry.seconds_to_send)
        return max(entry.seconds_to_send - min(ages), by_this_clock, 0.0)

    def _age(self, entry: Entry, store: Store) -> float | None:
        return self._tried(store, partial(store.age, entry), "read")

    def _note(self, entry: Entry, stores: Sequence[Store]) -> None:
        give_up = time.monotonic() + self._insist
        while stores:
            calls = {started(partial(store.put, entry)): store for store in stores}
            wait(calls, self._longest_call)
            stores = [store for call, store in calls.items() if not _took(store, call, entry)]
            if time.monotonic() >= give_up:
                return
            if stores:
                time.sleep(_PAUSE)

    def _tried(
        self, store: Store, act: Callable[[], T], done: str, undo: Callable[[], object] | None = None
    ) -> T:
        try:
            return bounded(act, self._longest_call, undo)
        except Taken:
            raise Overtaken from None
        except (PhotaInputError, Discarded):
            raise
        except Exception as error:
            raise PhotaLedgerError(
                f"The record of what was paid for could not be {done}; nothing was sent by this attempt.\n"
                f"{store}: {_detail(error)}."
            ) from error


def _forgotten(store: Store, entry: Entry) -> None:
    try:
        store.remove(entry)
    except Exception as error:
        # harmless for the money: the next attempt holds instead of sending
        log.warning("An intent that was never acted on could not be removed (%s).", type(error).__name__)


def _took(store: Store, call: Future[None], entry: Entry) -> bool:
    error = call.exception() if call.done() else TimeoutError()
    if error is None:
        return True
    if not isinstance(error, Exception):
        raise error
    log.warning("PHOTA task %s is not recorded in %s yet (%s).", entry.phota_task_id, store, _detail(error))
    return False


def _detail(error: BaseException) -> str:
    if isinstance(error, PermissionError):
        return "permission denied: a ledger takes the rights to list, read, create and delete objects there"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return str(error) if isinstance(error, ValueError) else reason_of(error)

"""Treats all stores of a task instance as one ledger, and says what their failures mean."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from airflow_provider_phota.api.clock import Clock
from airflow_provider_phota.api.errors import PhotaInputError, PhotaLedgerError
from airflow_provider_phota.api.policy import Policy
from airflow_provider_phota.ledger.instances import clear_number_of, instance_name_of, may_have_lost_state
from airflow_provider_phota.ledger.object_storage import ObjectStorageStore
from airflow_provider_phota.ledger.records import Entry, Record
from airflow_provider_phota.ledger.stores import Discarded, IntentExists, Store, TaskStateStore
from airflow_provider_phota.storage.calls import finish_within, start
from airflow_provider_phota.storage.paths import checked_path, reason_of

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

T = TypeVar("T")

log = logging.getLogger(__name__)

#: Seconds that one call to a store may take.
LONGEST_CALL = 30.0
#: Seconds for which the ID of a paid task is offered to a store that fails, and seconds between two offers.
OFFERING = 60.0
_PAUSE = 3.0


class Overtaken(Exception):
    """Another attempt has written to the ledger since this one decided to submit."""


class Ledger:
    """Knows which paid PHOTA tasks belong to a task instance.

    Args:
        stores: the stores that create exclusively first, since they decide between two attempts.
        longest_call: seconds that one call to a store may take.
        offering: seconds for which the ID of a paid task is offered to a store that fails.
        clock: the standard library's module `time`, or a test's clock.
    """

    def __init__(
        self,
        stores: Sequence[Store],
        *,
        longest_call: float = LONGEST_CALL,
        offering: float = OFFERING,
        clock: Clock = time,
    ) -> None:
        self._stores = stores
        self._longest_call = longest_call
        self._offering = offering
        self._clock = clock
        #: The stores that do not have an ID, by the ID.
        self._stores_without: dict[str, list[Store]] = {}

    @classmethod
    def of(
        cls,
        context: Context,
        ledger_path: str | None,
        *,
        key: str | None = None,
        on_discarded: Policy = Policy.FAIL,
    ) -> Ledger:
        """Returns the ledger of the running task instance.

        Args:
            context: Airflow's context of the attempt.
            ledger_path: a directory of an object store, or None to use Airflow's task state store alone.
            key: the author's name for an item of a mapped task.
            on_discarded: what to do if Airflow has discarded the only record.

        Raises:
            PhotaInputError: `ledger_path` is not an object-storage URL that can be opened.
        """
        stores: list[Store] = []
        if ledger_path:
            stores.append(
                ObjectStorageStore(
                    checked_path("ledger_path", ledger_path),
                    instance_name_of(context, key),
                    clear_number=clear_number_of(context),
                    may_begin=context["ti"].try_number == 1,
                )
            )
        elif key is not None:
            raise PhotaInputError(
                "ledger_key", "needs a ledger_path: Airflow's task state store goes by the map index."
            )
        if accessor := context.get("task_state_store"):
            may_be_discarded = (
                not ledger_path and on_discarded is Policy.FAIL and may_have_lost_state(context)
            )
            stores.append(TaskStateStore(accessor, may_be_discarded=may_be_discarded))
        return cls(stores)

    @property
    def remembers(self) -> bool:
        """True if a later attempt will know what this one paid for."""
        return bool(self._stores)

    def read(self) -> Record:
        """Returns what all stores know together.

        Raises:
            Discarded: Airflow has discarded the only record.
            PhotaInputError: another item of the mapped task has the same key.
            PhotaLedgerError: a store could not be read, so it is not known what was paid.
        """
        records = [(store, self._call(store, store.read, "read")) for store in self._stores]
        together = Record()
        for _, record in records:
            together = together.merged(record)
        self._stores_without = {
            known: [store for store, record in records if known not in record.phota_task_ids]
            for known in together.phota_task_ids
        }
        return together

    def intend(self, entry: Entry, known: Entry | None) -> None:
        """Writes down that a submit is about to be sent.

        Args:
            entry: the intent.
            known: the latest entry of the same fingerprint when the submit was decided.

        Raises:
            Overtaken: it is no longer the latest entry: do not send.
            PhotaLedgerError: a store could not be written: do not send.
        """
        if self.read().latest(entry.fingerprint) != known:
            raise Overtaken
        try:
            for store in self._stores:
                undo = partial(_remove_intent, store, entry)
                self._call(store, partial(store.put, entry), "written", undo)
        except (PhotaLedgerError, Overtaken):
            self.forget(entry)  # it will not be sent, and in one of the stores it would stop the next attempt
            raise

    def forget(self, entry: Entry) -> None:
        """Takes an intent back, since it certainly created no task."""
        calls = [start(partial(_remove_intent, store, entry)) for store in self._stores]
        _, late = wait(calls, self._longest_call)
        if late:
            log.warning("An intent that was never sent is not removed yet: a store does not answer.")

    def note_task(self, entry: Entry) -> None:
        """Writes the ID of a paid task to all stores at once, and offers it again to a store that fails.

        If all stores fail to the end, the caller goes on with the ID, and the intent stops a later attempt.
        """
        self._offer(entry, self._stores)

    def settle(self, entry: Entry) -> None:
        """Writes an ID that was read to the stores that do not have it."""
        self._offer(entry, self._stores_without.get(entry.phota_task_id or "", ()))

    def seconds_left(self, entry: Entry) -> float:
        """Returns how long the sender of an intent may still be at work.

        The clocks of two machines may differ, so the clock of the store that holds the intent counts. If no
        store shows a clock, the whole time that the sender was given counts.
        """
        ages = [age for age in map(partial(self._age_in, entry), self._stores) if age is not None]
        if not ages:
            return entry.seconds_to_send
        by_this_clock = min(entry.send_deadline - self._clock.time(), entry.seconds_to_send)
        return max(entry.seconds_to_send - min(ages), by_this_clock, 0.0)

    def _age_in(self, entry: Entry, store: Store) -> float | None:
        return self._call(store, partial(store.age, entry), "read")

    def _offer(self, entry: Entry, stores: Sequence[Store]) -> None:
        end = self._clock.monotonic() + self._offering
        while stores:
            calls = {start(partial(store.put, entry)): store for store in stores}
            wait(calls, self._longest_call)
            stores = [store for call, store in calls.items() if not _has_written(store, call, entry)]
            if self._clock.monotonic() >= end:
                return
            if stores:
                self._clock.sleep(_PAUSE)

    def _call(
        self, store: Store, call: Callable[[], T], done: str, undo: Callable[[], object] | None = None
    ) -> T:
        try:
            return finish_within(self._longest_call, call, undo)
        except IntentExists:
            raise Overtaken from None
        except (PhotaInputError, Discarded):
            raise
        except Exception as error:
            raise PhotaLedgerError(
                f"The record of what was paid for could not be {done}; nothing was sent by this attempt.\n"
                f"{store}: {_reason(error)}."
            ) from None


def _remove_intent(store: Store, entry: Entry) -> None:
    try:
        store.remove(entry)
    except Exception as error:
        # it costs no money: the next attempt stops instead of sending
        log.warning("An intent that was never sent could not be removed (%s).", type(error).__name__)


def _has_written(store: Store, call: Future[None], entry: Entry) -> bool:
    error = call.exception() if call.done() else TimeoutError()
    if error is None:
        return True
    if not isinstance(error, Exception):
        raise error
    log.warning("PHOTA task %s is not recorded in %s yet (%s).", entry.phota_task_id, store, _reason(error))
    return False


def _reason(error: BaseException) -> str:
    if isinstance(error, PermissionError):
        return "permission denied: a ledger needs the rights to list, read, create and delete objects there"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return str(error) if isinstance(error, ValueError) else reason_of(error)

"""Keeps the log of a budget in object storage: each entry is created exclusively, and has all totals.

Whoever creates entry n+1 has read entry n, and no other process can create it too. So each admission knows
all earlier ones, on any number of machines, without a server.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from itertools import count
from typing import TypeVar
from uuid import uuid4

from airflow_provider_phota.api.endings import lines
from airflow_provider_phota.api.errors import PhotaNotBilled
from airflow_provider_phota.api.retry import Backoff
from airflow_provider_phota.budget.state import BudgetState, Reservation
from airflow_provider_phota.storage import objects, records
from airflow_provider_phota.storage.paths import OBJECT_STORES, Place
from airflow_provider_phota.storage.rights import Right, explain, lacks_exclusive_creation

T = TypeVar("T")

log = logging.getLogger(__name__)

#: Digits of an entry's number in its name.
_DIGITS = 9
#: Seconds for which a store that fails, or rivals that are always faster, are tolerated.
_PATIENCE = 60.0
#: The pauses after a failure of the store, and after another process was faster.
_AFTER_FAILURE = Backoff(tries=1_000, first=0.2, longest=5.0)
_AFTER_RACE = Backoff(tries=1_000_000, first=0.01, longest=0.2)


class PhotaBudgetUnusable(PhotaNotBilled):
    """The log of the budget cannot be read or written, so it is not known what may be spent."""

    retryable = True


@dataclass
class BudgetLog:
    """Is the log of one window of a budget. It may be used by one thread at a time.

    Attributes:
        folder: of the entries. It is made if it is missing, but a bucket is not.
        patience: seconds for which a store that fails is tolerated.
    """

    folder: Place
    patience: float = _PATIENCE
    #: The number of an entry that this process has seen. It only saves a listing: nothing is decided by it.
    _seen: int = field(default=0, init=False)

    def reserve(self, token: str, amount: Decimal, owner: str, limit: Decimal) -> BudgetState:
        """Reserves money, or keeps what the token has reserved already.

        Raises:
            Exceeded: It does not fit into the limit.
            PhotaBudgetUnusable: The store cannot be read or written, or cannot create exclusively.
        """
        reservation = Reservation(amount, owner, time.time())
        return self._append(lambda state: state.reserve(token, reservation, limit))

    def settle(self, token: str, cost: Decimal) -> BudgetState:
        """Turns a reservation into what it cost; 0 gives all of it back. A second time changes nothing.

        Raises:
            PhotaBudgetUnusable: The store cannot be read or written.
        """
        return self._append(lambda state: state.settle(token, cost))

    def state(self) -> BudgetState:
        """Returns how the budget stands now.

        Raises:
            PhotaBudgetUnusable: The store cannot be read.
        """
        return self._patiently(self._latest)

    def _append(self, change: Callable[[BudgetState], BudgetState]) -> BudgetState:
        self._check_store()
        end = time.monotonic() + self.patience
        for lost in count(1):
            state = self._patiently(self._latest)
            changed = change(state)
            if changed is state or self._patiently(partial(self._create, changed)):
                self._seen = changed.number
                return changed
            if (pause := _AFTER_RACE.pause(lost)) is None or time.monotonic() > end:
                break
            time.sleep(pause)
        raise self._unusable(f"other processes were faster for {self.patience:.0f} s")

    def _latest(self) -> BudgetState:
        """Returns the last entry. The one after it does not exist at that moment, as the store is asked."""
        if not self._seen:
            self._seen = max((number_in(name) for name in objects.names(self.folder)), default=0)
        state = self._read(self._seen) if self._seen else BudgetState()
        while True:
            try:
                state = self._read(state.number + 1)
            except FileNotFoundError:
                return state
            self._seen = state.number

    def _read(self, number: int) -> BudgetState:
        def parse(fields: dict[str, object]) -> BudgetState:
            try:
                state = BudgetState.from_dict(fields)
            except ArithmeticError:
                raise ValueError("an amount is not a number") from None
            if state.number != number:
                raise ValueError("it has the number of another entry")
            return state

        return records.read(self.folder / name_of(number), parse)

    def _create(self, state: BudgetState) -> bool:
        """Creates an entry; False if another process was faster."""
        place = self.folder / name_of(state.number)
        if place.protocol not in OBJECT_STORES:
            self.folder.fs.makedirs(self.folder.path, exist_ok=True)
        content = json.dumps({**state.to_dict(), "by": uuid4().hex, "at": time.time()}).encode()
        try:
            return objects.create(place, content, may_look=False)
        except Exception as error:
            if lacks_exclusive_creation(error):
                raise self._unusable("the store cannot create an object exclusively") from None
            raise

    def _check_store(self) -> None:
        if not objects.creates_exclusively(self.folder):
            raise self._unusable("this kind of store cannot create an object exclusively")

    def _patiently(self, act: Callable[[], T]) -> T:
        end = time.monotonic() + self.patience
        for failures in count(1):
            try:
                return act()
            except PhotaBudgetUnusable:
                raise
            except records.DamagedRecord as damage:
                raise self._unusable(str(damage)) from None
            except Exception as error:  # of whatever library the store speaks by
                pause = _AFTER_FAILURE.pause(failures)
                if pause is None or time.monotonic() + pause > end:
                    raise self._unusable(explain(error, self.folder, Right.READ, Right.CREATE)) from None
            time.sleep(pause)
        raise AssertionError("counting does not end")

    def _unusable(self, why: str) -> PhotaBudgetUnusable:
        return PhotaBudgetUnusable(
            lines(
                f"The budget cannot be used: {why}.",
                f"Its log is {self.folder.command}. Nothing is sent without it.",
            )
        )


def name_of(number: int) -> str:
    """Returns the name of an entry."""
    return f"{number:0{_DIGITS}d}.json"


def number_in(name: str) -> int:
    """Returns the number of the entry that has a name; 0 if it is not the name of one."""
    stem, _, extension = name.partition(".")
    return int(stem) if extension == "json" and len(stem) == _DIGITS and stem.isdecimal() else 0

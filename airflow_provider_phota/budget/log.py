"""Keeps the log of a budget in object storage: each entry is created exclusively, and has all totals.

Whoever creates entry n+1 has read entry n, and no other process can create it too. So each admission knows
all earlier ones, on any number of machines, without a server.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from itertools import count
from typing import TypeVar
from uuid import uuid4

from airflow_provider_phota.api.endings import lines
from airflow_provider_phota.api.errors import PhotaBudgetUnusable
from airflow_provider_phota.api.retry import Backoff
from airflow_provider_phota.budget.state import NOTHING_KEPT, BudgetState, Reservation
from airflow_provider_phota.storage import objects, records
from airflow_provider_phota.storage.paths import OBJECT_STORES, Place
from airflow_provider_phota.storage.rights import Right, explain, lacks_exclusive_creation

T = TypeVar("T")

log = logging.getLogger(__name__)

#: Entries in one folder. A store lists a thousand names in one answer.
_IN_FOLDER = 1_000
#: Digits of a folder's name, and of an entry's name in it.
_FOLDER_DIGITS, _DIGITS = 6, 3
#: Seconds by which the clock of this machine may differ from the store's.
_CLOCKS_DIFFER = 300.0
#: Seconds for which a store that fails, or rivals that are always faster, are tolerated.
_PATIENCE = 60.0
#: The pauses after a failure of the store, and after another process was faster.
_AFTER_FAILURE = Backoff(tries=1_000, first=0.2, longest=5.0)
_AFTER_RACE = Backoff(tries=1_000_000, first=0.01, longest=0.2)


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

    def reserve(
        self,
        token: str,
        amount: Decimal,
        limit: Decimal,
        *,
        step: Decimal | None = None,
        warn_at: Decimal = Decimal(1),
    ) -> tuple[BudgetState, BudgetState]:
        """Reserves money, or keeps what the token has reserved already.

        Args:
            token: names the reservation.
            amount: what is to be reserved.
            limit: of the budget.
            step: if not all fits, as many times this amount are reserved as fit; None if all has to fit.
            warn_at: the share of the limit for which a warning is given, once.

        Returns:
            How the budget stood before, and how it stands now.

        Raises:
            Exceeded: It does not fit into the limit.
            PhotaBudgetUnusable: The store cannot be read or written, or cannot create exclusively, or its
                clock and that of this machine differ.
        """
        wanted = Reservation(amount, time.time())
        before, state = self._append(
            lambda state: state.reserve(token, wanted, limit, step=step, warn_at=warn_at)
        )
        if state is before:  # its entry may be old
            return before, state
        try:
            self._patiently(partial(self._check_clock, state.number))
        except PhotaBudgetUnusable:
            self.settle({token: Decimal(0)})
            raise
        return before, state

    def settle(
        self,
        costs: Mapping[str, Decimal | None],
        *,
        runs_from: float | None = None,
        keep: Mapping[str, Reservation] = NOTHING_KEPT,
    ) -> BudgetState:
        """Turns reservations into what they cost; 0 gives all of one back. A second time changes nothing.

        Args:
            costs: by tokens. If one is not known, it is what was reserved.
            runs_from: when their tasks were paid for, if they may be running.
            keep: parts of the reservations that stay reserved, by tokens of their own.

        Raises:
            PhotaBudgetUnusable: The store cannot be read or written.
        """
        return self._append(lambda state: state.settle(costs, runs_from=runs_from, keep=keep))[1]

    def end(self, token: str, given_back: Decimal) -> BudgetState:
        """Notes that a task has ended, and what the service gave back. A second time changes nothing.

        Raises:
            PhotaBudgetUnusable: The store cannot be read or written.
        """
        return self._append(lambda state: state.end(token, given_back, time.time()))[1]

    def state(self) -> BudgetState:
        """Returns how the budget stands now.

        Raises:
            PhotaBudgetUnusable: The store cannot be read.
        """
        return self._patiently(self._latest)

    def _append(self, change: Callable[[BudgetState], BudgetState]) -> tuple[BudgetState, BudgetState]:
        """Returns the state before and after a change."""
        self._check_store()
        end = time.monotonic() + self.patience
        for lost in count(1):
            state = self._patiently(self._latest)
            changed = change(state)
            if changed is state or self._patiently(partial(self._create, changed)):
                self._seen = changed.number
                return state, changed
            if (pause := _AFTER_RACE.pause(lost)) is None or time.monotonic() > end:
                break
            time.sleep(pause)
        raise self._unusable(f"other processes were faster for {self.patience:.0f} s")

    def _latest(self) -> BudgetState:
        """Returns the last entry. The one after it does not exist at that moment, as the store is asked."""
        if not self._seen:
            self._seen = self._last_listed()
        state = self._read(self._seen) if self._seen else BudgetState()
        while True:
            try:
                state = self._read(state.number + 1)
            except FileNotFoundError:
                return state
            self._seen = state.number

    def _last_listed(self) -> int:
        """Returns the number of the last entry that the store lists; 0 if there is none."""
        for folder in reversed(objects.names(self.folder)):
            names = objects.names(self.folder / folder)
            if numbers := [number for name in names if (number := number_in(f"{folder}/{name}"))]:
                return max(numbers)
        return 0

    def _check_clock(self, number: int) -> None:
        """Compares the clocks: by a wrong one, money would be counted in the wrong period.

        Args:
            number: of an entry that was written just now.
        """
        difference = time.time() - objects.modified_at(self.folder / name_of(number))
        if abs(difference) > _CLOCKS_DIFFER:
            raise self._unusable(f"the clock of this machine differs from the store's by {difference:+.0f} s")

    def _read(self, number: int) -> BudgetState:
        def parse(fields: dict[str, object]) -> BudgetState:
            try:
                state = BudgetState.from_dict(fields)
            except (ArithmeticError, AttributeError):
                raise ValueError("an amount is not a number") from None
            if state.number != number:
                raise ValueError("it has the number of another entry")
            return state

        return records.read(self.folder / name_of(number), parse)

    def _create(self, state: BudgetState) -> bool:
        """Creates an entry; False if another process was faster."""
        place = self.folder / name_of(state.number)
        if place.protocol not in OBJECT_STORES:
            self.folder.fs.makedirs(place.folder, exist_ok=True)
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
    """Returns the name of an entry, below the folder of the log."""
    return f"{number // _IN_FOLDER:0{_FOLDER_DIGITS}d}/{number % _IN_FOLDER:0{_DIGITS}d}.json"


def number_in(name: str) -> int:
    """Returns the number of the entry that has a name; 0 if it is not the name of one."""
    parts = name.removesuffix(".json").split("/")
    if len(parts) != 2 or not all(part.isdecimal() for part in parts):
        return 0
    number = int(parts[0]) * _IN_FOLDER + int(parts[1])
    return number if name_of(number) == name else 0

"""Counts one payment in the budgets: before the order is sent, when it is paid for, and in the end."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from airflow_provider_phota.api.costs import NO_COST, UNKNOWN_COST, Cost
from airflow_provider_phota.api.errors import PhotaBudgetUnusable
from airflow_provider_phota.budget.purse import Purse
from airflow_provider_phota.ledger.records import Entry

log = logging.getLogger(__name__)

_STAYS = "What it costs stays reserved until the next attempt of this Airflow task, or `phota settle`."


@dataclass
class Charge:
    """Is what one payment takes from the budgets, all of which may have none.

    Attributes:
        payment: names it, the same in all attempts.
        cost: as far as it is known.
        reserved_at: epoch seconds when it was reserved, which tell the periods; None if it is not reserved.
    """

    purse: Purse
    payment: str
    cost: Cost = UNKNOWN_COST
    reserved_at: float | None = None
    _token: str = ""
    _replaces: bool = False

    def reserve(self, cost: Cost) -> None:
        """Reserves what the order may cost.

        Raises:
            PhotaBudgetExceeded: It does not fit.
            PhotaBudgetUnusable: It is not known whether it fits.
        """
        self.cost, self._token = cost, f"{self.payment}/{uuid4().hex[:8]}"
        if self.purse.is_limited:
            reserved = self.purse.reserve(self._token, cost)
            self.reserved_at, self._replaces = reserved.at, reserved.replaces

    def confirm(self) -> None:
        """Makes sure that it is still reserved, once no other process can make the payment any more.

        A later attempt that did not know of this one may have taken its place.

        Raises:
            PhotaBudgetExceeded: It does not fit any more.
            PhotaBudgetUnusable: It is not known whether it fits.
        """
        if self.reserved_at is not None:
            self.purse.reserve(self._token, self.cost, at=self.reserved_at)

    def release(self, *, is_sole: bool) -> None:
        """Gives back what this process has reserved: it has provably created no task.

        Args:
            is_sole: True if no other process can be making the payment. Else it stays reserved if it took the
                place of another process's reservation.
        """
        if self.reserved_at is not None and (is_sole or not self._replaces):
            self._try_to_settle(self._token, NO_COST, None)

    def settle(self, cost: Cost, paid_at: float | None) -> None:
        """Turns what is reserved into what it cost. A second time changes nothing.

        Args:
            cost: by the answer to the submit.
            paid_at: epoch seconds; None if it was not paid for.
        """
        self.cost = cost
        if self.reserved_at is not None:
            self._try_to_settle(self.payment, cost, paid_at)

    def end(self, final: Cost) -> None:
        """Notes that the task has ended, and gives back what the service gives back.

        Args:
            final: what the task has cost.
        """
        if self.reserved_at is None:
            return
        try:
            self.purse.end(self.payment, self.cost, final, self.reserved_at)
        except PhotaBudgetUnusable as problem:
            log.warning("The end of this PHOTA task is not counted in the budget.\n%s", problem)

    def _try_to_settle(self, token: str, cost: Cost, runs_from: float | None) -> None:
        try:
            self.purse.settle({token: cost}, self.reserved_at or 0.0, runs_from=runs_from)
        except PhotaBudgetUnusable as problem:  # nothing paid may be lost for it
            log.warning("%s\n%s", _STAYS, problem)

    def to_dict(self) -> dict[str, Any]:
        """Returns it as plain data, for the attempt after a deferral."""
        return {"payment": self.payment, "cost": self.cost.to_dict(), "reserved_at": self.reserved_at}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any], purse: Purse) -> Charge:
        """Reads it back.

        Raises:
            KeyError, TypeError, ValueError: It is not a charge.
        """
        return cls(purse, fields["payment"], Cost.from_dict(fields["cost"]), fields["reserved_at"])


@dataclass(frozen=True)
class Charges:
    """Knows the payments of one order of a task instance.

    Attributes:
        fingerprint: of the order.
        is_remembered: True if a ledger knows the payments, so that a later attempt can settle them.
    """

    purse: Purse
    fingerprint: str
    is_remembered: bool

    def new(self, generation: int) -> Charge:
        """Returns the charge of a payment that is to be made."""
        payment = f"{self.purse.owner}-{self.fingerprint[:8]}-{generation}"
        # without a ledger each attempt makes a payment of its own
        return Charge(self.purse, payment if self.is_remembered else f"{payment}-{uuid4().hex[:8]}")

    def of(self, entry: Entry) -> Charge:
        """Returns the charge of a payment that is recorded."""
        return replace(self.new(entry.generation), cost=entry.cost, reserved_at=entry.reserved_at)

    def settled(self, entry: Entry, cost: Cost | None = None) -> Charge:
        """Returns the charge of a payment that is made, and settles it if an earlier attempt has not.

        Args:
            entry: of the payment.
            cost: if the entry does not know it.
        """
        charge = self.of(entry)
        charge.settle(entry.cost if cost is None else cost, entry.sent_at)
        return charge

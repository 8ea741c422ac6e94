"""Counts what is spent and what is reserved of a budget. It does no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Self


class Exceeded(Exception):
    """Says that an amount does not fit into a budget any more."""


@dataclass(frozen=True)
class Reservation:
    """Is money that an order may cost, and that no other order can spend.

    Attributes:
        amount: at most that much.
        owner: who settles it: the name of a task instance.
        at: epoch seconds of the owner's clock.
    """

    amount: Decimal
    owner: str
    at: float


@dataclass(frozen=True)
class BudgetState:
    """Is the last entry of a budget's log, from which everything about the budget follows.

    Attributes:
        number: of the entry; 0 if there is none.
        spent: what is settled.
        open: what is reserved and not settled, by tokens.
    """

    number: int = 0
    spent: Decimal = Decimal(0)
    open: Mapping[str, Reservation] = field(default_factory=dict)

    @property
    def reserved(self) -> Decimal:
        return sum((each.amount for each in self.open.values()), Decimal(0))

    def reserve(self, token: str, reservation: Reservation, limit: Decimal) -> Self:
        """Returns the state with one more reservation; the same state if the token has one already.

        Raises:
            Exceeded: It does not fit.
        """
        if token in self.open:
            return self
        if self.spent + self.reserved + reservation.amount > limit:
            raise Exceeded
        return self._next(open={**self.open, token: reservation})

    def settle(self, token: str, cost: Decimal) -> Self:
        """Returns the state in which the reservation has become what it cost; 0 gives all of it back.

        It is the same state if the token has no reservation: somebody else has settled it.
        """
        if token not in self.open:
            return self
        rest = {each: reservation for each, reservation in self.open.items() if each != token}
        return self._next(open=rest, spent=self.spent + cost)

    def _next(self, **changes: Any) -> Self:
        return replace(self, number=self.number + 1, **changes)

    def to_dict(self) -> dict[str, Any]:
        return {
            "entry": self.number,
            "spent": str(self.spent),
            "open": {
                token: [str(each.amount), each.owner, each.at] for token, each in sorted(self.open.items())
            },
        }

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Self:
        """Reads an entry.

        Raises:
            ArithmeticError, KeyError, TypeError, ValueError: It is damaged.
        """
        return cls(
            int(fields["entry"]),
            Decimal(fields["spent"]),
            {
                token: Reservation(Decimal(amount), str(owner), float(at))
                for token, (amount, owner, at) in fields["open"].items()
            },
        )

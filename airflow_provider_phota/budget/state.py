"""Counts what is spent and what is reserved of a budget. It does no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Self

#: Seconds after which a task is over at the latest: its results are not served any longer.
LONGEST_TASK = 24 * 3600.0
#: No part of a reservation stays reserved.
NOTHING_KEPT: Mapping[str, Any] = MappingProxyType({})


class Exceeded(Exception):
    """Says that an amount does not fit into a budget any more.

    Attributes:
        state: in which it did not fit.
    """

    def __init__(self, state: BudgetState) -> None:
        super().__init__()
        self.state = state


@dataclass(frozen=True)
class Reservation:
    """Is money that orders may cost, and that no other order can spend.

    Attributes:
        amount: at most that much.
        at: epoch seconds of its owner's clock.
    """

    amount: Decimal
    at: float


@dataclass(frozen=True)
class BudgetState:
    """Is the last entry of a budget's log, from which everything about the budget follows.

    Attributes:
        number: of the entry; 0 if there is none.
        spent: what is settled.
        open: what is reserved and not settled, by tokens.
        running: when the tasks were settled that are paid for and may still be running, by tokens.
        warned: the highest share of the limit for which a warning was given.
    """

    number: int = 0
    spent: Decimal = Decimal(0)
    open: Mapping[str, Reservation] = field(default_factory=dict)
    running: Mapping[str, float] = field(default_factory=dict)
    warned: Decimal = Decimal(0)

    @property
    def reserved(self) -> Decimal:
        return sum((each.amount for each in self.open.values()), Decimal(0))

    @property
    def used(self) -> Decimal:
        """What no other order can spend any more."""
        return self.spent + self.reserved

    def reserve(
        self,
        token: str,
        wanted: Reservation,
        limit: Decimal,
        *,
        step: Decimal | None = None,
        warn_at: Decimal = Decimal(1),
    ) -> Self:
        """Returns the state with one more reservation; the same state if the token has one already.

        It takes the place of what another process has reserved for the same payment.

        Args:
            token: names the payment and, behind a slash, the process that is to make it.
            wanted: what is to be reserved.
            limit: of the budget.
            step: if not all fits, as many times this amount are reserved as fit; None if all has to fit.
            warn_at: the share of the limit for which a warning is given, once.

        Raises:
            Exceeded: Nothing fits, or not all if there is no step.
        """
        if token in self.open:
            return self
        payment = payment_of(token)
        others = {each: held for each, held in self.open.items() if payment_of(each) != payment}
        room = limit - self.spent - sum((each.amount for each in others.values()), Decimal(0))
        if wanted.amount > room:
            steps = room // step if step else Decimal(0)
            if step is None or steps < 1:
                raise Exceeded(self)
            wanted = replace(wanted, amount=step * steps)
        admitted = self._next(open={**others, token: wanted})
        is_warned = admitted.used >= limit * warn_at > limit * self.warned
        return replace(admitted, warned=warn_at) if is_warned else admitted

    def settle(
        self,
        costs: Mapping[str, Decimal | None],
        *,
        runs_from: float | None = None,
        keep: Mapping[str, Reservation] = NOTHING_KEPT,
    ) -> Self:
        """Returns the state in which reservations have become what they cost; 0 gives all of one back.

        It is the same state if there are no such reservations: they are settled already.

        Args:
            costs: by tokens: of payments, whichever process has reserved them, or of single reservations. If
                one is not known, it is what was reserved.
            runs_from: when their tasks were paid for, if they may be running.
            keep: parts of the reservations that stay reserved, by tokens of their own.
        """
        open_, spent, running = dict(self.open), self.spent, dict(self.running)
        for token, cost in costs.items():
            if not (settled := [each for each in open_ if token in (each, payment_of(each))]):
                continue
            amounts = [open_.pop(each).amount for each in settled]
            if payment_of(token) in running:
                continue  # it counts already: what was open is of a process that came too late
            spent += max(amounts) if cost is None else cost
            if runs_from is not None:
                running = {**still_running(running, runs_from), payment_of(token): runs_from}
        if len(open_) == len(self.open):
            return self
        return self._next(open={**open_, **keep}, spent=spent, running=running)

    def end(self, token: str, given_back: Decimal, now: float) -> Self:
        """Returns the state in which the task of a payment has ended, and given some of its price back.

        It is the same state if the task is not running: its end is known already.
        """
        if token not in self.running:
            return self
        running = still_running(self.running, now)
        running.pop(token, None)
        return self._next(running=running, spent=self.spent - given_back)

    def is_under_way(self, now: float, besides: str) -> bool:
        """Returns True if anything but one payment may be sent, or its task may be running."""
        running = still_running(self.running, now)
        return any(each != besides for each in (*map(payment_of, self.open), *running))

    def _next(self, **changes: Any) -> Self:
        return replace(self, number=self.number + 1, **changes)

    def to_dict(self) -> dict[str, Any]:
        return {
            "entry": self.number,
            "spent": str(self.spent),
            "open": {token: [str(each.amount), each.at] for token, each in sorted(self.open.items())},
            "running": dict(sorted(self.running.items())),
            "warned": str(self.warned),
        }

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Self:
        """Reads an entry.

        Raises:
            ArithmeticError, AttributeError, KeyError, TypeError, ValueError: It is damaged.
        """
        return cls(
            int(fields["entry"]),
            Decimal(fields["spent"]),
            {
                token: Reservation(Decimal(amount), float(at))
                for token, (amount, at) in fields["open"].items()
            },
            {token: float(at) for token, at in fields["running"].items()},
            Decimal(fields["warned"]),
        )


def still_running(running: Mapping[str, float], now: float) -> dict[str, float]:
    """Returns the tasks that may be running at a moment: what nobody waits for is over some day, too."""
    return {payment: at for payment, at in running.items() if at > now - LONGEST_TASK}


def payment_of(token: str) -> str:
    """Returns the payment that a token names, whichever process is to make it."""
    return token.partition("/")[0]

"""Reads what an author allows to be spent, such as "50 USD / month". It does no I/O."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

import pendulum

from airflow_provider_phota.api.choices import checked_choice
from airflow_provider_phota.api.costs import Cost
from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.shown import shown

#: What a budget looks like; for messages.
EXAMPLE = "50 USD / month"

_BUDGET = re.compile(r"\s*(?P<amount>[^\s/]+)\s+(?P<unit>[^\s/]+)\s*/\s*(?P<period>[^\s/]+)\s*")
_AMOUNT = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?")


class Unit(Enum):
    """Names what is counted."""

    USD = "USD"
    CREDITS = "credits"

    def amount(self, cost: Cost, credits_per_usd: float | None) -> Decimal | None:
        """Returns a cost in this unit; None if it is not known.

        Args:
            cost: of orders.
            credits_per_usd: what a USD is in credits, for a cost of which only the USD are known.
        """
        if self is Unit.USD:
            return cost.usd
        if cost.credits is not None:
            return Decimal(str(cost.credits))
        if cost.usd is None or credits_per_usd is None:
            return None
        return cost.usd * Decimal(str(credits_per_usd))

    def given_back(self, paid: Cost, final: Cost, credits_per_usd: float | None) -> Decimal:
        """Returns what a task has cost less in the end than was paid for it; 0 if that is not known."""
        before, after = self.amount(paid, credits_per_usd), self.amount(final, credits_per_usd)
        return Decimal(0) if before is None or after is None else before - after


class Period(Enum):
    """Says when a budget begins again."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    RUN = "run"
    TOTAL = "total"


@dataclass(frozen=True)
class Window:
    """Is the stretch of time, or the DAG run, in which one limit holds.

    Attributes:
        name: the same for all who share it, and fit for a path.
        ends_at: epoch seconds; None if it does not end by itself.
    """

    name: str
    ends_at: float | None


@dataclass(frozen=True)
class Budget:
    """Says how much may be spent.

    Attributes:
        amount: in the unit.
        unit: what is counted.
        period: when it begins again.
    """

    amount: Decimal
    unit: Unit
    period: Period

    @classmethod
    def checked(cls, value: object, argument: str = "budget") -> Budget:
        """Reads what an author gave.

        Args:
            value: a text such as "50 USD / month".
            argument: that has it, for the error.

        Raises:
            PhotaInputError: It cannot be understood.
        """
        match = _BUDGET.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            raise PhotaInputError(
                argument, f"must say how much of what in which period, like {EXAMPLE!r}, got {shown(value)}."
            )
        if not _AMOUNT.fullmatch(match["amount"]):
            raise PhotaInputError(
                argument,
                f"must begin with a number of at most 9 digits and 6 decimals, got {shown(match['amount'])}.",
            )
        return cls(
            Decimal(match["amount"]),
            checked_choice(Unit, argument, match["unit"]),
            checked_choice(Period, argument, match["period"]),
        )

    def window(self, at: float, run: str) -> Window:
        """Returns the window that a moment belongs to. Days, weeks and months are those of UTC.

        Args:
            at: epoch seconds.
            run: names the DAG run, and no other one of any Airflow installation that shares the budget.
        """
        if self.period is Period.TOTAL:
            return Window("total", None)
        if self.period is Period.RUN:
            return Window(f"run-{hashlib.sha256(run.encode()).hexdigest()[:24]}", None)
        moment = pendulum.from_timestamp(at)
        begin = moment.start_of(self.period.value)
        name = {Period.DAY: "%Y-%m-%d", Period.WEEK: "%G-W%V", Period.MONTH: "%Y-%m"}[self.period]
        ends_at = begin.add(**{f"{self.period.value}s": 1}).timestamp()
        return Window(begin.strftime(name), ends_at)

    def __str__(self) -> str:
        return f"{self.amount.normalize():f} {self.unit.value} / {self.period.value}"

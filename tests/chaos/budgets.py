"""Gives a trial a budget of its own, and compares what that has counted with the service's bills."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any

from airflow_provider_phota.budget.state import BudgetState
from tests.chaos.places import Place

#: So much that no order of a trial is refused.
_BUDGET = "1000 USD / total"
_CREDITS_PER_USD = 100


@dataclass(frozen=True)
class TrialBudget:
    """Is the budget of one trial.

    Attributes:
        place: in which its log is kept.
        folder: of the log in that place.
    """

    place: Place
    folder: str

    @property
    def extra(self) -> dict[str, str]:
        """The extras of the trial's connection."""
        return {"budget": _BUDGET, "budget_path": f"{self.place.url}/{self.folder}"}

    def state(self) -> BudgetState:
        """Reads the last entry of the log, in another way than the provider does."""
        entries = [name for name in self.place.names(self.folder) if PurePosixPath(name).stem.isdigit()]
        return BudgetState.from_dict(json.loads(self.place.read(max(entries)))) if entries else BudgetState()


@dataclass(frozen=True)
class Books:
    """Holds what a budget has counted after a run, and what the service has billed.

    Attributes:
        state: of the budget.
        bills: USD by PHOTA task. One that has failed is billed nothing.
        unknown: the PHOTA tasks that no record names.
        ambiguous: how many orders are ambiguous by the provider's own records.
    """

    state: BudgetState
    bills: Mapping[str, Decimal]
    unknown: frozenset[str]
    ambiguous: int

    @property
    def is_settled(self) -> bool:
        """True if nothing stays reserved but what is ambiguous."""
        return len(self.state.open) <= self.ambiguous

    @property
    def billed(self) -> Decimal:
        return sum(self.bills.values(), Decimal(0))

    def violations(self) -> Iterator[str]:
        """Yields what is wrong, in words."""
        state, billed = self.state, self.billed
        # a process that outlives its attempt can settle what it cannot record, and then nothing stays reserved
        unsettled = self.unknown if state.open else frozenset()
        settled = billed - sum((self.bills[each] for each in unsettled), Decimal(0))
        if state.spent != settled:
            yield f"the budget says that {state.spent} USD are spent, and the bills {settled} USD"
        if state.used < billed:
            yield f"the budget has counted {state.used} USD of {billed} USD that are billed"
        if not self.is_settled:
            some = ", ".join(sorted(state.open)[:3])
            yield f"{len(state.open)} stay reserved, although {self.ambiguous} are ambiguous, such as {some}"


def bills_of(tasks: Iterable[Mapping[str, Any]]) -> dict[str, Decimal]:
    """Returns what PHOTA tasks have cost in USD, by the emulator's ledger."""
    return {task["id"]: Decimal(task["credits"]) / _CREDITS_PER_USD for task in tasks}


def summary_of_books(books: Sequence[Books]) -> str:
    """Returns the sums of several budgets; "" if there are none."""
    if not books:
        return ""
    billed, spent, reserved = (
        f"{sum(amounts, Decimal(0)).normalize():f} USD"
        for amounts in (
            [each.billed for each in books],
            [each.state.spent for each in books],
            [each.state.reserved for each in books],
        )
    )
    return f"{len(books)} budgets: {billed} billed, {spent} spent, {reserved} reserved"

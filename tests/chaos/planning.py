"""Plans the trials: cases, modes, ledgers and seeds, and the same cases with the naive operator."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

from dev.airflow_major import AIRFLOW
from tests.chaos.cases import LEDGERS, PATHLESS, Case, Trial
from tests.chaos.report import Line

RANDOM_ROW = "41"


@dataclass(frozen=True)
class Selection:
    """Says which trials are selected. An empty text selects everything."""

    groups: str
    rows: str
    modes: str
    ledgers: str
    stores: str
    seeds: int
    s3_seeds: int
    edits: int
    naive: int

    def includes(self, case: Case, mode: str, ledger: str) -> bool:
        criteria = ((self.rows, case.row), (self.modes, mode), (self.ledgers, ledger))
        return all(not names or name in names.split(",") for names, name in criteria)

    def stores_of(self, case: Case, ledger: str) -> tuple[str, ...]:
        """Returns the stores to run the case on. A ledger that is not in a store has "" for its store."""
        if ledger in PATHLESS:
            return ("",)
        return tuple(each for each in self.stores.split(",") if each in case.stores)

    def seeds_of(self, case: Case, store: str) -> range:
        seeds = self.s3_seeds if store == "s3" else self.seeds
        return range(seeds if case.repeated else min(seeds, 1))


@dataclass(frozen=True)
class Plan:
    """Holds one trial, and the line of the table that it belongs to."""

    trial: Trial
    line: Line

    @property
    def alone(self) -> bool:
        return self.trial.case.alone


def planned_trials(groups: Mapping[str, Sequence[Case]], selection: Selection, database: str) -> list[Plan]:
    """Returns all trials, with their numbers."""
    chosen = selection.groups.split(",") if selection.groups else groups
    matrix = [case for name in chosen for case in groups[name] if database == "postgres" or case.repeated]
    possible = (
        case.in_an_airflow(
            with_task_state=AIRFLOW.keeps_task_state, keeps_cleared_state=AIRFLOW.keeps_cleared_state
        )
        for case in matrix
    )
    cases = [case for case in possible if case]
    plans = [*_plan_rows(cases, selection), *_plan_random_row(cases, selection)]
    return [replace(plan, trial=replace(plan.trial, number=n)) for n, plan in zip(count(1), plans)]


def _plan_rows(cases: Sequence[Case], selection: Selection) -> Iterator[Plan]:
    for case in cases:
        for mode in case.modes:
            lines = [
                Line(case, mode, name, store)
                for name in case.ledgers
                if selection.includes(case, mode, name)
                for store in selection.stores_of(case, name)
            ]
            for line in lines:
                for seed in selection.seeds_of(case, line.store):
                    yield Plan(Trial(case, mode, line.ledger, seed, line.store), line)
            if case.naive and lines:
                for seed in range(min(selection.naive, selection.seeds if case.repeated else 1)):
                    yield Plan(Trial(case, mode, "naive", seed), lines[0])


def _plan_random_row(cases: Sequence[Case], selection: Selection) -> Iterator[Plan]:
    """Yields the trials of row 41: one fault of the matrix at a random point of each edit."""
    if selection.rows and RANDOM_ROW not in selection.rows.split(","):
        return
    chance = random.Random(41)
    pool = [
        case
        for case in cases
        if not (case.alone or case.big or case.store or case.settles) and case.edits == 1
    ]
    whole = Case(RANDOM_ROW, "one fault of the matrix at a random moment of each edit")
    lines: dict[tuple[str, str], Line] = {}
    for seed in range(selection.edits):
        case = chance.choice(pool)
        ledgers = ("state", "journal", "both") if case.ledgers == LEDGERS else case.ledgers
        ledger = chance.choice(
            [name for name in ledgers if not (name == "journal" and case.at == "between_stores")]
        )
        store = chance.choice(selection.stores_of(case, ledger))
        line = lines.setdefault((ledger, store), Line(whole, "any", ledger, store))
        yield Plan(
            Trial(replace(case, row=RANDOM_ROW), chance.choice(case.modes), ledger, 1000 + seed, store),
            line,
        )

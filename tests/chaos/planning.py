"""Which trials are run: cases, modes, ledgers and seeds, and the naive operator beside them."""

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
class Wish:
    """What was asked for; an empty text is everything."""

    groups: str
    rows: str
    modes: str
    ledgers: str
    stores: str
    seeds: int
    s3_seeds: int
    edits: int
    naive: int

    def wants(self, case: Case, mode: str, ledger: str) -> bool:
        asked = ((self.rows, case.row), (self.modes, mode), (self.ledgers, ledger))
        return all(not names or name in names.split(",") for names, name in asked)

    def stores_of(self, case: Case, ledger: str) -> tuple[str, ...]:
        """On which stores the case is run: "" stands for none, where nothing is written to one."""
        if ledger in PATHLESS:
            return ("",)
        return tuple(each for each in self.stores.split(",") if each in case.stores)

    def seeds_of(self, case: Case, store: str) -> range:
        seeds = self.s3_seeds if store == "s3" else self.seeds
        return range(seeds if case.repeated else min(seeds, 1))


@dataclass(frozen=True)
class Plan:
    """One trial, and the line of the table it belongs to."""

    trial: Trial
    line: Line

    @property
    def alone(self) -> bool:
        return self.trial.case.alone


def planned(groups: Mapping[str, Sequence[Case]], wish: Wish, database: str) -> list[Plan]:
    """All trials, numbered."""
    chosen = wish.groups.split(",") if wish.groups else groups
    matrix = [case for name in chosen for case in groups[name] if database == "postgres" or case.repeated]
    can_be = (
        case.in_an_airflow(
            with_task_state=AIRFLOW.keeps_task_state, keeps_cleared_state=AIRFLOW.keeps_cleared_state
        )
        for case in matrix
    )
    cases = [case for case in can_be if case]
    plans = [*_rows(cases, wish), *_random(cases, wish)]
    return [replace(plan, trial=replace(plan.trial, number=n)) for n, plan in zip(count(1), plans)]


def _rows(cases: Sequence[Case], wish: Wish) -> Iterator[Plan]:
    for case in cases:
        for mode in case.modes:
            lines = [
                Line(case, mode, name, store)
                for name in case.ledgers
                if wish.wants(case, mode, name)
                for store in wish.stores_of(case, name)
            ]
            for line in lines:
                for seed in wish.seeds_of(case, line.store):
                    yield Plan(Trial(case, mode, line.ledger, seed, line.store), line)
            if case.naive and lines:
                for seed in range(min(wish.naive, wish.seeds if case.repeated else 1)):
                    yield Plan(Trial(case, mode, "naive", seed), lines[0])


def _random(cases: Sequence[Case], wish: Wish) -> Iterator[Plan]:
    """Row 41: one fault of the matrix at a random point of each edit."""
    if wish.rows and RANDOM_ROW not in wish.rows.split(","):
        return
    chance = random.Random(41)
    pool = [case for case in cases if not (case.alone or case.big or case.store) and case.edits == 1]
    whole = Case(RANDOM_ROW, "one fault of the matrix at a random moment of each edit")
    lines: dict[tuple[str, str], Line] = {}
    for seed in range(wish.edits):
        case = chance.choice(pool)
        ledgers = ("state", "journal", "both") if case.ledgers == LEDGERS else case.ledgers
        ledger = chance.choice(
            [name for name in ledgers if not (name == "journal" and case.at == "between_stores")]
        )
        store = chance.choice(wish.stores_of(case, ledger))
        line = lines.setdefault((ledger, store), Line(whole, "any", ledger, store))
        yield Plan(
            Trial(replace(case, row=RANDOM_ROW), chance.choice(case.modes), ledger, 1000 + seed, store),
            line,
        )

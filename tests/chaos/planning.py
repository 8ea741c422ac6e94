"""Which trials are run: cases, modes, ledgers and seeds, and the naive operator beside them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

from dev.airflow_major import AIRFLOW
from tests.chaos.cases import LEDGERS, Case, Trial
from tests.chaos.report import COLUMNS, Line

RANDOM_ROW = "41"


@dataclass(frozen=True)
class Wish:
    """What was asked for; an empty text is everything."""

    groups: str
    rows: str
    modes: str
    ledgers: str
    seeds: int
    edits: int
    naive: int

    def wants(self, case: Case, mode: str, ledger: str) -> bool:
        asked = ((self.rows, case.row), (self.modes, mode), (self.ledgers, ledger))
        return all(not names or name in names.split(",") for names, name in asked)


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
            lines = [Line(case, mode, name) for name in case.ledgers if wish.wants(case, mode, name)]
            for seed in range(wish.seeds if case.repeated else 1):
                for line in lines:
                    yield Plan(Trial(case, mode, line.ledger, seed), line)
                if case.naive and seed < wish.naive and lines:
                    yield Plan(Trial(case, mode, "naive", seed), lines[0])


def _random(cases: Sequence[Case], wish: Wish) -> Iterator[Plan]:
    """Row 41: one fault of the matrix at a random point of each edit."""
    if wish.rows and RANDOM_ROW not in wish.rows.split(","):
        return
    chance = random.Random(41)
    pool = [case for case in cases if not case.alone and case.edits == 1 and not case.big]
    whole = Case(RANDOM_ROW, "one fault of the matrix at a random moment of each edit")
    lines = {name: Line(whole, "any", name) for name in COLUMNS}
    for seed in range(wish.edits):
        case = chance.choice(pool)
        ledgers = ("state", "journal", "both") if case.ledgers == LEDGERS else case.ledgers
        ledger = chance.choice(
            [name for name in ledgers if not (name == "journal" and case.at == "between_stores")]
        )
        yield Plan(
            Trial(replace(case, row=RANDOM_ROW), chance.choice(case.modes), ledger, 1000 + seed),
            lines[ledger],
        )

"""Finds the logs of all budgets below a budget_path."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from airflow_provider_phota.budget.limits import Unit
from airflow_provider_phota.budget.log import BudgetLog
from airflow_provider_phota.storage import objects
from airflow_provider_phota.storage.paths import Place

_UNITS = {unit.value.lower(): unit for unit in Unit}


@dataclass(frozen=True)
class Book:
    """Is the log of a budget in one window.

    Attributes:
        whose: `all`, or the digest of a DAG.
        window: such as `2026-11`.
    """

    whose: str
    unit: Unit
    window: str
    log: BudgetLog


def books_in(path: Place) -> Iterator[Book]:
    """Yields all logs below a budget_path."""
    yield from _books_of("all", path / "all")
    for digest in objects.names(path / "dags"):
        yield from _books_of(digest, path / "dags" / digest)


def _books_of(whose: str, folder: Place) -> Iterator[Book]:
    for name in objects.names(folder):
        if unit := _UNITS.get(name):
            for window in objects.names(folder / name):
                yield Book(whose, unit, window, BudgetLog(folder / name / window))

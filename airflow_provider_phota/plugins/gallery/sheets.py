"""Sorts what is shown on a sheet: by how it stands, page by page, with counts and costs. It does no I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from airflow_provider_phota.api.costs import NO_COST, Cost, total_cost
from airflow_provider_phota.plugins.gallery.instances import Instance
from airflow_provider_phota.plugins.gallery.orders import cost_of, phota_task_id_of

T = TypeVar("T")

#: Tiles of one page.
PAGE = 60


@dataclass(frozen=True)
class Selection:
    """Is what a reader asks to see.

    Attributes:
        status: a word; empty for all.
        page: from 1.
    """

    status: str = ""
    page: int = 1

    @classmethod
    def of(cls, status: str, page: str, known: Iterable[str]) -> Selection:
        """Reads it from the query of an address. What cannot be meant is left out."""
        number = int(page) if page.isascii() and page.isdigit() and len(page) < 7 else 1
        return cls(status if status in known else "", max(number, 1))


@dataclass(frozen=True)
class Sheet(Generic[T]):
    """Is one page of tiles.

    Attributes:
        tiles: of this page.
        total: how many there are of all statuses.
        counts: how many there are of each status, those with none left out.
        selection: what is shown.
        pages: how many pages the selection has.
    """

    tiles: Sequence[T]
    total: int
    counts: Mapping[str, int]
    selection: Selection
    pages: int


def sheet_of(tiles: Sequence[tuple[str, T]], selection: Selection) -> Sheet[T]:
    """Returns the page that a reader asks for, or the last one if there are not so many.

    Args:
        tiles: each with the word for its status.
        selection: what to show.
    """
    counts = Counter(status for status, _ in tiles)
    chosen = [tile for status, tile in tiles if selection.status in ("", status)]
    page, pages = page_of(len(chosen), selection.page)
    shown = chosen[(page - 1) * PAGE : page * PAGE]
    return Sheet(shown, len(tiles), counts, Selection(selection.status, page), pages)


def page_of(number: int, wanted: int) -> tuple[int, int]:
    """Returns the page that is shown, and how many pages there are.

    Args:
        number: of tiles.
        wanted: the page that is asked for.
    """
    pages = max(-(-number // PAGE), 1)
    return min(wanted, pages), pages


def cost_of_all(instances: Iterable[Instance]) -> Cost:
    """Returns what several task instances cost together. A PHOTA task that two of them name costs once."""
    costs: dict[object, Cost] = {}
    for instance in instances:
        cost = cost_of(instance)
        if cost.usd is not None or cost.credits is not None:
            costs.setdefault(phota_task_id_of(instance) or instance.name, cost)
    return total_cost(costs.values()) if costs else NO_COST

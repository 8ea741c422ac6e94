"""Describes what the pages of the gallery show; the templates draw it. It does no I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from airflow_provider_phota.api.types import PhotaFile
from airflow_provider_phota.plugins.gallery.orders import Problem
from airflow_provider_phota.plugins.gallery.overview import Pending, Spending
from airflow_provider_phota.plugins.gallery.sheets import Sheet
from airflow_provider_phota.plugins.gallery.tiles import ShownPicture, Tile
from airflow_provider_phota.results.cards import Asked
from airflow_provider_phota.texts import visible


@dataclass(frozen=True)
class Link:
    """Is a link, or just its words if it leads nowhere."""

    words: str
    url: str = ""


@dataclass(frozen=True)
class Fact:
    """Is one line of the facts about an order."""

    name: str
    words: str
    is_code: bool = False


@dataclass(frozen=True)
class OrderPage:
    """Is the page of one order: of a task instance, or of an item of a batch.

    Attributes:
        title: its name.
        way: the pages above it.
        status: a word for how it stands, and `look` the class that colours it.
        asked: what was ordered; None if that is not known.
        before: small copies of what was sent.
        after: small copies of what was made.
        waiting: while nothing has landed, what it waits for; else empty.
        problem: what went wrong; None if nothing did.
        missing: why there are no pictures, although there should be; else empty.
        facts: about the order.
        files: that have landed.
        refreshes: True if the page changes by itself.
    """

    title: str
    way: Sequence[Link]
    status: str
    look: str
    asked: Asked | None = None
    before: Sequence[ShownPicture] = ()
    after: Sequence[ShownPicture] = ()
    waiting: str = ""
    problem: Problem | None = None
    missing: str = ""
    facts: Sequence[Fact] = ()
    files: Sequence[PhotaFile] = ()
    refreshes: bool = False

    @property
    def prompt(self) -> str:
        return visible(self.asked.prompt, 4_000) if self.asked else ""

    @property
    def can_compare(self) -> bool:
        """True if one picture became one or more others, so that they can be laid over each other."""
        return len(self.before) == 1 and bool(self.after)


@dataclass(frozen=True)
class Choosing:
    """Lets a person choose among the items of a batch.

    Attributes:
        answer: the address of Airflow's API that takes the answer.
        items: how many have pictures, so that they can be chosen.
        question: tells this question from an earlier one of the same task instance.
    """

    answer: str
    items: int
    question: str


@dataclass(frozen=True)
class SheetPage:
    """Is the page of many pictures: of a DAG run, or of a batch.

    Attributes:
        title: its name.
        kind: what it is, in one word.
        way: the pages above it.
        sheet: the tiles.
        statuses: each word for a status, the class that colours it, and how many tiles have it.
        cost: of all.
        address: of this page, without a query.
        unit: what a tile is, in one word.
        missing: why there are no tiles, although there should be; else empty.
        notes: more lines for the reader, such as how far a batch is.
        question: Airflow's page on which the question about these pictures is answered; empty without one.
        choosing: how single items are chosen; None if they are not.
    """

    title: str
    kind: str
    way: Sequence[Link]
    sheet: Sheet[Tile]
    statuses: Sequence[tuple[str, str, int]]
    cost: str
    address: str
    unit: str = "task"
    missing: str = ""
    notes: Sequence[str] = ()
    facts: Sequence[Fact] = ()
    problem: Problem | None = None
    status: str = ""
    look: str = ""
    refreshes: bool = False
    question: str = ""
    choosing: Choosing | None = None


@dataclass(frozen=True)
class HomePage:
    """Is the page of the navigation.

    Attributes:
        tiles: of the latest orders.
        days: what was spent, by day.
        dags: the same by DAG.
        days_shown: how many days that is about.
        held: orders that may have been billed.
        expiring: paid orders whose pictures have not landed.
        is_cut: True if there are more costs than were added up.
        at: when it was made.
    """

    tiles: Sequence[Tile]
    days: Sequence[Spending]
    dags: Sequence[Spending]
    days_shown: int
    held: Sequence[Pending]
    expiring: Sequence[Pending]
    is_cut: bool
    at: datetime

    @property
    def most_of_a_day(self) -> float:
        """The highest spending of a day, which the bars are measured by."""
        return max((float(day.usd) or day.credits for day in self.days), default=0.0) or 1.0


@dataclass(frozen=True)
class NotShownPage:
    """Is the page of something that is not shown.

    Attributes:
        title: what it is about.
        why: in sentences.
    """

    title: str
    why: str


def count_by_status(counts: Mapping[str, int], looks: Mapping[str, str]) -> list[tuple[str, str, int]]:
    """Returns the statuses that occur, each with its look and its number, in the order of `looks`."""
    return [(status, look, counts[status]) for status, look in looks.items() if counts.get(status)]

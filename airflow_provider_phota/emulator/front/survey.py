"""Looks at all tasks once: how many there are of each status, and which of them the page shows."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from airflow_provider_phota.emulator.records import TaskRecord

STATUSES = ("pending", "processing", "completed", "failed")
#: Tasks on one page.
PER_PAGE = 48
#: Tasks after which other requests get their turn: about a millisecond.
_AT_A_TIME = 2_000


@dataclass(frozen=True, slots=True)
class Selection:
    """Says which tasks a reader wants to see.

    Attributes:
        status: Tasks of this status, or of any if it is None.
        page: From 1, with the newest tasks.
    """

    status: str | None = None
    page: int = 1

    @classmethod
    def of(cls, status: str | None, page: str) -> "Selection":
        """Reads what a URL says. What makes no sense is as if it were not there."""
        number = int(page) if page.isascii() and page.isdigit() and len(page) < 9 else 1
        return cls(status if status in STATUSES else None, max(1, number))


@dataclass(slots=True)
class Survey:
    """Holds what is known of all tasks.

    Attributes:
        counts: Tasks by status.
        credits: What they have reserved or spent.
        shown: The selected tasks, newest first.
        selected: How many tasks there are of the selected status, on all pages.
    """

    selection: Selection
    counts: Counter[str] = field(default_factory=Counter)
    credits: int = 0
    shown: list[TaskRecord] = field(default_factory=list)
    selected: int = 0

    @property
    def total(self) -> int:
        return self.counts.total()

    @property
    def pages(self) -> int:
        return max(1, -(-self.selected // PER_PAGE))

    def add(self, task: TaskRecord, now: float) -> None:
        status = task.status(now)
        self.counts[status] += 1
        self.credits += 0 if status == "failed" else task.order.credits
        if self.selection.status in (None, status):
            if self.selected // PER_PAGE == self.selection.page - 1:
                self.shown.append(task)
            self.selected += 1


async def survey(tasks: Iterable[TaskRecord], selection: Selection, now: float) -> Survey:
    """Returns what is known of tasks, which come newest first. It lets other requests in between."""
    seen = Survey(selection)
    for number, task in enumerate(tasks, 1):
        seen.add(task, now)
        if number % _AT_A_TIME == 0:
            await asyncio.sleep(0)
    return seen

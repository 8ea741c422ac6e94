"""Writes the table of rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tests.chaos.budgets import Books
from tests.chaos.cases import End
from tests.chaos.celery.rows import Row
from tests.chaos.celery.running import Outcome
from tests.chaos.report import span

HEADS = (
    "row",
    "what happens",
    "seeds",
    "edits",
    "delivered",
    "held",
    "tried again",
    "in batches",
    "landed",
    "ambiguous",
    "billed twice",
    "lost",
    "budget equals bill",
    "key leaked",
    "seconds",
)


@dataclass
class Line:
    """Holds all runs of a row.

    Attributes:
        wrong: the violations, and the runs that did not come to their end.
    """

    row: Row
    outcomes: list[Outcome] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def books(self) -> Iterator[Books]:
        for outcome in self.outcomes:
            if outcome.evidence.books:
                yield outcome.evidence.books
            if outcome.batch:
                yield outcome.batch.last.books

    @property
    def twice(self) -> int:
        edits = (edit for each in self.outcomes for edit in each.evidence.edits)
        batches = (each.batch.last for each in self.outcomes if each.batch)
        return sum(len(edit.billed) > 1 for edit in edits) + sum(len(batch.twice) for batch in batches)

    @property
    def lost(self) -> int:
        return sum(
            len(each.evidence.lost) + (len(each.batch.last.lost) if each.batch else 0)
            for each in self.outcomes
        )

    def ends(self, end: End) -> int:
        return sum(edit.end is end for each in self.outcomes for edit in each.evidence.edits)


def markdown(lines: Sequence[Line]) -> str:
    """Returns a table with a line for each row."""
    rows = [HEADS, tuple("---" for _ in HEADS), *map(_cells, lines)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def _cells(line: Line) -> tuple[str, ...]:
    batches = [each.batch.evidence for each in line.outcomes if each.batch]
    return (
        str(line.row.number),
        line.row.title,
        str(len(line.outcomes)),
        str(sum(len(each.evidence.edits) for each in line.outcomes)),
        str(line.ends(End.OK)),
        str(line.ends(End.HELD)),
        str(sum(edit.tries > 1 for each in line.outcomes for edit in each.evidence.edits)),
        str(sum(each.trial.items for each in batches)) if batches else "-",
        str(sum(each.counts["landed"] for each in batches)) if batches else "-",
        str(sum(len(each.ambiguous) for each in batches)) if batches else "-",
        str(line.twice),
        str(line.lost),
        _share_of_equal_books(line),
        str(sum(len(each.leaks) for each in line.outcomes)),
        span(each.seconds for each in line.outcomes),
    )


def _share_of_equal_books(line: Line) -> str:
    books = list(line.books)
    return f"{sum(not any(each.violations()) for each in books)} of {len(books)}"


def summary(lines: Sequence[Line]) -> str:
    runs = [each for line in lines for each in line.outcomes]
    edits = sum(len(each.evidence.edits) for each in runs)
    items = sum(each.batch.evidence.trial.items for each in runs if each.batch)
    return (
        f"{len(runs)} runs, {edits} single edits, {items} edits in batches, "
        f"{sum(line.twice for line in lines)} billed twice, {sum(line.lost for line in lines)} lost, "
        f"{sum(len(line.wrong) for line in lines)} violations."
    )


def violation_list(lines: Sequence[Line]) -> str:
    """Returns every violation on a line of its own."""
    return "\n".join(f"- row {line.row.number}: {wrong}" for line in lines for wrong in line.wrong)

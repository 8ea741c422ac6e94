"""Writes the table of batches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.chaos.batches.cases import BatchCase
from tests.chaos.batches.running import Outcome
from tests.chaos.budgets import summary_of_books
from tests.chaos.report import span

HEADS = (
    "row",
    "what happens",
    "batches",
    "billed",
    "landed",
    "ambiguous",
    "not sent",
    "tries",
    "at last",
    "seconds",
)


@dataclass
class Line:
    """Holds all trials of one case.

    Attributes:
        wrong: the violations, and the trials that could not be run.
    """

    case: BatchCase
    outcomes: list[Outcome] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def markdown(lines: Iterable[Line]) -> str:
    """Returns a table with a row for each case."""
    rows = [HEADS, tuple("---" for _ in HEADS), *map(_row, sorted(lines, key=lambda line: line.case.row))]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def _row(line: Line) -> tuple[str, ...]:
    found = [each.evidence for each in line.outcomes]
    return (
        line.case.row,
        line.case.title,
        str(len(found)),
        span(each.payments for each in found),
        span(each.counts["landed"] for each in found),
        span(each.counts["ambiguous"] for each in found),
        span(each.counts["not_sent"] for each in found),
        span(each.tries for each in found),
        span(each.last.payments for each in line.outcomes),
        span(each.last.seconds for each in line.outcomes),
    )


def summary(lines: Sequence[Line]) -> str:
    outcomes = [each for line in lines for each in line.outcomes]
    twice = sum(len(each.last.twice) for each in outcomes)
    lost = sum(len(each.last.lost) for each in outcomes)
    held = sum(len(each.evidence.ambiguous) for each in outcomes)
    billed = sum(each.evidence.payments for each in outcomes)
    wrong = sum(len(line.wrong) for line in lines)
    books = summary_of_books([each.last.books for each in outcomes])
    return (
        f"{len(outcomes)} batches, {billed} edits billed, {twice} billed twice, {lost} lost, "
        f"{held} ambiguous, {wrong} violations. {books}"
    )


def violation_list(lines: Sequence[Line]) -> str:
    """Returns every violation on a line of its own."""
    return "\n".join(f"- {wrong}" for line in lines for wrong in line.wrong)

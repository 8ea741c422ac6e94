"""Writes the table of figures."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.chaos.budgets import summary_of_books
from tests.chaos.cases import Case, End
from tests.chaos.evidence import Evidence

#: The column of each kind of ledger.
COLUMNS = {
    "naive": "naive",
    "state": "task state",
    "resubmit_state": "task state",
    "both": "task state + journal",
    "resubmit": "task state + journal",
    "settle": "settle, task state + journal",
    "settle_journal": "settle, journal",
    "journal": "journal",
    "resubmit_journal": "journal",
}


@dataclass
class Line:
    """Holds all trials of one case in one mode with one kind of ledger.

    Attributes:
        store: the store of the ledger's objects. It is empty if there are no objects.
        evidence: one for each seed that ran to its end.
        naive: the evidence of the naive operator in the same case.
        wrong: the violations, in words.
    """

    case: Case
    mode: str
    ledger: str
    store: str = ""
    evidence: list[Evidence] = field(default_factory=list)
    naive: list[Evidence] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def column(self) -> str:
        return COLUMNS[self.ledger] + (" on S3" if self.store == "s3" else "")


def markdown(lines: Sequence[Line]) -> str:
    """Returns a table with a row for each case and mode, and a column for each kind of ledger.

    A cell has the number of tasks that were billed, the number of edits, and how they ended.
    """
    columns = list(dict.fromkeys(("naive", *(line.column for line in lines))))
    heads = ("row", "fault", "mode", *columns, "seconds")
    rows = [heads, tuple("---" for _ in heads), *(_row(group, columns) for group in _grouped(lines))]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows)


def _grouped(lines: Sequence[Line]) -> list[list[Line]]:
    groups: dict[tuple[str, str, str], list[Line]] = {}
    for line in sorted(lines, key=lambda each: int(each.case.row)):
        groups.setdefault((line.case.row, line.case.title, line.mode), []).append(line)
    return list(groups.values())


def _row(group: Sequence[Line], columns: Sequence[str]) -> tuple[str, ...]:
    evidence = {name: [e for line in group if line.column == name for e in line.evidence] for name in columns}
    evidence["naive"] = [each for line in group for each in line.naive]
    first = group[0]
    seconds = span(each.seconds for line in group for each in line.evidence)
    return (
        first.case.row,
        first.case.title,
        first.mode,
        *(_cell(evidence[name]) for name in columns),
        seconds,
    )


def _cell(evidence: Sequence[Evidence]) -> str:
    if not evidence:
        return "-"
    billed = sum(len(each.billed) for each in evidence)
    return f"{billed}/{sum(each.trial.case.edits for each in evidence)} · {_ends(evidence)}"


def violation_list(lines: Sequence[Line]) -> str:
    """Returns every violation on a line of its own."""
    return "\n".join(f"- {wrong}" for line in lines for wrong in line.wrong)


def _ends(evidence: Sequence[Evidence]) -> str:
    words = [_end(each) for each in evidence]
    return ", ".join(f"{words.count(word)} {word}" for word in sorted(set(words)))


def _end(evidence: Evidence) -> str:
    if evidence.ends == {End.OK}:
        return "recovered" if evidence.is_recovered else "ok"
    return "+".join(sorted(end.value for end in evidence.ends)) or "nothing"


def span(numbers: Iterable[float]) -> str:
    """Returns the least and the greatest of some numbers, as whole ones."""
    if not (found := sorted(map(round, numbers))):
        return "-"
    return f"{found[0]}" if found[0] == found[-1] else f"{found[0]}-{found[-1]}"


def say(text: str) -> None:
    """Writes a line at once, so that a log shows how far a long run is."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def summary(lines: Sequence[Line]) -> str:
    everything = [each for line in lines for each in line.evidence]
    naive = [each for line in lines for each in line.naive]
    twice = sum(any(len(e.billed) > each.trial.case.billed for e in each.edits) for each in everything)
    held = sum(edit.end is End.HELD for each in everything for edit in each.edits)
    naive_twice = sum(len(each.billed) > each.trial.case.edits for each in naive)
    wrong = sum(len(line.wrong) for line in lines)
    books = [each.books for each in everything if each.books]
    later = sum(each.is_settled_later for each in everything)
    return (
        f"{len(everything)} cases, {twice} billed twice, {sum(len(each.lost) for each in everything)} lost, "
        f"{held} held, {wrong} violations (the naive operator: {len(naive)} cases, {naive_twice} billed twice)"
        f"{'. ' if books else ''}{summary_of_books(books)}{f', {later} settled by the command' if later else ''}"
    )

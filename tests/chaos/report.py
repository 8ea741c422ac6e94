"""The table of figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.chaos.cases import Case, End
from tests.chaos.evidence import Evidence
from tests.chaos.verdict import lost

HEAD = (
    "row",
    "fault",
    "mode",
    "ledger",
    "runs",
    "edits",
    "billed naive",
    "billed",
    "ends",
    "seconds",
    "verdict",
)
LEDGER_NAMES = {
    "state": "task state",
    "journal": "journal",
    "both": "task state + journal",
    "resubmit": "task state + journal",
    "resubmit_state": "task state",
}


@dataclass
class Line:
    """All trials of one case in one mode with one kind of ledger.

    Attributes:
        evidence: one for each seed that ran to its end.
        naive: of the naive operator, beside it.
        wrong: the violations, in words.
    """

    case: Case
    mode: str
    ledger: str
    evidence: list[Evidence] = field(default_factory=list)
    naive: list[Evidence] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def cells(self) -> tuple[str, ...]:
        return (
            self.case.row,
            self.case.title,
            self.mode,
            LEDGER_NAMES[self.ledger],
            str(len(self.evidence)),
            str(len(self.evidence) * self.case.edits),
            self._naive_cell,
            str(sum(len(each.billed) for each in self.evidence)),
            _ends(self.evidence),
            _span([each.seconds for each in self.evidence]),
            "; ".join(self.wrong) or "holds",
        )

    @property
    def _naive_cell(self) -> str:
        if not self.naive:
            return "-"
        return f"{sum(len(each.billed) for each in self.naive)} for {len(self.naive) * self.case.edits}"


def _ends(evidence: Sequence[Evidence]) -> str:
    words = [_end(each) for each in evidence]
    return ", ".join(f"{words.count(word)} {word}" for word in sorted(set(words)))


def _end(evidence: Evidence) -> str:
    if evidence.ends == {End.OK}:
        return "recovered" if evidence.is_recovered else "ok"
    return "+".join(sorted(end.value for end in evidence.ends)) or "nothing"


def _span(seconds: Sequence[float]) -> str:
    if not seconds:
        return "-"
    shortest, longest = round(min(seconds)), round(max(seconds))
    return f"{shortest}" if shortest == longest else f"{shortest}-{longest}"


def markdown(lines: Sequence[Line]) -> str:
    rows = [HEAD, tuple("---" for _ in HEAD), *(line.cells for line in lines)]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows)


def summary(lines: Sequence[Line]) -> str:
    everything = [each for line in lines for each in line.evidence]
    naive = [each for line in lines for each in line.naive]
    twice = sum(len(each.billed) > each.trial.case.billed * each.trial.case.edits for each in everything)
    held = sum(edit.end is End.HELD for each in everything for edit in each.edits)
    naive_twice = sum(len(each.billed) > each.trial.case.edits for each in naive)
    wrong = sum(len(line.wrong) for line in lines)
    return (
        f"{len(everything)} cases, {twice} billed twice, {sum(len(lost(each)) for each in everything)} lost, "
        f"{held} held, {wrong} violations (the naive operator: {len(naive)} cases, {naive_twice} billed twice)"
    )

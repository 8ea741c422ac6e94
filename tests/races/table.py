"""Writes the table of figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.races.ledgers import Ledger
from tests.races.verdict import Finding

HEADS = (
    "race", "ledger", "store", "times", "billed", "live at most", "IDs that arrived", "on record", "in a log alone",
    "last attempt", "seconds",
)  # fmt: skip


@dataclass
class Line:
    """Holds all runs of one race with one ledger.

    Attributes:
        wrong: the violations, in words.
    """

    case: str
    ledger: Ledger
    findings: list[Finding] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def markdown(lines: Sequence[Line]) -> str:
    rows = [HEADS, tuple("---" for _ in HEADS), *(_row(line) for line in lines if line.findings)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(line: Line) -> tuple[str, ...]:
    found = line.findings
    arrived = sum(len(each.arrived) for each in found)
    seconds = [each.seconds for each in found]
    return (
        f"`{line.case}`",
        line.ledger.words,
        line.ledger.store or "-",
        str(len(found)),
        str(sum(len(each.billed) for each in found)),
        str(max(len(each.live) for each in found)),
        str(arrived),
        str(arrived - sum(len(each.logged_only) for each in found)),
        str(sum(len(each.logged_only) for each in found)),
        _ends(found),
        f"{min(seconds):.0f}-{max(seconds):.0f}",
    )


def _ends(found: Sequence[Finding]) -> str:
    held = sum(each.held for each in found)
    counts = ((len(found) - held, "delivered"), (held, "held"))
    return ", ".join(f"{count} {word}" for count, word in counts if count)

"""Writes the table of submits whose answer was lost, with and without `on_ambiguous="settle"`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tests.chaos.cases import SETTLING, End
from tests.chaos.evidence import RESUBMITTED, EditEvidence
from tests.chaos.report import Line

_HEADS = ("row", "what happens to the submit", "`fail`: held", "`settle`: held", "settled", "billed twice")


def settle_table(lines: Iterable[Line]) -> str:
    """Returns a table with a row for each case of the group, and sums below it; "" if none of it was run."""
    groups: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        if line.case.settles:
            groups.setdefault((line.case.row, line.case.title), []).append(line)
    if not groups:
        return ""
    sums = ("", "all", *_figures([line for group in groups.values() for line in group]))
    rows = [_HEADS, ("---",) * len(_HEADS), *((*head, *_figures(group)) for head, group in groups.items())]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (*rows, sums))


def _figures(lines: Sequence[Line]) -> tuple[str, ...]:
    without = [edit for line in lines if line.ledger not in SETTLING for edit in _edits(line)]
    settling = [edit for line in lines if line.ledger in SETTLING for edit in _edits(line)]
    return (
        _held(without),
        _held(settling),
        _of(sum(_is_settled(edit) for edit in settling), settling),
        str(sum(len(edit.billed) > 1 for edit in (*without, *settling))),
    )


def _edits(line: Line) -> tuple[EditEvidence, ...]:
    return tuple(edit for evidence in line.evidence for edit in evidence.edits)


def _held(edits: Sequence[EditEvidence]) -> str:
    return _of(sum(edit.end is End.HELD for edit in edits), edits)


def _is_settled(edit: EditEvidence) -> bool:
    """True if the order was sent again, and is billed once in all."""
    return edit.end is End.OK and RESUBMITTED in edit.log and len(edit.billed) == 1


def _of(number: int, edits: Sequence[EditEvidence]) -> str:
    return f"{number}/{len(edits)}" if edits else "-"

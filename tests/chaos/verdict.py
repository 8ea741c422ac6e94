"""Checks the invariants: no edit is paid twice, no payment is lost, and no edit is held without need."""

from __future__ import annotations

from collections.abc import Iterator

from tests.chaos.cases import End
from tests.chaos.evidence import RESUBMITTED, Evidence


def violations(evidence: Evidence) -> Iterator[str]:
    """Yields every violation, in words."""
    case, edits = evidence.trial.case, evidence.edits
    if len(edits) != case.edits:
        yield f"{len(edits)} task instances for {case.edits} edits"
    if any(len(edit.billed) > case.billed for edit in edits):
        yield f"billed {len(evidence.billed)} times: {evidence.billed}"
    if evidence.lost:
        yield f"lost: {evidence.lost}"
    if wrong := evidence.ends - case.may_end(evidence.trial.ledger):
        yield f"ended {_words(wrong)}, expected {_words(case.may_end(evidence.trial.ledger))}"
    for edit in edits:
        if edit.end is End.FAILED and edit.intents:
            yield "failed with an intent on record, but was not held"
        if case.id_arrived and (missing := [each for each in edit.billed if each not in edit.log]):
            yield f"no log names {missing}"
        if edit.delivered and edit.delivered not in evidence.billed:
            yield f"delivered {edit.delivered}, which was never billed"
    delivered = [edit.delivered for edit in edits if edit.delivered]
    if len(set(delivered)) != len(delivered):
        yield "one PHOTA task was delivered to two edits"
    if evidence.trial.ledger.startswith("resubmit") and len(evidence.billed) > 1 and not _is_logged(evidence):
        yield "paid once more, but no log says so"
    if evidence.books:
        yield from evidence.books.violations()


def _is_logged(evidence: Evidence) -> bool:
    return any(RESUBMITTED in edit.log for edit in evidence.edits)


def _words(ends: frozenset[End]) -> str:
    return " or ".join(sorted(end.value for end in ends))

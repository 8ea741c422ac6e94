"""The invariants: never paid twice, nothing paid is lost, and held only where nothing else was possible."""

from __future__ import annotations

from collections.abc import Iterator

from tests.chaos.cases import End
from tests.chaos.evidence import RESUBMITTED, Evidence


def violations(evidence: Evidence) -> Iterator[str]:
    """What must not be, in words."""
    case, edits = evidence.trial.case, evidence.edits
    if len(edits) != case.edits:
        yield f"{len(edits)} task instances for {case.edits} edits"
    if len(evidence.billed) > case.billed * case.edits:
        yield f"billed {len(evidence.billed)} times: {evidence.billed}"
    if lost(evidence):
        yield f"lost: {lost(evidence)}"
    if wrong := evidence.ends - case.may_end(evidence.trial.ledger):
        yield f"ended {_words(wrong)}, expected {_words(case.may_end(evidence.trial.ledger))}"
    for edit in edits:
        if edit.end is End.FAILED and edit.intents:
            yield "failed with an intent on record, and not held"
        if edit.delivered and edit.delivered not in evidence.billed:
            yield f"delivered {edit.delivered}, which was never billed"
    delivered = [edit.delivered for edit in edits if edit.delivered]
    if len(set(delivered)) != len(delivered):
        yield "one PHOTA task was delivered to two edits"
    if evidence.trial.ledger.startswith("resubmit") and len(evidence.billed) > 1 and not _says_so(evidence):
        yield "paid once more, and no log says so"


def lost(evidence: Evidence) -> tuple[str, ...]:
    """Billed tasks of which nobody knows, not even that there may be one."""
    unknown = tuple(each for each in evidence.billed if each not in evidence.known)
    held = sum(edit.end is End.HELD for edit in evidence.edits)
    # each resubmit that was asked for and logged gives up one task whose ID never arrived
    given_up = sum(edit.log.count(RESUBMITTED) for edit in evidence.edits)
    return unknown[held + given_up :]


def _says_so(evidence: Evidence) -> bool:
    return any(RESUBMITTED in edit.log for edit in evidence.edits)


def _words(ends: frozenset[End]) -> str:
    return " or ".join(sorted(end.value for end in ends))

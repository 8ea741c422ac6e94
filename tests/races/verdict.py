"""Examines a race after its end, and says whether money was lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.races.attempts import Outcome
from tests.races.laboratory import Race

HELD = "An earlier submit of this order may be billed"
RESUBMITTED = "Submitting again, which is billed: it is not known"


@dataclass(frozen=True)
class Finding:
    """Holds what is left of a race.

    Attributes:
        billed: the PHOTA tasks that were created.
        live: the PHOTA tasks that did not fail, and so bring a result.
        arrived: the IDs that reached an attempt.
        recorded: the IDs that the ledger holds.
        intents: how many submits without an ID the ledger holds.
        outcomes: the outcomes of all attempts.
    """

    name: str
    has_object_storage: bool
    billed: tuple[str, ...]
    live: tuple[str, ...]
    arrived: frozenset[str]
    recorded: frozenset[str]
    intents: int
    outcomes: tuple[Outcome, ...]
    seconds: float

    @property
    def logged_only(self) -> frozenset[str]:
        """The IDs that are in a log but not in the ledger."""
        return self.arrived - self.recorded

    @property
    def held(self) -> bool:
        """True if the last attempt stopped, so that a person decides."""
        return HELD in (self.outcomes[-1].error or "")

    @property
    def asked_for(self) -> int:
        """The number of payments that on_ambiguous="resubmit" has added, by the logs."""
        return sum(each.log.count(RESUBMITTED) for each in self.outcomes)


def examine(race: Race, seconds: float) -> Finding:
    """Examines a race whose attempts have all ended."""
    tasks = race.tasks()
    entries = [entry for record in race.record() for entry in record.entries]
    outcomes = tuple(each.outcome() for each in race.attempts)
    recorded = {entry.phota_task_id for entry in entries if entry.phota_task_id}
    known = {entry.token for entry in entries if entry.phota_task_id}
    return Finding(
        race.name,
        race.ledger.store is not None,
        tuple(each.id for each in tasks),
        tuple(each.id for each in tasks if each.status != "failed"),
        frozenset(phota_task_id for each in outcomes for phota_task_id in each.submitted),
        frozenset(recorded),
        len({entry.token for entry in entries} - known),
        outcomes,
        seconds,
    )


def violations(finding: Finding) -> Iterator[str]:
    """Yields every violation, in words."""
    if len(finding.live) > 1 + finding.asked_for:
        yield f"{len(finding.live)} live paid tasks: {finding.live}"
    if finding.logged_only and finding.has_object_storage:
        yield f"not on record: {sorted(finding.logged_only)}"
    if finding.logged_only & _ids_that_reached(finding.outcomes[-1:]):
        yield f"not on record, though its attempt was not given up: {sorted(finding.logged_only)}"
    if lost := set(finding.billed) - finding.arrived:
        yield f"billed, but the ID reached no attempt: {sorted(lost)}"
    if finding.logged_only and not (finding.held or finding.asked_for):
        yield "an ID is only in a log, and the last attempt did not stop"
    if not finding.held and finding.outcomes[-1].result not in finding.live:
        yield f"the last attempt ended as {finding.outcomes[-1]}"


def _ids_that_reached(outcomes: Sequence[Outcome]) -> set[str]:
    return {phota_task_id for each in outcomes for phota_task_id in each.submitted}

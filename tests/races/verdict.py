"""What a race came to, and whether money was lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.races.attempts import Outcome
from tests.races.laboratory import Race

HELD = "An earlier submit of this order may be billed"
RESUBMITTED = "Submitting again, which is billed: it is not known"


@dataclass(frozen=True)
class Finding:
    """What is left of a race.

    Attributes:
        billed: the PHOTA tasks that were created.
        live: those the service did not end as failed, which alone bring a result.
        arrived: the IDs that an attempt was told.
        recorded: the IDs that the ledger holds.
        intents: how many submits it holds of which no ID is known.
        outcomes: of all attempts.
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
        """IDs that a person finds in a log, and the ledger does not know."""
        return self.arrived - self.recorded

    @property
    def held(self) -> bool:
        """True if the last attempt leaves it to a person."""
        return HELD in (self.outcomes[-1].error or "")

    @property
    def asked_for(self) -> int:
        """How many payments on_ambiguous="resubmit" has made, and said so."""
        return sum(each.log.count(RESUBMITTED) for each in self.outcomes)


def found(race: Race, seconds: float) -> Finding:
    """Look, now that all attempts have ended."""
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
    """What must not be, in words."""
    if len(finding.live) > 1 + finding.asked_for:
        yield f"{len(finding.live)} live paid tasks: {finding.live}"
    if finding.logged_only and finding.has_object_storage:
        yield f"not on record: {sorted(finding.logged_only)}"
    if finding.logged_only & _told_to(finding.outcomes[-1:]):
        yield f"not on record, though its attempt was not given up: {sorted(finding.logged_only)}"
    if unheard := set(finding.billed) - finding.arrived:
        yield f"billed, and no attempt was told of it: {sorted(unheard)}"
    if finding.logged_only and not (finding.held or finding.asked_for):
        yield "an ID stands in a log alone, and the last attempt did not hold"
    if not finding.held and finding.outcomes[-1].result not in finding.live:
        yield f"the last attempt brought {finding.outcomes[-1]}"


def _told_to(outcomes: Sequence[Outcome]) -> set[str]:
    return {phota_task_id for each in outcomes for phota_task_id in each.submitted}

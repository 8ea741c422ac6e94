"""Folds the events of one sending of an item into what is known about it. It does no I/O."""

from __future__ import annotations

from dataclasses import dataclass, replace

from airflow_provider_phota.api.costs import UNKNOWN_COST, Cost
from airflow_provider_phota.journal.events import Doubtful, Intent, Paid, TakenBack


@dataclass(frozen=True, slots=True)
class Sending:
    """Is all that is known about one sending of an item.

    Attributes:
        lease: the number of the lease that recorded it.
        segment: the name of the segment that holds its intent; empty if no intent was read.
        at: epoch seconds of the sender's clock; 0 if no intent was read.
        seconds: how long the sender may take, from `at` on.
        doubt: why it is not known whether it was billed; empty if there is no such reason.
        named_task_id: the task that a doubtful answer named.
        digest: of the order, if its landed pictures are to be found again by it.
        estimated_time: seconds that the service expected the task to take.
        model: that was ordered; empty if an older version wrote the journal.
        cost: as expected, and once the task is known, by the answer to its submit.
    """

    generation: int
    token: str
    lease: int
    segment: str = ""
    at: float = 0.0
    seconds: float = 0.0
    fingerprint: str = ""
    resubmits: int = 0
    is_taken_back: bool = False
    phota_task_id: str | None = None
    paid_at: float | None = None
    credits: float | None = None
    is_adopted: bool = False
    doubt: str = ""
    named_task_id: str = ""
    digest: str = ""
    estimated_time: float | None = None
    model: str = ""
    cost: Cost = UNKNOWN_COST

    @property
    def sent_at(self) -> float | None:
        """Epoch seconds; of a task that was adopted, when that was recorded. None if neither is known."""
        return self.at or self.paid_at


def completed(known: Sending, event: Intent | TakenBack | Paid | Doubtful, segment: str) -> Sending:
    """Returns what is known of a sending with an event of it, which the named segment holds."""
    if isinstance(event, Intent):
        return replace(
            known,
            segment=segment or "-",
            at=event.at,
            seconds=event.seconds,
            fingerprint=event.fingerprint,
            resubmits=event.resubmits,
            digest=event.digest,
            model=known.model or event.model,
            cost=known.cost if known.phota_task_id else event.cost,
        )
    if isinstance(event, TakenBack):
        return replace(known, is_taken_back=True)
    if isinstance(event, Doubtful):
        return replace(known, doubt=event.reason or "unknown", named_task_id=event.named_task_id)
    return replace(
        known,
        phota_task_id=event.phota_task_id,
        paid_at=event.at,
        credits=event.credits,
        is_adopted=event.adopted,
        estimated_time=event.estimated_time,
        model=event.model or known.model,
        cost=event.cost,
    )


def rank(sending: Sending) -> tuple[int, int, float, str]:
    """Returns what sorts the sendings of an item: the last one counts."""
    return sending.generation, sending.lease, sending.paid_at or sending.at, sending.token

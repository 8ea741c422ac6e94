"""Defines the events of a journal. Each is one line of JSON, whose first field `e` says which event it is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

from airflow_provider_phota.api.costs import UNKNOWN_COST, Cost
from airflow_provider_phota.api.task_ids import TASK_ID
from airflow_provider_phota.journal.rows import Row


@dataclass(frozen=True, slots=True)
class Intent:
    """An order is about to be sent.

    Attributes:
        item: the ID of the item.
        generation: 1 for the first payment of the item, and one more for each new one.
        token: different for every sending.
        at: epoch seconds of the sender's clock.
        seconds: how long the sender may take, from `at` on.
        fingerprint: of what is asked for, with pictures known by their content.
        resubmits: how many submits of unknown fate this one repeats.
        digest: of the order, if its landed pictures are to be found again by it; else empty.
        model: that is ordered.
        cost: what it is expected to cost.
    """

    kind: ClassVar[str] = "intent"

    item: str
    generation: int
    token: str
    at: float
    seconds: float
    fingerprint: str
    resubmits: int = 0
    digest: str = ""
    model: str = ""
    cost: Cost = UNKNOWN_COST


@dataclass(frozen=True, slots=True)
class TakenBack:
    """The order of an intent provably created no task."""

    kind: ClassVar[str] = "taken_back"

    item: str
    generation: int
    token: str


@dataclass(frozen=True, slots=True)
class Paid:
    """A PHOTA task is paid for.

    Attributes:
        phota_task_id: its ID.
        at: epoch seconds.
        credits: what the service reserved; None if it did not say.
        adopted: True if a person has named the task.
        estimated_time: seconds that the service expects the task to take; None if it did not say.
        model: that was ordered.
        cost: by the answer to the submit; of an adopted task, by what the service says of it.
    """

    kind: ClassVar[str] = "paid"

    item: str
    generation: int
    token: str
    phota_task_id: str
    at: float
    credits: float | None = None
    adopted: bool = False
    estimated_time: float | None = None
    model: str = ""
    cost: Cost = UNKNOWN_COST


@dataclass(frozen=True, slots=True)
class Doubtful:
    """The answer to a submit was lost, or proves nothing: a task may have been created and billed.

    Attributes:
        at: epoch seconds.
        reason: what happened, in words for the user.
        named_task_id: a task that the answer named; empty if it named no task.
    """

    kind: ClassVar[str] = "doubtful"

    item: str
    generation: int
    token: str
    at: float
    reason: str
    named_task_id: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """Nothing more happens to an item in this attempt.

    Attributes:
        generation: of its last payment; 0 if it was never paid for.
    """

    kind: ClassVar[str] = "ended"

    item: str
    generation: int
    row: Row


@dataclass(frozen=True, slots=True)
class Reopened:
    """An item that had ended is to be paid for once more, since the user asked for it."""

    kind: ClassVar[str] = "reopened"

    item: str
    generation: int


Event: TypeAlias = Intent | TakenBack | Paid | Doubtful | Ended | Reopened

_KINDS: dict[str, type[Any]] = {
    each.kind: each for each in (Intent, TakenBack, Paid, Doubtful, Ended, Reopened)
}


def to_line(event: Event) -> bytes:
    """Returns the event as a line of JSON."""
    fields: dict[str, Any] = {"e": event.kind}
    if isinstance(event, Ended):
        fields |= {"item": event.item, "generation": event.generation, "row": event.row.to_dict()}
    else:
        fields |= {name: getattr(event, name) for name in event.__slots__}
    if isinstance(event, Intent | Paid):
        fields["cost"] = event.cost.to_dict()
    return json.dumps(fields, separators=(",", ":")).encode() + b"\n"


def from_line(line: bytes) -> Event:
    """Reads an event back.

    Raises:
        ValueError: It is not a line of a journal.
    """
    try:
        fields = json.loads(line)
        kind = _KINDS[fields.pop("e")]
        if kind is Ended:
            fields["row"] = Row.from_dict(fields["row"])
        if "cost" in fields:
            fields["cost"] = Cost.from_dict(fields["cost"])
        event: Event = kind(**fields)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"it has a missing or wrong field ({error})") from None
    if isinstance(event, Paid) and not TASK_ID.fullmatch(event.phota_task_id):
        raise ValueError("it names something that is not a PHOTA task")
    return event

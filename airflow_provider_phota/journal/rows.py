"""Describes what became of one item of a batch: a line of the journal, and of `results.jsonl`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from airflow_provider_phota.api.costs import NO_COST, Cost
from airflow_provider_phota.api.types import PhotaFile


class Status(Enum):
    """Says what became of an item."""

    #: its pictures are in the destination
    LANDED = "landed"
    #: the same order had landed before, so nothing was paid
    EXISTING = "existing"
    #: the service ended the task as failed, or its results could not be landed
    FAILED = "failed"
    #: the input was refused: by a check here, by the service's answer or by the task
    REFUSED = "refused"
    #: the submit was sent, and it is not known whether it was billed
    AMBIGUOUS = "ambiguous"
    #: it was paid for, and its results are no longer served
    EXPIRED = "expired"
    #: nothing was sent
    NOT_SENT = "not_sent"

    @property
    def is_success(self) -> bool:
        """True if the item has its pictures: it is not sent again, whatever else is read."""
        return self in (Status.LANDED, Status.EXISTING)

    @property
    def is_failure(self) -> bool:
        """True if it counts towards `max_failures`."""
        return self in (Status.FAILED, Status.REFUSED, Status.AMBIGUOUS, Status.EXPIRED)


@dataclass(frozen=True, slots=True)
class Row:
    """Says what became of one item.

    Attributes:
        number: of the item among all items, from 1.
        key: the name of the item.
        files: the landed pictures.
        phota_task_id: the paid task; None if there is none, or if its ID is not known.
        credits: what the service reserved; None if it did not say.
        error: what went wrong, in words for the user; empty if nothing did.
        submitted_at: epoch seconds.
        ended_at: epoch seconds.
        can_retry: True if another attempt can end better without another payment.
        same_as: the key of the item that was paid for in its place, since it asks for the same.
        cost: in the end. It is nothing if another item was paid for in its place, and what was expected if it
            is not known whether the item was paid for.
    """

    number: int
    key: str
    status: Status
    files: tuple[PhotaFile, ...] = ()
    phota_task_id: str | None = None
    credits: float | None = None
    error: str = ""
    submitted_at: float | None = None
    ended_at: float | None = None
    can_retry: bool = False
    same_as: str | None = None
    cost: Cost = NO_COST

    def to_dict(self) -> dict[str, Any]:
        """Returns the row as plain data for JSON."""
        return {
            "number": self.number,
            "key": self.key,
            "status": self.status.value,
            "files": list(self.files),
            "phota_task_id": self.phota_task_id,
            "credits": self.credits,
            "error": self.error,
            "submitted_at": self.submitted_at,
            "ended_at": self.ended_at,
            "can_retry": self.can_retry,
            "same_as": self.same_as,
            "cost": self.cost.to_dict(),
        }

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Row:
        """Reads a row back.

        Raises:
            KeyError, TypeError, ValueError: It is not a row.
        """
        known = dict(fields)
        return cls(
            **{
                **known,
                "status": Status(known["status"]),
                "files": tuple(known["files"]),
                "cost": Cost.from_dict(known.get("cost")),
            }
        )

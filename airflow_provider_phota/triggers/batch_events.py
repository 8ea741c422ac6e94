"""Defines the event by which a batch comes back from the triggerer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from airflow_provider_phota.triggers.events import unreadable_event

VERSION = 1


class WakeUp(Enum):
    """Says why a batch comes back."""

    ENOUGH = "enough orders have ended"
    EXPIRING = "the oldest results are about to expire"
    UNREADABLE = "the triggerer could not read the list of open tasks"
    BROKEN = "the triggerer could not wait, as its log says"


@dataclass(frozen=True)
class BatchWaitEvent:
    """Says how the pause of a batch has ended.

    Attributes:
        waits: the list of open tasks, as a URL.
        why: the batch comes back.
        ended: how many of the tasks have ended.
        open: how many are still open.
    """

    waits: str
    why: WakeUp
    ended: int = 0
    open: int = 0

    def __str__(self) -> str:
        start = f"The pause is over, since {self.why.value}"
        if self.has_failed:
            return f"{start}. The batch goes on in its worker slot, and does not pause again in this attempt."
        return f"{start}: {self.ended} PHOTA tasks have ended, {self.open} are open."

    @property
    def has_failed(self) -> bool:
        """True if the triggerer could not wait, and is not likely to do better next time."""
        return self.why in (WakeUp.UNREADABLE, WakeUp.BROKEN)

    def to_dict(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "waits": self.waits,
            "why": self.why.name.lower(),
            "ended": self.ended,
            "open": self.open,
        }

    @classmethod
    def from_dict(cls, event: Any) -> BatchWaitEvent:
        """Returns the event in plain data.

        Raises:
            ValueError: the data is not such an event, or of a version that this package does not know.
        """
        try:
            if event["version"] != VERSION:
                raise ValueError(f"version {event['version']!r}")
            why = WakeUp[str(event["why"]).upper()]
            return cls(str(event["waits"]), why, int(event["ended"]), int(event["open"]))
        except (TypeError, KeyError, ValueError) as error:
            raise unreadable_event(error) from None

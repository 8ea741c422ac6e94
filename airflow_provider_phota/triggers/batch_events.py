"""Defines the event by which a batch comes back from the triggerer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

VERSION = 1


class WakeUp(Enum):
    """Says why a batch comes back."""

    ENOUGH = "enough orders have ended"
    EXPIRING = "the oldest results are about to expire"
    DEADLINE = "the time to wait is over"
    UNREADABLE = "the list of open tasks could not be read"


@dataclass(frozen=True)
class BatchWaitEvent:
    """Says how the pause of a batch has ended.

    Attributes:
        waits: the list of open tasks, as a URL.
        ended: how many of them have ended.
        open: how many are still open.
    """

    waits: str
    ended: int
    open: int
    why: WakeUp

    def __str__(self) -> str:
        counts = f"{self.ended} PHOTA tasks have ended, {self.open} are open"
        return f"The pause is over, since {self.why.value}: {counts}."

    def to_dict(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "waits": self.waits,
            "ended": self.ended,
            "open": self.open,
            "why": self.why.name.lower(),
        }

    @classmethod
    def from_dict(cls, event: Mapping[str, Any]) -> BatchWaitEvent:
        """Reads an event back.

        Raises:
            ValueError: It is not such an event.
        """
        try:
            if event["version"] != VERSION:
                raise ValueError("it is of another version")
            return cls(
                str(event["waits"]), int(event["ended"]), int(event["open"]), WakeUp[event["why"].upper()]
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"it is not the event of a batch ({error})") from None

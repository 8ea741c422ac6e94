"""Describes what tells the time: the standard library's module `time`, or a clock that a test makes."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Tells the time and lets it pass; all times are in seconds."""

    def time(self) -> float:
        """Returns the seconds since the epoch, by which two machines can disagree."""

    def monotonic(self) -> float:
        """Returns a time that only goes forward, and that means nothing to another process."""

    def sleep(self, seconds: float, /) -> None:
        """Lets that many seconds pass."""

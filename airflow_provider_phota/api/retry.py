"""After how long to send again, and when not to: small policies, no clock, no I/O."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

#: 0.0 <= x < 1.0
Chance = Callable[[], float]


@dataclass(frozen=True)
class Backoff:
    """Exponential back-off with full jitter, bounded in tries and in seconds.

    Attributes:
        tries: how often a request is sent at most.
        first: seconds the first pause may last at most; each later one may last twice as long.
        longest: seconds any one pause may last at most.
        patience: seconds a service may ask us to wait (Retry-After); a longer wish ends the tries.
    """

    tries: int = 5
    first: float = 1.0
    longest: float = 30.0
    patience: float = 120.0
    chance: Chance = random.random

    def pause(self, failures: int, asked_for: float = 0.0) -> float | None:
        """Seconds before the next try after so many failures in a row, None to give up."""
        if failures >= self.tries or asked_for > self.patience:
            return None
        return asked_for + self.chance() * min(self.first * 2.0 ** min(failures - 1, 60), self.longest)

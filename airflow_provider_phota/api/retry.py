"""Decides after how long a request is sent again, and when to give up. It uses no clock and no I/O."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

#: Returns a random number: 0.0 <= number < 1.0.
Chance = Callable[[], float]


@dataclass(frozen=True)
class Backoff:
    """Plans exponential back-off with full jitter, limited in tries and in seconds.

    Attributes:
        tries: how often a request is sent at most.
        first: seconds that the first pause lasts at most; each later one may last twice as long.
        longest: seconds that any pause lasts at most.
        patience: the longest Retry-After, in seconds, that is waited for; a longer one ends the tries.
        chance: random numbers; for tests.
    """

    tries: int = 5
    first: float = 1.0
    longest: float = 30.0
    patience: float = 120.0
    chance: Chance = random.random

    def pause(self, failures: int, asked_for: float = 0.0) -> float | None:
        """Returns the seconds before the next try, or None to give up.

        Args:
            failures: how many tries in a row have failed.
            asked_for: seconds for which the service asked us to wait.
        """
        if failures >= self.tries or asked_for > self.patience:
            return None
        return asked_for + self.chance() * min(self.first * 2.0 ** min(failures - 1, 60), self.longest)

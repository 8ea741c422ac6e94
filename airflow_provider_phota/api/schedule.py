"""When to ask about a task next."""

from __future__ import annotations

import random
from dataclasses import dataclass

from airflow_provider_phota.api.retry import Chance

#: Seconds between two questions while the service cannot be asked, at most.
LONGEST_PAUSE = 60.0


@dataclass(frozen=True)
class PollSchedule:
    """A steady interval, spread so that waits begun together do not ask together.

    Attributes:
        interval: seconds between two questions; the vendor recommends 5 to 10.
    """

    interval: float = 5.0
    chance: Chance = random.random

    def next_in(self, failures: int = 0, asked_for: float = 0.0) -> float:
        """Seconds until the next question, after so many failed ones in a row.

        Args:
            failures: how many questions in a row got no usable answer.
            asked_for: seconds the service asked us to stay away (Retry-After): a minimum.
        """
        calm = min(self.interval * 2.0 ** min(failures, 10), max(self.interval, LONGEST_PAUSE))
        return max(calm * (0.75 + 0.5 * self.chance()), asked_for)

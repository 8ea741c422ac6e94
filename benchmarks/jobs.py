"""Makes the jobs to wait for: when each begins, how long it takes, and how its progress looks."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

#: The most seconds of a job with a long tail. Without it, 1 job of 120 would make every run much longer.
LONGEST = 240.0
#: Shape of the long tail (standard deviation of the logarithm).
SIGMA = 0.7

#: The duration that the PHOTA service estimates for every task, short or long, in seconds.
ESTIMATE = 45

#: What a service shows of the progress: a guess, nothing, one number all the time, or a jump at the end.
PROGRESS = ("uneven", "none", "still", "late")
#: The percent at which progress stands still, the percent to which it jumps, and at which part of the job.
_STILL, _LATE, _JUMP = 30, 95, 0.9

Draw = Callable[[random.Random], float]

#: Name -> a function that draws the seconds of a job.
DURATIONS: dict[str, Draw] = {
    "short": lambda chance: chance.uniform(5.0, 25.0),
    "tail": lambda chance: min(chance.lognormvariate(math.log(45.0), SIGMA), LONGEST),
    "slow": lambda chance: chance.uniform(60.0, 240.0),
    "long": lambda chance: chance.uniform(400.0, 700.0),
}


@dataclass(frozen=True)
class Job:
    """Describes one job, in seconds from the start of the run.

    Its progress is sometimes too fast, sometimes too slow, and sometimes stands still, so that it only allows
    a guess, as with a real service.
    """

    begins: float
    seconds: float
    pending: float
    bend: float
    wobble: float
    waves: int

    @property
    def ends(self) -> float:
        return self.begins + self.seconds

    def percent(self, now: float) -> int:
        """Returns the progress, which never falls and is 100 only when the job is finished."""
        if now >= self.ends:
            return 100
        age = now - self.begins
        if age <= self.pending:
            return 0
        share = (age / self.seconds) ** self.bend
        turns = 2 * math.pi * self.waves
        return min(int(100 * (share + self.wobble * math.sin(turns * share) / turns)), 99)

    def shown(self, now: float, progress: str) -> int:
        """Returns what a service shows of the progress, which is one of `PROGRESS`."""
        percent = self.percent(now)
        if progress == "uneven" or percent == 100:
            return percent
        age = now - self.begins
        if progress == "late":
            return _LATE if age > _JUMP * self.seconds else 0
        return _STILL if progress == "still" and age > self.pending else 0


@dataclass(frozen=True)
class Workload:
    """Holds what is the same for all contestants of one run.

    Attributes:
        waits: how many jobs are waited for.
        durations: a name of `DURATIONS`.
        spread: seconds in which the waits begin, evenly.
        seed: the seed of the durations and the progress.
        progress: what the service shows of it: one of `PROGRESS`.
        estimate: seconds that the service says every job takes.
    """

    waits: int
    durations: str
    spread: float = 5.0
    seed: int = 1
    progress: str = "uneven"
    estimate: int = ESTIMATE

    @cached_property
    def jobs(self) -> tuple[Job, ...]:
        chance = random.Random(self.seed)  # noqa: S311  # the same jobs for every contestant
        return tuple(self._job(number, chance) for number in range(self.waits))

    def begins(self, number: int) -> float:
        return self.spread * number / self.waits

    @property
    def longest(self) -> float:
        """Seconds until the last job ends."""
        return max(job.ends for job in self.jobs)

    def _job(self, number: int, chance: random.Random) -> Job:
        seconds = DURATIONS[self.durations](chance)
        return Job(
            begins=self.begins(number),
            seconds=seconds,
            pending=seconds * chance.uniform(0.02, 0.2),
            bend=2.0 ** chance.uniform(-0.7, 0.7),
            wobble=chance.uniform(0.0, 0.95),
            waves=chance.choice((1, 2, 3)),
        )

"""When to ask about a task next.

A question costs something, and so does every second in which nobody knows that a task is finished. Where a
task ends with hazard h (chance a second), asking every sqrt(2c / h) seconds is cheapest, if one question is
worth c seconds of delay (J. B. Keller, "Optimum checking schedules for systems subject to random failure",
Management Science 21, 1974). So: seldom while a task is young, often while its end is likely, less often
once it is late. For a log-normal forecast the plan is one table for each spread, in units of the median.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import lru_cache

from airflow_provider_phota.api.retry import Chance
from airflow_provider_phota.polling.durations import Durations, Sight

#: Seconds between two questions while the service cannot be asked, at most.
LONGEST_PAUSE = 60.0
#: Seconds of delay that one question is worth.
_WORTH = 0.5
#: Part of an interval by which it is longer or shorter by chance, so that equal waits do not ask together.
_BLUR = 0.1


@dataclass(frozen=True)
class PollSchedule:
    """Asks when an answer is likely to be worth it, within bounds; a steady interval where they are equal.

    Attributes:
        shortest: seconds between two questions, at least.
        longest: seconds between two questions, at most.
        durations: what tasks taught; shared by those who learn together.
    """

    shortest: float
    longest: float
    durations: Durations = field(default_factory=Durations, compare=False)
    chance: Chance = random.random

    def next_in(self, sight: Sight | None = None, failures: int = 0, asked_for: float = 0.0) -> float:
        """Seconds until the next question.

        Args:
            sight: the task as it was last seen, at the age it has now; None if it was never seen.
            failures: how many questions in a row got no usable answer.
            asked_for: seconds the service asked us to stay away (Retry-After): a minimum.
        """
        calm = min(max(self._worthwhile(sight), self.shortest), self.longest)
        calm = min(calm * 2.0 ** min(failures, 10), max(calm, LONGEST_PAUSE))
        return max(calm * (1.0 + _BLUR * (2.0 * self.chance() - 1.0)), asked_for)

    def _worthwhile(self, sight: Sight | None) -> float:
        if sight is None or self.shortest == self.longest:
            return self.shortest
        forecast = self.durations.forecast(sight)
        plan = _plan(min(max(round(forecast.spread, 1), 0.1), 2.0))
        return plan.after(sight.age / forecast.median, forecast.median) * forecast.median - sight.age


@dataclass(frozen=True)
class _Plan:
    """How many questions are worth asking up to an age, for one spread and a median of one second.

    For another median m, ages are m times as long, and questions sqrt(m) times as many.
    """

    ages: tuple[float, ...]
    questions: tuple[float, ...]

    def after(self, age: float, median: float) -> float:
        """The age at which to ask next; both in medians."""
        asked = _between(self.ages, self.questions, age)
        return _between(self.questions, self.ages, asked + 1.0 / math.sqrt(median))


@lru_cache(maxsize=32)
def _plan(spread: float) -> _Plan:
    ages, questions = [0.0], [0.0]
    age = math.exp(-5 * spread)
    last = math.exp(6 * spread)
    while age < last:
        step = age * spread / 20
        density = math.sqrt(_hazard(age + step / 2, spread) / (2 * _WORTH))
        ages.append(age + step)
        questions.append(questions[-1] + density * step)
        age += step
    return _Plan(tuple(ages), tuple(questions))


def _hazard(age: float, spread: float) -> float:
    """Chance a second that a task of that age ends now, log-normal with a median of one second."""
    z = math.log(age) / spread
    surviving = math.erfc(z / math.sqrt(2)) / 2
    return math.exp(-z * z / 2) / (age * spread * math.sqrt(2 * math.pi) * surviving)


def _between(xs: tuple[float, ...], ys: tuple[float, ...], x: float) -> float:
    """The y of an x, on straight lines between the points, and on the last line beyond them."""
    i = min(max(bisect_right(xs, x), 1), len(xs) - 1)
    return ys[i - 1] + (ys[i] - ys[i - 1]) * (x - xs[i - 1]) / (xs[i] - xs[i - 1])

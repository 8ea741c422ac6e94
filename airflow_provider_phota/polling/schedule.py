"""Decides when to ask about a task next.

A question costs something, and so does every second in which it is not known that a task is finished. If a
task ends with hazard h (its chance a second), and one question is worth c seconds of delay, then asking every
sqrt(2c / h) seconds is cheapest (J. B. Keller, "Optimum checking schedules for systems subject to random
failure", Management Science 21, 1974). So a task is asked about rarely while it is young, often while its end
is likely, and less often once it is late. For a log-normal forecast the plan is one table for each spread, in
units of the median.

That is best only as far as the forecast is right. While it tells little, since few tasks were seen yet or the
service shows no progress that means anything, the schedule asks steadily, except where even a vague forecast
says that the task is too young, or late. So it never knows later than whoever asks every 5 seconds.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import lru_cache

from airflow_provider_phota.api.retry import Chance
from airflow_provider_phota.polling.durations import Durations, Observation
from airflow_provider_phota.polling.experience import Forecast

#: Seconds between two questions, at most, while the service gives no usable answer.
LONGEST_PAUSE = 60.0
#: Seconds of delay that one question is worth.
_WORTH = 0.5
#: Spread of a forecast above which it tells little.
_VAGUE = 0.25
#: Seconds between two questions while a forecast tells little, and for long tasks this part of its median.
_STEADY, _PART = 4.5, 1 / 40
#: How many spreads below the median a task is too young to end, and above it late.
_YOUNG, _LATE = 2.2, 1.2
#: Part of a pause by which it is longer or shorter at random, so that equal waits do not ask together.
_JITTER = 0.1


@dataclass(frozen=True)
class PollSchedule:
    """Chooses pauses within bounds, by when an answer is likely to be worth a question.

    Equal bounds give a steady interval.

    Attributes:
        shortest: seconds between two questions, at least.
        longest: seconds between two questions, at most.
        durations: what tasks have taught; several schedules may share it.
        chance: random numbers; for tests.
    """

    shortest: float
    longest: float
    durations: Durations = field(default_factory=Durations, compare=False)
    chance: Chance = random.random

    def next_in(self, seen: Observation | None = None, failures: int = 0, asked_for: float = 0.0) -> float:
        """Returns the seconds until the next question.

        Args:
            seen: the task as it was last seen running, at its present age; None if it was never seen.
            failures: how many questions in a row got no usable answer.
            asked_for: seconds for which the service asked us to wait (Retry-After), as a minimum.
        """
        pause = min(max(self._best_pause(seen), self.shortest), self.longest)
        pause = min(pause * 2.0 ** min(failures, 10), max(pause, LONGEST_PAUSE))
        return max(pause * (1.0 + _JITTER * (2.0 * self.chance() - 1.0)), asked_for)

    def _best_pause(self, seen: Observation | None) -> float:
        if seen is None or self.shortest == self.longest:
            return self.shortest
        forecast = self.durations.forecast(seen)
        if forecast.spread <= _VAGUE:
            return _planned_pause(forecast, seen.age)
        steady = max(_STEADY, _PART * forecast.median)
        if seen.age > forecast.age_at(_LATE):
            return max(_planned_pause(forecast, seen.age), steady)
        return max(forecast.age_at(-_YOUNG) - seen.age, steady)


def _planned_pause(forecast: Forecast, age: float) -> float:
    plan = _plan(min(max(round(forecast.spread, 1), 0.1), 2.0))
    return plan.after(age / forecast.median, forecast.median) * forecast.median - age


@dataclass(frozen=True)
class _Plan:
    """Tabulates how many questions are worth asking up to an age, for a median of one second.

    For another median m, the ages are m times as long, and the questions sqrt(m) times as many.
    """

    ages: tuple[float, ...]
    questions: tuple[float, ...]

    def after(self, age: float, median: float) -> float:
        """Returns the age at which to ask next; both ages are in medians."""
        asked = _interpolated(self.ages, self.questions, age)
        return _interpolated(self.questions, self.ages, asked + 1.0 / math.sqrt(median))


@lru_cache(maxsize=32)
def _plan(spread: float) -> _Plan:
    """Adds up the density of questions, step by step, over the ages at which a task may end."""
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
    """Returns the chance a second that a task of this age ends now, for a median of one second."""
    z = math.log(age) / spread
    surviving = math.erfc(z / math.sqrt(2)) / 2
    return math.exp(-z * z / 2) / (age * spread * math.sqrt(2 * math.pi) * surviving)


def _interpolated(xs: tuple[float, ...], ys: tuple[float, ...], x: float) -> float:
    """Returns the y of an x on straight lines between the points; beyond them the last line goes on."""
    i = min(max(bisect_right(xs, x), 1), len(xs) - 1)
    return ys[i - 1] + (ys[i] - ys[i - 1]) * (x - xs[i - 1]) / (xs[i] - xs[i - 1])

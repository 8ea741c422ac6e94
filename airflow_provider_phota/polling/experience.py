"""Learns from finished and running tasks how long the next one takes.

The moment at which a task ends is never seen. A finished task ended between the last question that found it
running and the next one; a running task will end at some later age. Learning from the finished tasks only
would make all tasks look short, since of tasks that begin together the short ones end first. So every task
counts by what its bounds say about a normal distribution: by its score, and by how much it says about the
mean (Fisher scoring for censored values, one step for each observation, as it comes).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TypeAlias

#: Finished tasks that are remembered at least.
_REMEMBERED = 200.0
#: Finished tasks that weigh as much as what is assumed at the beginning. It is little, since the estimates of
#: the service may be three times too long or too short.
_ASSUMED = 0.5
#: Logarithm of the largest correction that can be learned.
_FURTHEST = 20.0
#: Smallest spread of the logarithms: the next task may differ a little from tasks that were all alike.
_LEAST_SPREAD = 0.1
#: Standard deviations at which values are cut, so that one odd task does not change everything.
_OUTLIER = 8.0

_ROOT_2, _ROOT_2_PI = math.sqrt(2.0), math.sqrt(2.0 * math.pi)

#: What one task teaches: its weight, its weighted value and its weighted square.
Lesson: TypeAlias = tuple[float, float, float]


@dataclass(frozen=True)
class Forecast:
    """Estimates, as a log-normal distribution, how long a task takes in all.

    Attributes:
        median: seconds.
        spread: standard deviation of the natural logarithm.
    """

    median: float
    spread: float

    def age_at(self, spreads: float) -> float:
        """Returns the age in seconds that is this many spreads above the median, or below if negative."""
        return self.median * math.exp(spreads * self.spread)

    def combined(self, other: Forecast) -> Forecast:
        """Returns what two independent forecasts say together; the one with less spread counts for more."""
        mine, theirs = self.spread**-2, other.spread**-2
        mean = (mine * math.log(self.median) + theirs * math.log(other.median)) / (mine + theirs)
        return Forecast(math.exp(mean), (mine + theirs) ** -0.5)


@dataclass
class _Sums:
    """Adds up lessons: their weights, weighted values and weighted squares."""

    weight: float = 0.0
    values: float = 0.0
    squares: float = 0.0

    def add(self, lesson: Lesson, times: float = 1.0) -> None:
        self.weight += times * lesson[0]
        self.values += times * lesson[1]
        self.squares += times * lesson[2]

    def fade(self, most: float) -> None:
        """Lowers the weight of all lessons, so that together they weigh `most` at most."""
        if self.weight > most:
            share = most / self.weight
            self.weight, self.values, self.squares = most, share * self.values, share * self.squares


@dataclass
class Experience:
    """Learns by what factor tasks take longer than something predicted, as a logarithm.

    Attributes:
        assumed_spread: spread of the logarithms before any task was seen.
    """

    assumed_spread: float
    _finished: _Sums = field(init=False)
    _running: _Sums = field(default_factory=_Sums, init=False)
    _lessons: dict[str, Lesson] = field(default_factory=dict, init=False)
    _remembered: float = field(default=_REMEMBERED, init=False)

    def __post_init__(self) -> None:
        self._finished = _Sums(_ASSUMED, 0.0, _ASSUMED * self.assumed_spread**2)

    def forecast(self, seconds: float, scale: float = 1.0) -> Forecast:
        """Returns a prediction as it is corrected by what was learned.

        Args:
            seconds: the prediction.
            scale: how many times as large the logarithms of this prediction are.
        """
        mean, spread = self._belief()
        correction = min(max(mean * scale, -_FURTHEST), _FURTHEST)
        # the fewer tasks were seen, the less is known about the mean as well
        spread *= math.sqrt(1.0 + 1.0 / self._weight)
        return Forecast(seconds * math.exp(correction), spread * scale)

    def learn(self, phota_task_id: str, above: float, below: float) -> None:
        """Learns that the logarithm of a task's factor lies between two bounds.

        Args:
            phota_task_id: the task.
            above: the lower bound.
            below: the upper bound; infinite while the task runs.
        """
        lesson = _lesson(*self._belief(), above, below)
        self.forget(phota_task_id)
        if math.isinf(below):
            self._lessons[phota_task_id] = lesson
            self._running.add(lesson)
            # as many as ever ran at the same time: with fewer, the last of them would outvote the first
            self._remembered = max(self._remembered, len(self._lessons))
        else:
            self._finished.add(lesson)
            self._finished.fade(self._remembered)

    def forget(self, phota_task_id: str) -> None:
        """Forgets what a running task has taught."""
        if lesson := self._lessons.pop(phota_task_id, None):
            self._running.add(lesson, -1.0)
        if not self._lessons:
            self._running = _Sums()  # also drops the errors of rounding

    @property
    def _weight(self) -> float:
        return self._finished.weight + self._running.weight

    def _belief(self) -> tuple[float, float]:
        """Returns the mean and the standard deviation of what was learned."""
        weight = self._weight
        mean = (self._finished.values + self._running.values) / weight
        variance = (self._finished.squares + self._running.squares) / weight - mean**2
        return mean, math.sqrt(max(variance, _LEAST_SPREAD**2))


def _lesson(mean: float, spread: float, above: float, below: float) -> Lesson:
    """Returns what a value teaches of which only two bounds are known."""
    low, high = (min(max((bound - mean) / spread, -_OUTLIER), _OUTLIER) for bound in (above, below))
    if high - low < _LEAST_SPREAD:
        score, weight = (low + high) / 2, 1.0
    else:
        score, weight = _score(low, high) if low + high > 0 else _mirrored(_score(-high, -low))
    # around the mean its square is that of the score, so that all squares add up to the most likely variance
    value, square = spread * score, (spread * score) ** 2
    return weight, weight * mean + value, weight * mean**2 + 2 * mean * value + square


def _score(low: float, high: float) -> tuple[float, float]:
    """Returns how far a standard normal value between two bounds moves the mean, and how much it weighs."""
    inside = (math.erfc(low / _ROOT_2) - math.erfc(high / _ROOT_2)) / 2
    at_low, at_high = math.exp(-low * low / 2) / _ROOT_2_PI, math.exp(-high * high / 2) / _ROOT_2_PI
    score = (at_low - at_high) / inside
    weight = score**2 - (low * at_low - high * at_high) / inside
    return score, min(max(weight, 0.0), 1.0)


def _mirrored(score: tuple[float, float]) -> tuple[float, float]:
    return -score[0], score[1]

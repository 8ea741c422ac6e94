"""What tasks teach about how long the next one takes, the running ones included.

Nobody sees when a task ends: a finished one did so between the last question that found it running and the
next, a running one will do so beyond its age. To learn of the finished ones alone would make all tasks look
brief, since of those begun together the brief ones end first. So each counts by what it says about a normal
distribution given only those bounds: by its score, and by how much it tells of the mean (Fisher scoring for
censored values, one step for each observation, as it comes).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TypeAlias

#: How many finished tasks are remembered, at least.
_REMEMBERED = 200.0
#: Finished tasks that what is assumed beforehand weighs as much as.
_ASSUMED = 5.0
#: The logarithm of the largest correction that what was seen can amount to.
_FURTHEST = 20.0
#: However alike the tasks were, the next one may be a little different.
_LEAST_SPREAD = 0.1
#: Standard deviations beyond which a value counts as that far away: one odd task is no earthquake.
_OUTLIER = 8.0

_ROOT_2, _ROOT_2_PI = math.sqrt(2.0), math.sqrt(2.0 * math.pi)

#: Of one task: its weight, and weighted with it, its value and its square.
Lesson: TypeAlias = tuple[float, float, float]


@dataclass(frozen=True)
class Forecast:
    """A log-normal guess at how long a task takes in all.

    Attributes:
        median: seconds.
        spread: standard deviation of the natural logarithm.
    """

    median: float
    spread: float

    def combined(self, other: Forecast) -> Forecast:
        """What two independent guesses say together: the surer one counts for more."""
        mine, theirs = self.spread**-2, other.spread**-2
        mean = (mine * math.log(self.median) + theirs * math.log(other.median)) / (mine + theirs)
        return Forecast(math.exp(mean), (mine + theirs) ** -0.5)


@dataclass
class _Sums:
    """Of lessons: weights, weighted values and weighted squares."""

    weight: float = 0.0
    values: float = 0.0
    squares: float = 0.0

    def add(self, lesson: Lesson, times: float = 1.0) -> None:
        self.weight += times * lesson[0]
        self.values += times * lesson[1]
        self.squares += times * lesson[2]

    def fade(self, most: float) -> None:
        """Let all count for less, so that together they weigh so much at most."""
        if self.weight > most:
            share = most / self.weight
            self.weight, self.values, self.squares = most, share * self.values, share * self.squares


@dataclass
class Experience:
    """By what factor tasks take longer than something foretold, as a logarithm.

    Attributes:
        assumed_spread: of the logarithms, before any task was seen.
    """

    assumed_spread: float
    _finished: _Sums = field(init=False)
    _running: _Sums = field(default_factory=_Sums, init=False)
    _lessons: dict[str, Lesson] = field(default_factory=dict, init=False)
    _remembered: float = field(default=_REMEMBERED, init=False)

    def __post_init__(self) -> None:
        self._finished = _Sums(_ASSUMED, 0.0, _ASSUMED * self.assumed_spread**2)

    def forecast(self, seconds: float, scale: float = 1.0) -> Forecast:
        """So many seconds, corrected by what was seen, where the logarithms are so many times as large."""
        mean, spread = self._belief()
        correction = min(max(mean * scale, -_FURTHEST), _FURTHEST)
        return Forecast(seconds * math.exp(correction), spread * scale)

    def learn(self, phota_task_id: str, above: float, below: float) -> None:
        """Take in between which logarithms a task's lies; `below` is infinite while it runs."""
        lesson = _lesson(*self._belief(), above, below)
        self.forget(phota_task_id)
        if math.isinf(below):
            self._lessons[phota_task_id] = lesson
            self._running.add(lesson)
            # all of those that were ever under way together: else the last of them would outvote the first
            self._remembered = max(self._remembered, len(self._lessons))
        else:
            self._finished.add(lesson)
            self._finished.fade(self._remembered)

    def forget(self, phota_task_id: str) -> None:
        """Let a running task teach no more."""
        if lesson := self._lessons.pop(phota_task_id, None):
            self._running.add(lesson, -1.0)
        if not self._lessons:
            self._running = _Sums()  # without what rounding has left

    def _belief(self) -> tuple[float, float]:
        """Mean and standard deviation."""
        weight = self._finished.weight + self._running.weight
        mean = (self._finished.values + self._running.values) / weight
        variance = (self._finished.squares + self._running.squares) / weight - mean**2
        return mean, math.sqrt(max(variance, _LEAST_SPREAD**2))


def _lesson(mean: float, spread: float, above: float, below: float) -> Lesson:
    """What one more value says that is known to lie between two others only."""
    low, high = (min(max((bound - mean) / spread, -_OUTLIER), _OUTLIER) for bound in (above, below))
    if high - low < _LEAST_SPREAD:
        score, weight = (low + high) / 2, 1.0
    else:
        score, weight = _score(low, high) if low + high > 0 else _mirrored(_score(-high, -low))
    # about the mean its square is the score's: then the squares of all add up to the variance at its best fit
    value, square = spread * score, (spread * score) ** 2
    return weight, weight * mean + value, weight * mean**2 + 2 * mean * value + square


def _score(low: float, high: float) -> tuple[float, float]:
    """How far a standard normal value between two bounds pulls the mean, and how much it knows of it."""
    inside = (math.erfc(low / _ROOT_2) - math.erfc(high / _ROOT_2)) / 2
    at_low, at_high = math.exp(-low * low / 2) / _ROOT_2_PI, math.exp(-high * high / 2) / _ROOT_2_PI
    score = (at_low - at_high) / inside
    weight = score**2 - (low * at_low - high * at_high) / inside
    return score, min(max(weight, 0.0), 1.0)


def _mirrored(score: tuple[float, float]) -> tuple[float, float]:
    return -score[0], score[1]

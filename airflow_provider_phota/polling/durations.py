"""Forecasts how long a running task takes, from all the tasks that were waited for before.

The durations of rendering jobs are skewed to the right, so they are forecast as log-normal: by a median, and
by the spread of their logarithms. The forecast starts from the service's own estimate. Every task moves it,
and so does how well `progress` predicted the ends of earlier tasks.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field

from airflow_provider_phota.api.tasks import Outcome, PhotaTask
from airflow_provider_phota.polling.experience import Experience, Forecast

#: Seconds that are estimated if the service gives no estimate: those in its documentation's example.
USUAL_ESTIMATE = 45.0
#: Spread of the logarithms of durations around the estimate, before any task was seen to finish.
_SPREAD_OF_DURATIONS = 0.7
#: The same around what a `progress` of 37 % (1 / e) predicts: it is trusted little until it has proven right.
_SPREAD_OF_PROGRESS = 0.5
#: Percent from which `progress` is taken to predict anything.
_FIRST_PROGRESS = 5
#: Bounds, in seconds, of the durations that are believed, whatever the service says.
_BRIEFEST = 0.1
_LONGEST = 24 * 3600.0


@dataclass(frozen=True)
class Observation:
    """Describes a running task as an answer showed it.

    Attributes:
        age: seconds since the service created the task.
        model: the task's model. Tasks of other models teach nothing about it.
        estimated_time: seconds that the service expects the task to take; None if it does not say.
        progress: percent; None if the service does not say.
        shown_since: the age in seconds at which the service was first seen to say this progress; None if it
            was at this age. A progress that stands still predicts what it predicted then.
    """

    age: float
    model: str = ""
    estimated_time: float | None = None
    progress: int | None = None
    shown_since: float | None = None

    @classmethod
    def of(cls, task: PhotaTask | None) -> Observation | None:
        """Returns what an answer shows of a running task; None without an answer or if the task has ended."""
        if task is None or task.outcome is not Outcome.RUNNING:
            return None
        return cls(task.age or 0.0, task.model, task.estimated_time, task.progress)

    def later(self, seconds: float) -> Observation:
        """Returns the same task, this many seconds older."""
        return Observation(
            self.age + seconds, self.model, self.estimated_time, self.progress, self._shown_since
        )

    def after(self, before: Observation) -> Observation:
        """Returns what an answer shows of a task that was seen before.

        Args:
            before: the task as it was last seen, at its present age. The clock here continues an age that is
                known: the service's dates have whole seconds only.
        """
        has_stood_still = before.progress == self.progress
        return Observation(
            before.age,
            self.model,
            self.estimated_time or before.estimated_time,
            self.progress,
            before.shown_since if has_stood_still else None,
        )

    @property
    def estimate(self) -> float:
        """Seconds that the task takes in all, by the service's own estimate."""
        return _bounded(self.estimated_time or USUAL_ESTIMATE)

    @property
    def predicted(self) -> float | None:
        """Seconds that the task takes in all, by its progress; None while progress is too young to tell."""
        if self.progress is None or self.progress < _FIRST_PROGRESS or self._shown_since <= 0:
            return None
        return _bounded(self._shown_since * 100 / self.progress)

    @property
    def _shown_since(self) -> float:
        return self.age if self.shown_since is None else self.shown_since

    @property
    def progress_left(self) -> float:
        """How far the progress is from its end, as a logarithm; the error of `predicted` shrinks with it."""
        return -math.log(min(max(self.progress or 0, 1), 98) / 100)


@dataclass
class _Lessons:
    """Holds by what factor tasks of one model took longer than the service, and their progress, predicted."""

    estimates: Experience = field(default_factory=lambda: Experience(_SPREAD_OF_DURATIONS))
    progress: Experience = field(default_factory=lambda: Experience(_SPREAD_OF_PROGRESS))


class Durations:
    """Learns how long tasks take from those that were waited for in this process."""

    def __init__(self) -> None:
        self._lessons: defaultdict[str, _Lessons] = defaultdict(_Lessons)

    def forecast(self, seen: Observation) -> Forecast:
        """Returns how long a running task takes in all, as far as that can be told."""
        lessons = self._lessons[seen.model]
        forecast = lessons.estimates.forecast(seen.estimate)
        if (predicted := seen.predicted) is not None:
            forecast = forecast.combined(lessons.progress.forecast(predicted, seen.progress_left))
        return forecast

    def learn(
        self, phota_task_id: str, first: Observation, last: Observation, finished_at: float = math.inf
    ) -> None:
        """Learns from a task that is still running, or that is finished.

        Args:
            phota_task_id: the task; a later lesson replaces an earlier one of the same task.
            first: the task when its progress predicted anything for the first time. The last time would not
                do: the end is near then, and even a progress that stands still would seem to predict it.
            last: the task when it was last seen running.
            finished_at: the task's age in seconds when it was seen finished; infinite while it runs.
        """
        bounds = (_bounded(last.age), _bounded(finished_at) if finished_at < math.inf else math.inf)
        lessons = self._lessons[last.model]
        lessons.estimates.learn(phota_task_id, *(math.log(age / last.estimate) for age in bounds))
        if (predicted := first.predicted) is not None:
            errors = (math.log(age / predicted) / first.progress_left for age in bounds)
            lessons.progress.learn(phota_task_id, *errors)

    def forget(self, phota_task_id: str) -> None:
        """Forgets what a task has taught while it ran. What it taught by finishing stays."""
        for lessons in self._lessons.values():
            lessons.estimates.forget(phota_task_id)
            lessons.progress.forget(phota_task_id)


def _bounded(seconds: float) -> float:
    return min(max(seconds, _BRIEFEST), _LONGEST)

"""How long tasks take: a forecast for a running one, from what all that were waited for taught.

Durations of rendering jobs are skewed to the right, so they are forecast as log-normal: by a median, and by
the spread of their logarithms. The forecast starts from the service's own estimate; every task moves it, and
so does how well `progress` foretold the ends of the tasks before.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field

from airflow_provider_phota.api.tasks import Outcome, PhotaTask
from airflow_provider_phota.polling.experience import Experience, Forecast

#: Seconds, where the service gives no estimate: what its documentation shows.
USUAL_ESTIMATE = 45.0
#: How far the logarithms of durations spread around the estimate, before any task was seen to finish.
_SPREAD_OF_DURATIONS = 0.7
#: The same for what `progress` of 37 % (1 / e) foretells: little faith until it has proven itself.
_SPREAD_OF_PROGRESS = 0.5
#: Percent from which `progress` is taken to foretell anything.
_FIRST_PROGRESS = 5
#: Seconds that a task is taken to last at least, and at most, whatever the service says.
_BRIEFEST = 0.1
_LONGEST = 24 * 3600.0


@dataclass(frozen=True)
class Sight:
    """A running task as it was last seen.

    Attributes:
        age: seconds since the service created it.
        model: what experience is sorted by.
        estimated_time: seconds, the service's own guess; None if it gave none.
        progress: percent; None if the service did not say.
    """

    age: float
    model: str = ""
    estimated_time: float | None = None
    progress: int | None = None

    @classmethod
    def of(cls, task: PhotaTask | None) -> Sight | None:
        """What an answer shows; None if it shows no running task."""
        if task is None or task.outcome is not Outcome.RUNNING:
            return None
        return cls(task.age or 0.0, task.model, task.estimated_time, task.progress)

    def later(self, seconds: float) -> Sight:
        return Sight(self.age + seconds, self.model, self.estimated_time, self.progress)

    @property
    def estimate(self) -> float:
        return _bounded(self.estimated_time or USUAL_ESTIMATE)

    @property
    def foretold(self) -> float | None:
        """Seconds the task takes in all, if it goes on as it began; None before that can be said."""
        if self.progress is None or self.progress < _FIRST_PROGRESS or self.age <= 0:
            return None
        return _bounded(self.age * 100 / self.progress)

    @property
    def left(self) -> float:
        """How far the progress is from its end, as a logarithm: its error shrinks by that as it goes on."""
        return -math.log(min(max(self.progress or 0, 1), 98) / 100)


@dataclass
class _Lessons:
    """Of one model: by what factor tasks took longer than the service, and than their progress, said."""

    estimates: Experience = field(default_factory=lambda: Experience(_SPREAD_OF_DURATIONS))
    progress: Experience = field(default_factory=lambda: Experience(_SPREAD_OF_PROGRESS))


class Durations:
    """What the tasks taught that were waited for in this process."""

    def __init__(self) -> None:
        self._lessons: defaultdict[str, _Lessons] = defaultdict(_Lessons)

    def forecast(self, sight: Sight) -> Forecast:
        """How long a running task takes in all, as far as one can say."""
        lessons = self._lessons[sight.model]
        forecast = lessons.estimates.forecast(sight.estimate)
        if (foretold := sight.foretold) is not None:
            forecast = forecast.combined(lessons.progress.forecast(foretold, sight.left))
        return forecast

    def learn(self, phota_task_id: str, first: Sight, last: Sight, finished_at: float = math.inf) -> None:
        """Take in that a task still runs, or that it is finished.

        Args:
            phota_task_id: by which a later lesson takes the place of an earlier one.
            first: how it was when its progress first foretold anything. Not the last time: then the end is
                near whatever progress says, and one that stands still would seem to know it.
            last: how it was seen running last.
            finished_at: its age in seconds when it was seen finished.
        """
        ended = (_bounded(last.age), _bounded(finished_at) if finished_at < math.inf else math.inf)
        lessons = self._lessons[last.model]
        lessons.estimates.learn(phota_task_id, *(math.log(age / last.estimate) for age in ended))
        if (foretold := first.foretold) is not None:
            errors = (math.log(age / foretold) / first.left for age in ended)
            lessons.progress.learn(phota_task_id, *errors)

    def forget(self, phota_task_id: str) -> None:
        """Let a task that nobody waits for any more teach nothing further."""
        for lessons in self._lessons.values():
            lessons.estimates.forget(phota_task_id)
            lessons.progress.forget(phota_task_id)


def _bounded(seconds: float) -> float:
    return min(max(seconds, _BRIEFEST), _LONGEST)

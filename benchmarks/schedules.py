"""Simulates what a schedule costs and how late it sees the end of a job: `python -m benchmarks.schedules`.

There is no network, and the clock is virtual. After every answer, a schedule says in how many seconds to ask
again. It knows what a trigger knows: the age of the job, the progress that the service shows, its estimate,
and what the other jobs of the same process have taught.
"""

from __future__ import annotations

import argparse
import heapq
import math
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from statistics import mean, median

from airflow_provider_phota.polling.durations import Durations, Observation
from airflow_provider_phota.polling.schedule import PollSchedule
from benchmarks.jobs import DURATIONS, ESTIMATE, PROGRESS, Job, Workload

_SEED = 7
#: How the jobs begin -> seconds between two of them: all within 5 s, or hardly any two at once.
BEGINNINGS = {"together": 0.005, "one by one": 60.0}

#: Seconds until the next question about a job as it was seen.
Ask = Callable[[Observation], float]


@dataclass(frozen=True)
class Schedule:
    """Says when to ask about a job for the first time and then again, and may learn from what is seen.

    Attributes:
        learn: is told the number of a job, the job as its progress was seen first and last, and the age at
            which it was seen finished; that is infinite while it runs.
    """

    first: float
    next_in: Ask
    learn: Callable[[int, Observation, Observation, float], None] = lambda *_: None


@dataclass(frozen=True)
class Outcome:
    """Holds the requests for one job, and the seconds after its end until it was seen."""

    requests: int
    delay: float


def steady(seconds: float) -> Schedule:
    """Asks at once, as whoever waits for a task that others have submitted, and then steadily."""
    return Schedule(0.0, lambda _: seconds)


def the_projects(estimate: float) -> Schedule:
    durations, chance = Durations(), random.Random(_SEED)  # noqa: S311  # the same in every run
    schedule = PollSchedule(2.0, 30.0, durations, chance.random)

    def learn(number: int, first: Observation, last: Observation, finished_at: float) -> None:
        durations.learn(str(number), first, last, finished_at)
        if finished_at < math.inf:
            durations.forget(str(number))

    first = schedule.next_in(Observation(0.0, "model", estimate, 0))
    return Schedule(first, schedule.next_in, learn)


def candidates(estimate: float) -> Iterator[tuple[str, Schedule]]:
    yield "every 5 s", steady(5.0)
    yield "the project's, 2 to 30 s", the_projects(estimate)
    yield "every 10 s", steady(10.0)


def simulate(workload: Workload, schedule: Schedule) -> list[Outcome]:
    """Asks about all jobs, each from its beginning until it is seen finished, in the order of time."""
    waits = [_Wait(number, job, workload) for number, job in enumerate(workload.jobs)]
    due = [(wait.job.begins + schedule.first, wait.number) for wait in waits]
    heapq.heapify(due)
    while due:
        now, number = due[0]
        pause = waits[number].ask(now, schedule)
        if pause is None:
            heapq.heappop(due)
        else:
            heapq.heapreplace(due, (now + pause, number))
    return [Outcome(wait.requests, wait.delay) for wait in waits]


@dataclass
class _Wait:
    """Waits for one job, as `polling.state.WaitState` does."""

    number: int
    job: Job
    workload: Workload
    requests: int = 0
    delay: float = math.nan
    _first: Observation | None = None
    _last: Observation | None = None

    def ask(self, now: float, schedule: Schedule) -> float | None:
        """Asks once. Returns the seconds until the next question, or None if the job is finished."""
        self.requests += 1
        age = now - self.job.begins
        if now >= self.job.ends:
            self.delay = now - self.job.ends
            if self._first and self._last:
                schedule.learn(self.number, self._first, self._last, age)
            return None
        percent = self.job.shown(now, self.workload.progress)
        seen = Observation(age, "model", self.workload.estimate, percent)
        self._last = seen.after(self._last.later(age - self._last.age)) if self._last else seen
        if self._first is None or self._first.predicted is None:
            self._first = self._last
        schedule.learn(self.number, self._first, self._last, math.inf)
        return schedule.next_in(self._last)


@dataclass(frozen=True)
class Summary:
    """Holds the mean number of requests, and the median and the ninth tenth of the delays in seconds."""

    requests: float
    delay: float
    late: float

    @classmethod
    def of(cls, outcomes: list[Outcome]) -> Summary:
        delays = sorted(each.delay for each in outcomes)
        return cls(
            mean(each.requests for each in outcomes), median(delays), delays[int(0.9 * (len(delays) - 1))]
        )


def table(workload: Workload) -> Iterator[str]:
    yield "| schedule | requests per wait | of every 5 s | delay, s (median) | (p90) | of every 5 s |"
    yield "| --- | --- | --- | --- | --- | --- |"
    base: Summary | None = None
    for name, schedule in candidates(workload.estimate):
        found = Summary.of(simulate(workload, schedule))
        base = base or found
        requests = f"{found.requests:.1f} | {found.requests / base.requests:.2f} x"
        delay = f"{found.delay:.1f} | {found.late:.1f} | {found.delay / base.delay:.2f} x"
        yield f"| {name} | {requests} | {delay} |"


def overview(jobs: int, durations: str) -> Iterator[str]:
    """Yields a table of the project's schedule, over all that a service may tell of the jobs."""
    yield "| jobs begin | estimate | progress | requests, of every 5 s | median delay, of every 5 s |"
    yield "| --- | --- | --- | --- | --- |"
    for (beginning, apart), estimate, progress in product(
        BEGINNINGS.items(), (ESTIMATE, 3 * ESTIMATE, ESTIMATE // 3), PROGRESS
    ):
        workload = Workload(jobs, durations, jobs * apart, _SEED, progress, estimate)
        base = Summary.of(simulate(workload, steady(5.0)))
        ours = Summary.of(simulate(workload, the_projects(estimate)))
        ratios = f"{ours.requests / base.requests:.2f} x | {ours.delay / base.delay:.2f} x"
        yield f"| {beginning} | {estimate} s | {progress} | {ratios} |"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.schedules", description=__doc__)
    ask = parser.add_argument
    ask("--jobs", type=int, default=4000, help="how many jobs are simulated (default: %(default)s)")
    ask(
        "--durations",
        choices=DURATIONS,
        default="tail",
        help="the durations of the jobs (default: %(default)s)",
    )
    options = parser.parse_args()
    for progress in ("uneven", "none"):
        apart = BEGINNINGS["one by one"]
        workload = Workload(options.jobs, options.durations, options.jobs * apart, _SEED, progress)
        text = "\n".join(table(workload))
        sys.stdout.write(f"\n{options.durations}, one by one, progress {progress}:\n\n{text}\n")
    sys.stdout.write(
        f"\n{options.durations}:\n\n" + "\n".join(overview(options.jobs, options.durations)) + "\n"
    )


if __name__ == "__main__":
    main()

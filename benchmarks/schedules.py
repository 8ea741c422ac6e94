"""Simulates what a schedule costs and how late it sees the end of a job: `python -m benchmarks.schedules`.

There is neither a network nor a clock. After every answer, a schedule says in how many seconds to ask again.
It knows what a trigger knows: the age of the job, and the progress that the service shows.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import mean, median

from airflow_provider_phota.polling.durations import Observation
from airflow_provider_phota.polling.schedule import PollSchedule
from benchmarks.answers import ESTIMATE
from benchmarks.jobs import DURATIONS, Job, Workload

_SEED = 7


@dataclass(frozen=True)
class Known:
    """Holds what a trigger knows about a job when it decides when to ask next."""

    age: float
    percent: int


#: Seconds until the next question.
Ask = Callable[[Known], float]


@dataclass(frozen=True)
class Schedule:
    """Says when to ask next, and may learn from the age at which a finished job was seen."""

    next_in: Ask
    finished: Callable[[float], None] = lambda _: None


@dataclass(frozen=True)
class Outcome:
    """Holds the requests for one job, and the seconds after its end until it was seen."""

    requests: int
    delay: float


class ProjectSchedule:
    """Adapts the project's own schedule, which learns from job to job."""

    def __init__(self, schedule: PollSchedule) -> None:
        self._schedule = schedule
        self._first: Observation | None = None
        self._last: Observation | None = None

    def next_in(self, known: Known) -> float:
        self._last = Observation(known.age, "model", ESTIMATE, known.percent)
        if self._first is None or self._first.predicted is None:
            self._first = self._last
        return self._schedule.next_in(self._last)

    def finished(self, age: float) -> None:
        if self._first and self._last:
            self._schedule.durations.learn("job", self._first, self._last, age)
        self._first = self._last = None


def steady(seconds: float) -> Ask:
    return lambda _: seconds


def by_age(share: float, shortest: float, longest: float) -> Ask:
    """Asks again after a share of the age, so that long jobs are asked about seldom and seen late."""
    return lambda known: min(max(share * known.age, shortest), longest)


def by_progress(share: float, shortest: float, longest: float) -> Ask:
    """Asks again after a share of the time that the progress says is left, or by age without progress."""
    without_progress = by_age(share, shortest, longest)

    def ask(known: Known) -> float:
        if not known.percent:
            return without_progress(known)
        left = known.age * (100 - known.percent) / known.percent
        return min(max(share * left, shortest), longest)

    return ask


def candidates() -> Iterator[tuple[str, Schedule]]:
    chance = random.Random(_SEED)  # noqa: S311  # the same in every run
    ours = ProjectSchedule(PollSchedule(2.0, 30.0, chance=chance.random))
    yield "every 5 s", Schedule(steady(5.0))
    yield "the project's, 2 to 30 s", Schedule(ours.next_in, ours.finished)
    yield "every 10 s", Schedule(steady(10.0))
    for share in (0.1, 0.2):
        yield f"{share:.0%} of the age, 2 to 30 s", Schedule(by_age(share, 2.0, 30.0))
    for share in (0.5, 0.75):
        yield f"{share:.0%} of what seems left, 2 to 15 s", Schedule(by_progress(share, 2.0, 15.0))


def simulate(job: Job, schedule: Schedule, *, shows_progress: bool) -> Outcome:
    """Asks about one job from its beginning until it is seen finished."""
    now, requests = job.begins, 1
    while now < job.ends:
        percent = job.percent(now) if shows_progress else 0
        now += schedule.next_in(Known(now - job.begins, percent))
        requests += 1
    schedule.finished(now - job.begins)
    return Outcome(requests, now - job.ends)


def table_row(name: str, outcomes: list[Outcome], base: list[Outcome]) -> str:
    delays, delays_of_base = ([each.delay for each in those] for those in (outcomes, base))
    requests, requests_of_base = (mean(each.requests for each in those) for those in (outcomes, base))
    late = sorted(delays)[int(0.9 * (len(delays) - 1))]
    of_base = median(delays) / median(delays_of_base)
    cells = (
        *(name, f"{requests:.1f}", f"{requests / requests_of_base:.2f} x"),
        *(f"{median(delays):.1f}", f"{late:.1f}", f"{of_base:.2f} x"),
    )
    return f"| {' | '.join(cells)} |"


def table(workload: Workload) -> Iterator[str]:
    yield "| schedule | requests per wait | of every 5 s | delay, s (median) | (p90) | of every 5 s |"
    yield "| --- | --- | --- | --- | --- | --- |"
    base: list[Outcome] = []
    for name, schedule in candidates():
        progress = workload.shows_progress
        outcomes = [simulate(job, schedule, shows_progress=progress) for job in workload.jobs]
        base = base or outcomes
        yield table_row(name, outcomes, base)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.schedules", description=__doc__)
    ask = parser.add_argument
    ask("--jobs", type=int, default=20_000, help="how many jobs are simulated (default: %(default)s)")
    ask(
        "--durations",
        choices=DURATIONS,
        default="tail",
        help="the durations of the jobs (default: %(default)s)",
    )
    options = parser.parse_args()
    for shows_progress in (True, False):
        workload = Workload(options.jobs, options.durations, seed=_SEED, shows_progress=shows_progress)
        shown = "progress shown" if shows_progress else "no progress shown"
        sys.stdout.write(f"\n{options.durations}, {shown}:\n\n" + "\n".join(table(workload)) + "\n")


if __name__ == "__main__":
    main()

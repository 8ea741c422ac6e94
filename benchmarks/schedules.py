"""What a schedule costs and how late it learns of the end, without network or clock.

Run by `python -m benchmarks.schedules`. A schedule is asked after every answer for the seconds to the next
question; it knows what a trigger knows: the job's age and the progress the service shows.
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
    """What a trigger knows when it has to say when it asks next."""

    age: float
    percent: int


#: Seconds until the next question.
Ask = Callable[[Known], float]


@dataclass(frozen=True)
class Schedule:
    """When to ask; told the age at which a job was seen finished, should it want to learn."""

    next_in: Ask
    finished: Callable[[float], None] = lambda _: None


@dataclass(frozen=True)
class Outcome:
    """Of one job."""

    requests: int
    delay: float


class OfTheProject:
    """The one place that knows the interface of the project's own schedule, which learns from job to job."""

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
    """Asks again after a share of the age: the delay grows with the job, and few questions are asked."""
    return lambda known: min(max(share * known.age, shortest), longest)


def by_progress(share: float, shortest: float, longest: float) -> Ask:
    """Asks again after a share of the time that the progress says is left; blind, it goes by the age."""
    blind = by_age(share, shortest, longest)

    def ask(known: Known) -> float:
        if not known.percent:
            return blind(known)
        left = known.age * (100 - known.percent) / known.percent
        return min(max(share * left, shortest), longest)

    return ask


def candidates() -> Iterator[tuple[str, Schedule]]:
    chance = random.Random(_SEED)  # noqa: S311  # the same spread in every run
    ours = OfTheProject(PollSchedule(2.0, 30.0, chance=chance.random))
    yield "every 5 s", Schedule(steady(5.0))
    yield "the project's, 2 to 30 s", Schedule(ours.next_in, ours.finished)
    yield "every 10 s", Schedule(steady(10.0))
    for share in (0.1, 0.2):
        yield f"{share:.0%} of the age, 2 to 30 s", Schedule(by_age(share, 2.0, 30.0))
    for share in (0.5, 0.75):
        yield f"{share:.0%} of what seems left, 2 to 15 s", Schedule(by_progress(share, 2.0, 15.0))


def simulated(job: Job, schedule: Schedule, *, shows_progress: bool) -> Outcome:
    """One job, asked about from its beginning on."""
    now, requests = job.begins, 1
    while now < job.ends:
        percent = job.percent(now) if shows_progress else 0
        now += schedule.next_in(Known(now - job.begins, percent))
        requests += 1
    schedule.finished(now - job.begins)
    return Outcome(requests, now - job.ends)


def line(name: str, outcomes: list[Outcome], base: list[Outcome]) -> str:
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
        outcomes = [simulated(job, schedule, shows_progress=progress) for job in workload.jobs]
        base = base or outcomes
        yield line(name, outcomes, base)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.schedules", description=__doc__)
    ask = parser.add_argument
    ask("--jobs", type=int, default=20_000, help="how many are simulated (default: %(default)s)")
    ask("--durations", choices=DURATIONS, default="tail", help="of the jobs (default: %(default)s)")
    asked = parser.parse_args()
    for shows_progress in (True, False):
        workload = Workload(asked.jobs, asked.durations, seed=_SEED, shows_progress=shows_progress)
        shown = "progress shown" if shows_progress else "no progress shown"
        sys.stdout.write(f"\n{asked.durations}, {shown}:\n\n" + "\n".join(table(workload)) + "\n")


if __name__ == "__main__":
    main()

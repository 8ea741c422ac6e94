"""The next question is always within its bounds, and rare or frequent for a reason."""

import math
import random
from dataclasses import dataclass, replace
from statistics import fmean, median

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import TASK_ID, Clock, finished, shows

from airflow_provider_phota.api.wire import Request, Response
from airflow_provider_phota.polling.durations import Durations, Observation
from airflow_provider_phota.polling.schedule import LONGEST_PAUSE, PollSchedule
from airflow_provider_phota.polling.state import Patience
from airflow_provider_phota.polling.wait import wait_for_task

chances = st.floats(0.0, 1.0, exclude_max=True)
seconds = st.floats(0.0, 1000.0)
observations = st.none() | st.builds(
    Observation,
    st.floats(0.0, 2.0**32),
    st.sampled_from(["", "m"]),
    st.none() | st.floats(0.0, allow_nan=False, allow_infinity=False),
    st.none() | st.integers(0, 100),
)


def adaptive(shortest: float = 0.001, longest: float = 1e6) -> PollSchedule:
    return PollSchedule(shortest, longest, chance=lambda: 0.5)


@given(
    bounds=st.tuples(st.floats(0.01, 600.0), st.floats(0.01, 600.0)).map(sorted),
    seen=observations,
    lessons=st.lists(
        st.tuples(observations, observations, st.just(math.inf) | st.floats(0.0, 2.0**32)), max_size=5
    ),
    failures=st.integers(0, 10**9),
    asked_for=seconds,
    chance=chances,
)
def test_the_next_question_stays_in_its_bounds(
    *,
    bounds: list[float],
    seen: Observation | None,
    lessons: list[tuple[Observation | None, Observation | None, float]],
    failures: int,
    asked_for: float,
    chance: float,
) -> None:
    shortest, longest = bounds
    durations = Durations()
    for first, last, finished_at in lessons:
        if first and last:
            durations.learn("t", first, last, finished_at)
    schedule = PollSchedule(shortest, longest, durations, chance=lambda: chance)
    pause = schedule.next_in(seen, failures, asked_for)
    assert max(asked_for, 0.89 * shortest) <= pause
    assert pause <= max(asked_for, 1.11 * (max(longest, LONGEST_PAUSE) if failures else longest))


@given(interval=st.floats(0.01, 600.0), seen=observations)
def test_equal_bounds_are_a_steady_interval(interval: float, seen: Observation | None) -> None:
    assert adaptive(interval, interval).next_in(seen) == pytest.approx(interval)


def test_what_was_never_seen_is_asked_about_soon() -> None:
    assert adaptive(2.0, 30.0).next_in() == 2.0


def test_questions_are_spread_around_the_interval() -> None:
    assert PollSchedule(8.0, 8.0, chance=lambda: 0.0).next_in() == 7.2
    assert PollSchedule(8.0, 8.0, chance=lambda: 0.5).next_in() == 8.0


def test_failed_questions_are_asked_ever_more_rarely() -> None:
    steady = adaptive(5.0, 5.0)
    assert [steady.next_in(None, failures) for failures in range(5)] == [5.0, 10.0, 20.0, 40.0, 60.0]


def test_failures_stretch_the_pause_of_any_age_up_to_the_longest_one() -> None:
    for age in (0.0, 45.0, 1000.0):
        pauses = [adaptive(2.0, 30.0).next_in(Observation(age, "m", 45.0), failures) for failures in range(8)]
        assert pauses == sorted(pauses)
        assert pauses[1] == pytest.approx(2.0 * pauses[0])
        assert pauses[-1] == LONGEST_PAUSE


def test_an_interval_above_the_longest_pause_is_kept_while_the_service_is_away() -> None:
    assert adaptive(300.0, 300.0).next_in(None, 3) == 300.0


@given(seen=observations, asked_for=seconds, failures=st.integers(0, 20))
def test_retry_after_is_a_minimum(seen: Observation | None, asked_for: float, failures: int) -> None:
    alone = adaptive(2.0, 30.0).next_in(seen, failures)
    assert adaptive(2.0, 30.0).next_in(seen, failures, asked_for) == max(alone, asked_for)


def experienced(seconds: float = 45.0, estimate: float = 45.0) -> PollSchedule:
    """A schedule that has seen two hundred tasks, which all took that long."""
    durations = Durations()
    for _ in range(200):
        last = Observation(seconds, "m", estimate)
        durations.learn("t", Observation(1.0, "m", estimate), last, seconds)
    return replace(adaptive(), durations=durations)


def test_a_young_task_is_asked_about_seldom_and_one_near_its_end_often() -> None:
    young, middle, due = (experienced().next_in(Observation(age, "m", 45.0)) for age in (0.0, 15.0, 45.0))
    assert young > middle > due
    assert young > 2.0 * due


def test_while_little_is_known_it_asks_steadily() -> None:
    """The estimate may be three times too long, so not even the first question is late."""
    for estimate in (15.0, 45.0, 135.0):
        for age in (0.0, 15.0, 45.0):
            pause = adaptive().next_in(Observation(age, "m", estimate))
            assert 4.0 < pause < 10.0


def test_a_late_task_is_asked_about_ever_less_often() -> None:
    ages = (100.0, 300.0, 1000.0, 3000.0, 10000.0)
    pauses = [round(adaptive().next_in(Observation(age, "m", 45.0)), 6) for age in ages]
    assert pauses == sorted(pauses)
    assert pauses[-1] > 2.0 * pauses[0]


def test_long_tasks_are_asked_about_less_often_than_short_ones() -> None:
    pauses = [
        experienced(estimate, estimate).next_in(Observation(0.95 * estimate, "m", estimate))
        for estimate in (10.0, 60.0, 600.0)
    ]
    assert pauses == sorted(pauses)
    # by the square root: a question is worth a fixed delay
    assert pauses[-1] / pauses[0] == pytest.approx(math.sqrt(60.0), rel=0.25)


def test_long_tasks_of_which_little_is_known_are_asked_about_less_often_too() -> None:
    assert adaptive().next_in(Observation(3600.0, "m", 3600.0)) == pytest.approx(90.0)


def test_a_first_question_comes_long_before_the_expected_end_but_not_at_once() -> None:
    for estimate in (20.0, 45.0, 120.0, 600.0):
        assert 0.05 * estimate < adaptive().next_in(Observation(0.0, "m", estimate)) < estimate
        first = experienced(estimate, estimate).next_in(Observation(0.0, "m", estimate))
        assert 0.6 * estimate < first < estimate


def test_progress_says_that_the_end_is_near_or_far() -> None:
    near, unsaid = (adaptive().next_in(Observation(45.0, "m", 45.0, progress)) for progress in (97, None))
    assert near < unsaid
    half, little = (experienced().next_in(Observation(30.0, "m", 45.0, progress)) for progress in (90, 20))
    assert half < little


def test_a_progress_that_stands_still_does_not_say_that_the_end_is_ever_farther_away() -> None:
    stood = Observation(90.0, "m", 45.0, 30, shown_since=15.0)
    assert stood.predicted == 50.0
    assert stood.later(60.0).predicted == 50.0
    assert Observation(90.0, "m", 45.0, 30).later(60.0).predicted == 300.0
    assert Observation(120.0, "m", 45.0, 30).after(stood.later(30.0)).predicted == 50.0
    assert Observation(120.0, "m", 45.0, 60).after(stood.later(30.0)).predicted == 200.0


def test_experience_shifts_the_questions() -> None:
    """If tasks take twice the estimate, most questions are no longer asked around the estimate."""
    learned = experienced(90.0)
    before, now = (schedule.next_in(Observation(45.0, "m", 45.0)) for schedule in (adaptive(), learned))
    assert now > 1.5 * before
    assert now > learned.next_in(Observation(80.0, "m", 45.0))


@dataclass
class Renderer:
    """Renders for some seconds of a virtual clock, and shows its progress."""

    duration: float
    progress: str
    estimate: float = 45.0
    asked: int = 0

    def answer(self, age: float) -> Response:
        self.asked += 1
        if age >= self.duration:
            return finished()
        percents = {"honest": int(99 * age / self.duration), "standing": 50, "none": 0, "at the end": 0}
        percent = (
            95 if self.progress == "at the end" and age > 0.9 * self.duration else percents[self.progress]
        )
        return shows("processing", progress=percent, task_info={"estimated_time": self.estimate})


def delay_and_questions(service: Renderer, schedule: PollSchedule) -> tuple[float, int]:
    """One wait from the task's creation on, by the real conversation in virtual time."""
    clock = Clock()
    begun = clock()
    conversation = wait_for_task(
        TASK_ID,
        seconds=72000.0,
        schedule=schedule,
        patience=Patience(),
        seen=Observation(0.0, "phota-image-edit", service.estimate, 0),
        clock=clock,
    )
    step = next(conversation)
    try:
        while True:
            if isinstance(step, Request):
                step = conversation.send(service.answer(clock() - begun))
            else:
                clock.now += step.seconds
                step = conversation.send(None)
    except StopIteration:
        return clock() - begun - service.duration, service.asked


def simulated(
    schedule: PollSchedule, progress: str, estimate: float = 45.0, tasks: int = 600
) -> tuple[float, float]:
    """Median delay and mean number of questions, over log-normal durations."""
    chance = random.Random(7)
    durations = [45.0 * math.exp(chance.gauss(0.0, 0.7)) for _ in range(tasks)]
    outcomes = [delay_and_questions(Renderer(each, progress, estimate), schedule) for each in durations]
    return median(delay for delay, _ in outcomes), fmean(asked for _, asked in outcomes)


def steadily() -> PollSchedule:
    return PollSchedule(5.0, 5.0, chance=random.Random(3).random)


def adaptively() -> PollSchedule:
    return PollSchedule(2.0, 30.0, chance=random.Random(3).random)


def test_with_honest_progress_it_asks_less_and_knows_sooner_than_every_5_s() -> None:
    delay_of_steady, questions_of_steady = simulated(steadily(), "honest")
    delay, questions = simulated(adaptively(), "honest")
    assert questions < 0.6 * questions_of_steady
    assert delay < 0.8 * delay_of_steady


@pytest.mark.parametrize("estimate", [15.0, 45.0, 135.0])
@pytest.mark.parametrize("progress", ["none", "standing", "at the end"])
def test_without_honest_progress_it_asks_no_more_and_knows_no_later_than_every_5_s(
    progress: str, estimate: float
) -> None:
    """A wait that does not begin with a submit asks at once, which `steadily` leaves out here."""
    delay_of_steady, questions_of_steady = simulated(steadily(), progress, estimate)
    delay, questions = simulated(adaptively(), progress, estimate)
    assert questions < questions_of_steady + 1
    assert delay < 1.04 * delay_of_steady

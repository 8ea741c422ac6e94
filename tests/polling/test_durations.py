"""A task's duration is forecast from what other tasks have taught."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_phota.api.tasks import Image, PhotaTask, TaskStatus
from airflow_provider_phota.polling.durations import USUAL_ESTIMATE, Durations, Observation

#: Whatever an answer can say: its numbers are checked for being numbers only.
ages = st.floats(0.0, 2.0**32)
observations = st.builds(
    Observation,
    ages,
    st.sampled_from(["", "phota-image-edit"]),
    st.none() | st.floats(0.0, allow_nan=False, allow_infinity=False),
    st.none() | st.integers(0, 100),
)


def task(status: TaskStatus, **fields: object) -> PhotaTask:
    return PhotaTask("task-1", "phota-image", status, status.value, **fields)  # type: ignore[arg-type]


def taught(*durations: float) -> Durations:
    """Returns what tasks without progress teach, each seen finished right after it was last seen running."""
    lessons = Durations()
    for duration in durations:
        lessons.learn("t", Observation(1.0, "m", 45.0), Observation(duration, "m", 45.0), duration)
    return lessons


@given(
    lessons=st.lists(
        st.tuples(st.sampled_from("tu"), observations, observations, ages | st.just(math.inf)), max_size=20
    ),
    seen=observations,
)
def test_whatever_was_learned_a_forecast_is_a_number(
    lessons: list[tuple[str, Observation, Observation, float]], seen: Observation
) -> None:
    durations = Durations()
    for lesson in lessons:
        durations.learn(*lesson)
    forecast = durations.forecast(seen)
    assert 0.0 < forecast.median < math.inf
    assert 0.0 < forecast.spread < math.inf


def test_many_lessons_of_the_same_odd_kind_leave_a_number_too() -> None:
    durations = Durations()
    for _ in range(250):  # 99 % at once, and then for minutes: a progress bar that only pretends
        durations.learn("t", Observation(0.5, "m", 45.0, 99), Observation(900.0, "m", 45.0, 99), 901.0)
    assert 0.0 < durations.forecast(Observation(1.0, "m", 45.0, 5)).median < math.inf


@pytest.mark.parametrize("status", [TaskStatus.PENDING, TaskStatus.PROCESSING, TaskStatus.UNKNOWN])
def test_a_running_task_is_observed(status: TaskStatus) -> None:
    seen = Observation.of(task(status, age=7.0, estimated_time=30.0, progress=20))
    assert seen == Observation(7.0, "phota-image", 30.0, 20)


@pytest.mark.parametrize("status", [TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELLED])
def test_a_task_that_ended_is_not_observed(status: TaskStatus) -> None:
    assert Observation.of(task(status, age=7.0)) is None
    assert Observation.of(task(status, age=7.0, images=(Image("https://a/b"),))) is None
    assert Observation.of(None) is None


def test_a_task_of_unknown_age_is_taken_for_a_new_one() -> None:
    assert Observation.of(task(TaskStatus.PENDING)) == Observation(0.0, "phota-image")


def test_before_anything_was_seen_the_services_estimate_counts_or_the_usual_one() -> None:
    assert Durations().forecast(Observation(0.0, "m", 20.0)).median == pytest.approx(20.0)
    assert Durations().forecast(Observation(0.0, "m")).median == pytest.approx(USUAL_ESTIMATE)


def test_progress_that_has_not_begun_predicts_nothing() -> None:
    assert Observation(10.0, "m", 45.0).predicted is None
    assert Observation(10.0, "m", 45.0, 0).predicted is None
    assert Observation(10.0, "m", 45.0, 4).predicted is None
    assert Observation(0.0, "m", 45.0, 50).predicted is None


def test_progress_predicts_the_end_and_the_more_surely_the_further_it_is() -> None:
    medians, spreads = [], []
    for progress in (5, 25, 50, 75, 95):
        forecast = Durations().forecast(Observation(2.0 * progress, "m", 45.0, progress))  # 200 s in all
        medians.append(forecast.median)
        spreads.append(forecast.spread)
    assert medians == sorted(medians)
    assert spreads == sorted(spreads, reverse=True)
    assert medians[-1] == pytest.approx(200.0, rel=0.05)


def test_tasks_that_take_twice_the_estimate_move_the_forecast_there() -> None:
    before, some, many = (
        taught(*[90.0] * count).forecast(Observation(0.0, "m", 45.0)).median for count in (0, 20, 200)
    )
    assert before == pytest.approx(45.0)
    assert before < some < many
    assert many == pytest.approx(90.0, rel=0.1)


def test_what_is_learned_is_a_factor_of_each_tasks_own_estimate() -> None:
    assert taught(*[90.0] * 200).forecast(Observation(0.0, "m", 10.0)).median == pytest.approx(20.0, rel=0.1)


def test_the_spread_becomes_that_of_the_tasks() -> None:
    seen = Observation(0.0, "m", 45.0)
    assert taught(*[45.0] * 200).forecast(seen).spread < 0.25
    assert taught(*scattered(200, 1.2)).forecast(seen).spread == pytest.approx(1.2, rel=0.15)


def test_another_model_teaches_nothing() -> None:
    assert taught(*[90.0] * 100).forecast(Observation(0.0, "other", 45.0)).median == pytest.approx(45.0)


def test_what_was_right_long_ago_is_forgotten() -> None:
    changed = taught(*[90.0] * 500, *[22.5] * 1000)
    assert changed.forecast(Observation(0.0, "m", 45.0)).median == pytest.approx(22.5, rel=0.1)


def test_a_running_task_that_is_late_teaches_that_tasks_take_longer_until_it_is_forgotten() -> None:
    durations, new = Durations(), Observation(0.0, "m", 45.0, 0)
    before = durations.forecast(new)
    for age in (60.0, 120.0, 240.0):
        late = Observation(age, "m", 45.0, 10)
        durations.learn("t", late, late)
    assert durations.forecast(new).median > 1.1 * before.median
    durations.forget("t")
    assert durations.forecast(new) == before


def test_progress_that_predicts_well_is_trusted() -> None:
    """It says 100 s, where the estimate is 45."""
    seen = Observation(50.0, "m", 45.0, 50)
    unproven = Durations().forecast(seen)
    proven = honest().forecast(seen)
    assert unproven.median < proven.median <= 100.0
    assert proven.median == pytest.approx(100.0, rel=0.2)
    assert proven.spread < 0.5 * unproven.spread


def test_progress_that_stands_still_is_not_trusted() -> None:
    """It is 50 from the first second on, whatever the task takes. At first it seems to predict 2 s."""
    lessons = Durations()
    for duration in scattered(100):
        lessons.learn("t", Observation(1.0, "m", 45.0, 50), Observation(duration, "m", 45.0, 50), duration)
    at_first, late = (lessons.forecast(Observation(age, "m", 45.0, 50)) for age in (1.0, 300.0))
    assert at_first.median == pytest.approx(45.0, rel=0.5)
    assert late.median > 300.0
    assert late.spread > 3.0 * honest().forecast(Observation(300.0, "m", 45.0, 50)).spread


def scattered(count: int, spread: float = 0.7) -> list[float]:
    """Durations around the usual estimate."""
    chance = random.Random(2)
    return [45.0 * math.exp(chance.gauss(0.0, spread)) for _ in range(count)]


def honest() -> Durations:
    """Taught by tasks whose progress was at 50 % in the middle of their time."""
    lessons = Durations()
    for duration in scattered(100):
        middle = Observation(duration / 2, "m", 45.0, 50)
        lessons.learn("t", middle, Observation(duration, "m", 45.0, 99), duration)
    return lessons

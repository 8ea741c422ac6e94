"""How long a task takes: what is forecast for one, and what the others teach."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_phota.api.tasks import Image, PhotaTask, TaskStatus
from airflow_provider_phota.polling.durations import USUAL_ESTIMATE, Durations, Sight

#: Whatever an answer can say: its numbers are checked for being numbers only.
ages = st.floats(0.0, 2.0**32)
sights = st.builds(
    Sight,
    ages,
    st.sampled_from(["", "phota-image-edit"]),
    st.none() | st.floats(0.0, allow_nan=False, allow_infinity=False),
    st.none() | st.integers(0, 100),
)


def task(status: TaskStatus, **fields: object) -> PhotaTask:
    return PhotaTask("task-1", "phota-image", status, status.value, **fields)  # type: ignore[arg-type]


def taught(*durations: float) -> Durations:
    """By tasks without progress, each of which was finished a moment after it was seen running last."""
    lessons = Durations()
    for duration in durations:
        lessons.learn("t", Sight(1.0, "m", 45.0), Sight(duration, "m", 45.0), duration)
    return lessons


@given(
    lessons=st.lists(st.tuples(st.sampled_from("tu"), sights, sights, ages | st.just(math.inf)), max_size=20),
    sight=sights,
)
def test_whatever_was_learned_a_forecast_is_a_number(
    lessons: list[tuple[str, Sight, Sight, float]], sight: Sight
) -> None:
    durations = Durations()
    for lesson in lessons:
        durations.learn(*lesson)
    forecast = durations.forecast(sight)
    assert 0.0 < forecast.median < math.inf
    assert 0.0 < forecast.spread < math.inf


def test_many_lessons_of_the_same_odd_kind_leave_a_number_too() -> None:
    durations = Durations()
    for _ in range(250):  # 99 % at once, and then for minutes: the bar of a service that has none
        durations.learn("t", Sight(0.5, "m", 45.0, 99), Sight(900.0, "m", 45.0, 99), 901.0)
    assert 0.0 < durations.forecast(Sight(1.0, "m", 45.0, 5)).median < math.inf


@pytest.mark.parametrize("status", [TaskStatus.PENDING, TaskStatus.PROCESSING, TaskStatus.UNKNOWN])
def test_a_running_task_is_a_sight(status: TaskStatus) -> None:
    seen = Sight.of(task(status, age=7.0, estimated_time=30.0, progress=20))
    assert seen == Sight(7.0, "phota-image", 30.0, 20)


@pytest.mark.parametrize("status", [TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.CANCELLED])
def test_one_that_ended_is_none(status: TaskStatus) -> None:
    assert Sight.of(task(status, age=7.0)) is None
    assert Sight.of(task(status, age=7.0, images=(Image("https://a/b"),))) is None
    assert Sight.of(None) is None


def test_a_task_of_unknown_age_is_taken_for_a_new_one() -> None:
    assert Sight.of(task(TaskStatus.PENDING)) == Sight(0.0, "phota-image")


def test_before_anything_was_seen_the_services_estimate_counts_or_the_usual_one() -> None:
    assert Durations().forecast(Sight(0.0, "m", 20.0)).median == pytest.approx(20.0)
    assert Durations().forecast(Sight(0.0, "m")).median == pytest.approx(USUAL_ESTIMATE)


def test_progress_that_has_not_begun_foretells_nothing() -> None:
    assert Sight(10.0, "m", 45.0).foretold is None
    assert Sight(10.0, "m", 45.0, 0).foretold is None
    assert Sight(10.0, "m", 45.0, 4).foretold is None
    assert Sight(0.0, "m", 45.0, 50).foretold is None


def test_progress_foretells_the_end_and_the_surer_the_further_it_is() -> None:
    medians, spreads = [], []
    for progress in (5, 25, 50, 75, 95):
        forecast = Durations().forecast(Sight(2.0 * progress, "m", 45.0, progress))  # 200 s in all
        medians.append(forecast.median)
        spreads.append(forecast.spread)
    assert medians == sorted(medians)
    assert spreads == sorted(spreads, reverse=True)
    assert medians[-1] == pytest.approx(200.0, rel=0.05)


def test_tasks_that_take_twice_the_estimate_move_the_forecast_there() -> None:
    before, some, many = (
        taught(*[90.0] * count).forecast(Sight(0.0, "m", 45.0)).median for count in (0, 20, 200)
    )
    assert before == pytest.approx(45.0)
    assert before < some < many
    assert many == pytest.approx(90.0, rel=0.1)


def test_what_is_learned_is_a_factor_of_each_tasks_own_estimate() -> None:
    assert taught(*[90.0] * 200).forecast(Sight(0.0, "m", 10.0)).median == pytest.approx(20.0, rel=0.1)


def test_the_spread_becomes_that_of_the_tasks() -> None:
    sight = Sight(0.0, "m", 45.0)
    assert taught(*[45.0] * 200).forecast(sight).spread < 0.25
    assert taught(*scattered(200, 1.2)).forecast(sight).spread == pytest.approx(1.2, rel=0.15)


def test_another_model_teaches_nothing() -> None:
    assert taught(*[90.0] * 100).forecast(Sight(0.0, "other", 45.0)).median == pytest.approx(45.0)


def test_what_was_right_long_ago_is_forgotten() -> None:
    changed = taught(*[90.0] * 500, *[22.5] * 1000)
    assert changed.forecast(Sight(0.0, "m", 45.0)).median == pytest.approx(22.5, rel=0.1)


def test_a_running_task_that_is_late_teaches_that_tasks_take_longer_until_it_is_forgotten() -> None:
    durations, new = Durations(), Sight(0.0, "m", 45.0, 0)
    before = durations.forecast(new)
    for age in (60.0, 120.0, 240.0):
        late = Sight(age, "m", 45.0, 10)
        durations.learn("t", late, late)
    assert durations.forecast(new).median > 1.1 * before.median
    durations.forget("t")
    assert durations.forecast(new) == before


def test_progress_that_foretells_well_is_trusted() -> None:
    """It says 100 s, where the estimate is 45."""
    seen = Sight(50.0, "m", 45.0, 50)
    unproven = Durations().forecast(seen)
    proven = honest().forecast(seen)
    assert unproven.median < proven.median <= 100.0
    assert proven.median == pytest.approx(100.0, rel=0.2)
    assert proven.spread < 0.5 * unproven.spread


def test_progress_that_stands_still_is_not() -> None:
    """It is 50 from the first second on, whatever the task takes: 2 s, it seems to say at first."""
    lessons = Durations()
    for duration in scattered(100):
        lessons.learn("t", Sight(1.0, "m", 45.0, 50), Sight(duration, "m", 45.0, 50), duration)
    at_first, late = (lessons.forecast(Sight(age, "m", 45.0, 50)) for age in (1.0, 300.0))
    assert at_first.median == pytest.approx(45.0, rel=0.5)
    assert late.median > 300.0
    assert late.spread > 3.0 * honest().forecast(Sight(300.0, "m", 45.0, 50)).spread


def scattered(count: int, spread: float = 0.7) -> list[float]:
    """Durations around the usual estimate."""
    chance = random.Random(2)
    return [45.0 * math.exp(chance.gauss(0.0, spread)) for _ in range(count)]


def honest() -> Durations:
    """Taught by tasks whose progress was at 50 % in the middle of their time."""
    lessons = Durations()
    for duration in scattered(100):
        middle = Sight(duration / 2, "m", 45.0, 50)
        lessons.learn("t", middle, Sight(duration, "m", 45.0, 99), duration)
    return lessons

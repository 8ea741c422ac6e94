"""Tasks teach about the next one, although none of them was seen at the moment it ended."""

import math
import random
from statistics import fmean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_phota.polling.experience import Experience, Forecast

bounds = st.floats(-1e3, 1e3)


def median(experience: Experience) -> float:
    return experience.forecast(1.0).median


@given(spreads=st.tuples(st.floats(0.05, 2.0), st.floats(0.05, 2.0)))
def test_two_guesses_together_are_more_certain_than_each_and_lie_between_them(
    spreads: tuple[float, float],
) -> None:
    one, other = Forecast(30.0, spreads[0]), Forecast(60.0, spreads[1])
    both = one.combined(other)
    assert 30.0 <= both.median <= 60.0
    assert both.spread < min(spreads)
    assert both.median == pytest.approx(other.combined(one).median)


@given(
    lessons=st.lists(
        st.tuples(st.sampled_from("abc"), bounds, st.floats(0.0, 10.0) | st.just(math.inf)), max_size=30
    )
)
def test_whatever_is_learned_a_forecast_is_a_number(lessons: list[tuple[str, float, float]]) -> None:
    experience = Experience(0.7)
    for name, above, width in lessons:
        experience.learn(name, above, above + width)
    forecast = experience.forecast(45.0)
    assert 0.0 < forecast.median < math.inf
    assert 0.0 < forecast.spread < math.inf


def test_the_narrower_the_bounds_the_more_they_teach() -> None:
    """All of them around e times what was predicted."""
    learned = []
    for width in (0.01, 1.0, 3.0):
        experience = Experience(0.7)
        for _ in range(5):
            experience.learn("task", 1.0 - width / 2, 1.0 + width / 2)
        learned.append(median(experience))
    assert learned == sorted(learned, reverse=True)
    assert learned[0] == pytest.approx(math.exp(5.0 / 5.5), rel=0.01)  # what was assumed weighs little
    assert learned[-1] > 1.0


@given(above=st.floats(-3.0, 3.0), width=st.floats(0.0, 3.0))
def test_early_and_late_teach_alike(above: float, width: float) -> None:
    early, late = Experience(0.7), Experience(0.7)
    late.learn("task", above, above + width)
    early.learn("task", -above - width, -above)
    assert median(early) * median(late) == pytest.approx(1.0)
    assert early.forecast(1.0).spread == pytest.approx(late.forecast(1.0).spread)


def test_a_running_task_says_nothing_while_it_is_young_and_much_once_it_is_late() -> None:
    taught = []
    for age in (0.05, 1.0, 3.0):
        experience = Experience(0.7)
        experience.learn("task", math.log(age), math.inf)
        taught.append(median(experience))
    assert taught[0] == pytest.approx(1.0, abs=0.001)
    assert taught == sorted(taught)
    assert taught[-1] > 1.15


def test_a_later_lesson_of_a_task_takes_the_place_of_its_earlier_one() -> None:
    patient, hasty = Experience(0.7), Experience(0.7)
    for age in (1.0, 1.5, 2.0):
        patient.learn("task", math.log(age), math.inf)
        patient.forget("task")
    hasty.learn("task", 0.3, math.inf)
    hasty.learn("task", 0.3, 0.31)
    assert median(patient) == 1.0
    assert hasty.forecast(1.0).median == pytest.approx(_after_one_at(0.305), rel=0.01)


def _after_one_at(value: float) -> float:
    experience = Experience(0.7)
    experience.learn("task", value, value)
    return median(experience)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_of_tasks_begun_together_the_brief_ones_end_first_without_misleading_the_forecast(
    share: float,
) -> None:
    """The median is 3 and the spread 0.7; the finished tasks alone would suggest 1.2 to 2.2."""
    chance = random.Random(4)
    tasks = sorted(math.log(3.0) + chance.gauss(0.0, 0.7) for _ in range(1000))
    finished, running = tasks[: int(1000 * share)], tasks[int(1000 * share) :]
    experience = Experience(0.7)
    for number, _ in enumerate(tasks):
        experience.learn(str(number), -9.0, math.inf)
    for number, end in enumerate(finished):
        experience.learn(str(number), end - 0.05, end + 0.05)
        if number % 20 == 0:  # now and then the others are asked about too
            for late in range(number + 1, 1000):
                experience.learn(str(late), end, math.inf)
    now = finished[-1]
    for number, _ in enumerate(running, start=len(finished)):
        experience.learn(str(number), now, math.inf)
    forecast = experience.forecast(1.0)
    assert math.exp(fmean(finished)) < 0.85 * 3.0
    assert stdev(finished) < 0.9 * 0.7
    assert forecast.median == pytest.approx(3.0, rel=0.15)
    assert forecast.spread == pytest.approx(0.7, rel=0.25)

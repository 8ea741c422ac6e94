"""How long to wait before the next try or the next question."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_phota.api.retry import Backoff
from airflow_provider_phota.api.schedule import LONGEST_PAUSE, PollSchedule

chances = st.floats(0.0, 1.0, exclude_max=True)
seconds = st.floats(0.0, 1000.0)


@given(
    tries=st.integers(1, 5000),
    failures=st.integers(1, 5000),
    first=seconds,
    longest=seconds,
    patience=seconds,
    asked_for=seconds,
    chance=chances,
)
def test_a_pause_stays_in_its_bounds(
    *,
    tries: int,
    failures: int,
    first: float,
    longest: float,
    patience: float,
    asked_for: float,
    chance: float,
) -> None:
    backoff = Backoff(tries, first, longest, patience, chance=lambda: chance)
    pause = backoff.pause(failures, asked_for)
    assert (pause is None) == (failures >= tries or asked_for > patience)
    if pause is not None:
        assert asked_for <= pause <= asked_for + longest


def test_pauses_double_up_to_the_longest() -> None:
    backoff = Backoff(tries=10, first=1.0, longest=5.0, chance=lambda: 1.0)
    assert [backoff.pause(failures) for failures in (1, 2, 3, 4, 9, 10)] == [1.0, 2.0, 4.0, 5.0, 5.0, None]


@pytest.mark.parametrize(("asked_for", "pause"), [(119.0, 119.5), (120.0, 120.5), (121.0, None)])
def test_a_service_may_ask_for_so_much_patience_and_no_more(asked_for: float, pause: float | None) -> None:
    assert Backoff(chance=lambda: 0.5).pause(1, asked_for) == pause


@given(
    interval=st.floats(0.01, 600.0),
    failures=st.integers(0, 10**9),
    asked_for=seconds,
    chance=chances,
)
def test_the_next_question_stays_in_its_bounds(
    interval: float, failures: int, asked_for: float, chance: float
) -> None:
    pause = PollSchedule(interval, interval, chance=lambda: chance).next_in(None, failures, asked_for)
    assert pause >= max(asked_for, 0.75 * interval)
    assert pause <= max(asked_for, 1.25 * max(interval, LONGEST_PAUSE))


def test_questions_are_spread_around_the_interval() -> None:
    assert PollSchedule(8.0, 8.0, chance=lambda: 0.0).next_in() == 7.2
    assert PollSchedule(8.0, 8.0, chance=lambda: 0.5).next_in() == 8.0


def test_failed_questions_are_asked_ever_more_rarely() -> None:
    schedule = PollSchedule(5.0, 5.0, chance=lambda: 0.5)
    assert [schedule.next_in(None, failures) for failures in range(5)] == [5.0, 10.0, 20.0, 40.0, 60.0]

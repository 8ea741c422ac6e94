"""The pauses between tries grow, within their bounds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_phota.api.retry import Backoff

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

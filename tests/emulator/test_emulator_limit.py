"""A limit of requests a second that all clients share: what is one too many is refused, and not billed."""

import pytest
from emulator_client import Client

from airflow_provider_phota.emulator import Emulator
from airflow_provider_phota.emulator.limit import RateLimit
from airflow_provider_phota.emulator.settings import Settings


def test_a_seconds_worth_may_come_at_once_and_then_as_many_as_the_limit_says():
    now = [0.0]
    limit = RateLimit(10.0, lambda: now[0])
    assert [limit.take() for _ in range(10)] == [0.0] * 10
    assert limit.take() == pytest.approx(0.1)
    now[0] = 0.25
    assert [limit.take() for _ in range(2)] == [0.0] * 2
    assert limit.take() == pytest.approx(0.05)
    now[0] = 100.0
    assert sum(limit.take() == 0.0 for _ in range(30)) == 10


def test_less_than_one_a_second_lets_one_pass_at_a_time():
    now = [0.0]
    limit = RateLimit(0.5, lambda: now[0])
    assert [limit.take(), limit.take()] == [0.0, pytest.approx(2.0)]
    now[0] = 2.0
    assert limit.take() == 0.0


def test_without_a_limit_all_pass():
    assert not any(RateLimit(None).take() for _ in range(1000))


def test_what_is_one_too_many_is_refused_and_not_billed():
    with Emulator(rate_limit=2) as emulator:
        clients = [Client(emulator.url), Client(emulator.url, key="emu-another")]
        answers = [
            clients[number % 2].submit(model="phota-image", prompt=f"a house {number}") for number in range(6)
        ]
        assert clients[0].get("/_emulator/ledger").status_code == 200  # what a test says is not limited
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert refused[0].json()["error"]["type"] == "rate_limit_error"
    assert refused[0].headers["Retry-After"] == "1"


def test_a_refused_submit_makes_no_task():
    with Emulator(rate_limit=1) as emulator:
        statuses = [
            Client(emulator.url).submit(model="phota-image", prompt="a").status_code for _ in range(5)
        ]
        assert len(emulator.ledger()) == statuses.count(200) < 5


@pytest.mark.parametrize("wrong", [0.0, -1.0, float("inf"), float("nan")])
def test_a_limit_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValueError, match="rate_limit must be more than 0"):
        Settings(rate_limit=wrong)

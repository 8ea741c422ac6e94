"""How many requests a second a sender sends, and how several senders come to share what a service allows."""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_phota.emulator.limit import RateLimit
from airflow_provider_phota.polling.rate import Rate


def test_a_sender_begins_at_its_limit_and_stays_there() -> None:
    rate = Rate(50.0)
    assert [rate.at(now) for now in (0.0, 10.0, 1e6)] == [50.0] * 3


def test_a_sender_begins_with_its_share_and_finds_out_that_it_is_alone() -> None:
    rate = Rate(50.0, share=0.25)
    assert rate.at(100.0) == 12.5
    assert 12.5 < rate.at(115.0) < 25.0
    assert rate.at(140.0) == 50.0


def test_a_refusal_makes_it_slower_by_a_part_and_twenty_seconds_later_it_is_as_fast_as_before() -> None:
    rate = Rate(50.0)
    rate.slow_down(7.0, again=False)
    assert rate.at(7.0) == pytest.approx(42.5)
    assert rate.at(17.0) == pytest.approx(49.1, abs=0.1)
    assert rate.at(27.0) == 50.0


def test_it_stays_for_long_near_the_rate_that_was_refused_and_then_tries_more() -> None:
    rate = Rate(100.0, share=0.5)
    rate.slow_down(0.0, again=False)
    near = [now for now in range(60) if abs(rate.at(now) - 50.0) < 1.0]
    assert len(near) >= 15
    assert rate.at(60.0) == 100.0


def test_refusals_without_an_answer_in_between_halve_it_and_there_is_an_end() -> None:
    rate = Rate(50.0)
    rate.slow_down(0.0, again=False)
    rate.slow_down(0.0, again=True)
    assert rate.at(0.0) == pytest.approx(21.25)
    for _ in range(50):
        rate.slow_down(0.0, again=True)
    assert rate.at(0.0) == 1.0


def test_who_is_refused_earlier_than_the_last_time_leaves_room_for_others() -> None:
    rate = Rate(100.0)
    rate.slow_down(0.0, again=False)
    rate.slow_down(1.0, again=False)  # at 87, though 100 was possible the last time
    assert rate.at(21.0) < 90.0


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(
    limit=st.floats(0.1, 1000.0),
    share=st.floats(0.01, 1.0),
    events=st.lists(st.tuples(st.floats(0.0, 100.0), st.booleans()), max_size=20),
)
def test_it_never_exceeds_its_limit_nor_stops(
    limit: float, share: float, events: list[tuple[float, bool]]
) -> None:
    rate, now = Rate(limit, share), 0.0
    rate.at(now)
    for pause, again in events:
        now += pause
        before = rate.at(now)
        rate.slow_down(now, again=again)
        assert min(1.0, limit) <= rate.at(now) <= before + 1e-9
    assert rate.at(now + 3600.0) == limit  # a service that refuses nothing is used to the limit again


@dataclass
class Sender:
    """Sends requests as fast as its rate allows, one after the other.

    Attributes:
        refused_at: when it has slowed down for the last time: what was sent before does not count again.
        in_a_row: refusals since the last answer.
    """

    rate: Rate
    refused_at: float = -1.0
    in_a_row: int = 0
    accepted: int = 0
    refused: int = 0


def shared(senders: list[Sender], seconds: float, counted_from: float, begun: float = 0.0) -> None:
    """Lets senders send to one service, which accepts 100 requests a second. Requests take 50 ms."""
    chance, now = random.Random(7), begun
    limit = RateLimit(100.0, lambda: now)
    queue = [(begun + chance.random(), number) for number in range(len(senders))]
    while queue:
        now, number = heapq.heappop(queue)
        if now > begun + seconds:
            break
        sender = senders[number]
        is_accepted = limit.take() == 0.0
        if now >= counted_from:
            sender.accepted += is_accepted
            sender.refused += not is_accepted
        if is_accepted:
            sender.in_a_row = 0
        elif now - 0.05 > sender.refused_at:
            sender.rate.slow_down(now, again=sender.in_a_row > 0)
            sender.refused_at, sender.in_a_row = now, sender.in_a_row + 1
        # turns come a little later than the rate alone would have them, and never quite evenly
        pause = chance.uniform(0.9, 1.15) / sender.rate.at(now)
        heapq.heappush(queue, (now + pause, number))


@pytest.mark.parametrize("limit", [100.0, 400.0])
@pytest.mark.parametrize("share", [1.0, 0.25])
@pytest.mark.parametrize("count", [1, 2, 4, 8])
def test_senders_share_what_a_service_allows(count: int, share: float, limit: float) -> None:
    senders = [Sender(Rate(limit, share)) for _ in range(count)]
    shared(senders, seconds=360.0, counted_from=60.0)
    accepted, refused = (sum(getattr(each, word) for each in senders) for word in ("accepted", "refused"))
    assert accepted >= 0.9 * 100.0 * 300.0
    assert refused < 0.03 * (accepted + refused)
    assert accepted**2 / (count * sum(each.accepted**2 for each in senders)) >= 0.9  # Jain's index


def test_a_sender_that_comes_later_gets_its_share() -> None:
    first, second = Sender(Rate(100.0)), Sender(Rate(100.0))
    shared([first], seconds=120.0, counted_from=120.0)
    shared([first, second], seconds=300.0, counted_from=240.0, begun=120.0)
    assert first.accepted < 1.5 * second.accepted

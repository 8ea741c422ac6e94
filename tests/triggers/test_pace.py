"""Turns come in order and at their pace, in virtual time."""

import asyncio
import gc
import weakref
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from virtual_time import now, run

from airflow_provider_phota.api.errors import NotSent
from airflow_provider_phota.triggers.pace import Pace

#: Seconds between the moments at which turns are given, and a little for the arithmetic.
TICK = 0.027
#: How many times as far apart turns are as the rate alone would have it, so that no second has more of them.
APART = 1.025
#: Turns that are given at once, unless many wait.
AT_ONCE = 8


def pace(per_second: float = 50.0) -> Pace:
    return Pace(per_second, clock=now)


async def times_of(pace: Pace, turns: int) -> list[float]:
    """Returns when the turns came that were asked for at once, in seconds from now."""
    begun = now()
    return [came - begun for came in await asyncio.gather(*(pace.turn() for _ in range(turns)))]


@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(rate=st.floats(0.2, 500.0), turns=st.integers(1, 150))
def test_the_rate_is_kept_and_made_use_of(rate: float, turns: int) -> None:
    last = max(run(times_of(pace(rate), turns)))
    assert last >= (turns - 1) / rate - TICK
    assert last <= max(APART * (turns - 1) / rate, turns / AT_ONCE * TICK) + TICK


def test_few_turns_are_given_at_once_though_the_rate_allows_more() -> None:
    """A request under way holds objects, and many of them at once make the garbage collector look at all."""
    times = run(times_of(pace(2000.0), 40))
    assert max(Counter(round(at, 3) for at in times).values()) <= AT_ONCE + 1
    assert max(times) <= 40 / AT_ONCE * TICK


def test_many_turns_are_given_as_fast_as_the_rate_allows() -> None:
    times = run(times_of(pace(2000.0), 4000))
    assert max(times) <= APART * 4000 / 2000 + 0.4


def test_in_no_second_are_there_more_turns_than_the_rate() -> None:
    async def bursts() -> list[float]:
        even = pace(50.0)
        times: list[float] = []
        for pause in (0.0, 0.4, 2.0, 0.01, 0.3, 5.0):
            await asyncio.sleep(pause)
            begun = now()
            times += [begun + at for at in await times_of(even, 40)]
        return times

    times = run(bursts())
    for since in times:
        assert sum(since <= at < since + 1.0 for at in times) <= 50


def test_turns_come_in_the_order_they_are_asked_for() -> None:
    async def order() -> list[int]:
        came: list[int] = []
        even = pace()

        async def ask(number: int) -> None:
            await even.turn()
            came.append(number)

        await asyncio.gather(*(ask(number) for number in range(100)))
        return came

    assert run(order()) == list(range(100))


def test_every_wait_gets_its_turn_even_if_others_ask_all_the_time() -> None:
    async def turns() -> Counter[int]:
        even, had = pace(), Counter[int]()

        async def greedy(number: int) -> None:
            while True:
                await even.turn()
                had[number] += 1

        waits = [asyncio.create_task(greedy(number)) for number in range(30)]
        await asyncio.sleep(60.0)
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
        return had

    had = run(turns())
    assert len(had) == 30
    assert max(had.values()) - min(had.values()) <= 7  # the first one finds no pause
    assert 60.0 * 50 / APART - 10 <= sum(had.values()) <= 60 * 50


def test_a_free_pace_gives_a_turn_at_once() -> None:
    async def alone() -> float:
        even, begun = pace(), now()
        for _ in range(10):
            await even.turn()
            await asyncio.sleep(1.0)
        return now() - begun

    assert run(alone()) == pytest.approx(10.0)


def test_waits_that_are_cancelled_are_skipped_and_leave_nothing() -> None:
    async def every_other() -> tuple[list[int], float, Pace]:
        even, came, begun = pace(10.0), [], now()

        async def ask(number: int) -> None:
            await even.turn()
            came.append(number)

        waits = [asyncio.create_task(ask(number)) for number in range(100)]
        await asyncio.sleep(0)
        for wait in waits[1::2]:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
        return came, now() - begun, even

    came, took, even = run(every_other())
    assert came == list(range(0, 100, 2))
    assert took == pytest.approx(49 * APART / 10.0, abs=TICK)
    assert not even._queue


def test_a_turn_that_does_not_come_in_time_ends_as_not_sent_and_leaves_nothing() -> None:
    async def impatient() -> Pace:
        even, begun = pace(1.0), now()
        await even.turn()
        queue = [asyncio.create_task(even.turn()) for _ in range(5)]
        await asyncio.sleep(0)
        with pytest.raises(NotSent, match="out of reach, or busy, for all the waits of this connection"):
            await even.turn(within=3.0)
        assert 3.0 <= now() - begun <= 4.2  # looked after once a second
        await asyncio.gather(*queue)
        assert now() - begun == pytest.approx(5 * APART, abs=TICK)
        await asyncio.sleep(1.0)
        return even

    assert not run(impatient())._queue


def test_closing_forgets_those_who_left_and_the_next_one_is_served() -> None:
    async def after_closing() -> float:
        even, begun = pace(), now()
        even.refused(await even.turn(), 100.0)
        waits = [asyncio.create_task(even.turn()) for _ in range(10)]
        await asyncio.sleep(1.0)
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
        even.close()
        assert (len(even._queue), even._timer) == (0, None)
        return await even.turn() - begun

    assert run(after_closing()) == pytest.approx(100.0, abs=0.1)


def test_a_closed_pace_keeps_no_event_loop_in_memory() -> None:
    kept = []

    async def cancelled_in_its_sleep() -> weakref.ref[asyncio.AbstractEventLoop]:
        even = pace()
        kept.append(even)
        sleeper = asyncio.ensure_future(even.sleep(100.0))
        await asyncio.sleep(1.0)
        sleeper.cancel()
        even.close()
        return weakref.ref(asyncio.get_running_loop())

    loop = run(cancelled_in_its_sleep())
    gc.collect()
    assert loop() is None


def test_no_patience_is_enough_if_a_turn_is_free() -> None:
    async def at_once() -> None:
        even = pace(1.0)
        await even.turn(within=0.0)
        with pytest.raises(NotSent):
            await even.turn(within=0.0)

    run(at_once())


def test_a_throttling_service_is_left_alone_by_all_as_long_as_it_asks_for() -> None:
    async def throttled() -> list[float]:
        even = pace()
        turn = await even.turn()
        assert even.refused(turn, 20.0) == 20.0
        return await times_of(even, 5)

    times = run(throttled())
    assert times[0] >= 20.0
    # until the first answer one a second goes out, to see whether the trouble is over
    assert [later - earlier for earlier, later in pairwise(times)] == [pytest.approx(1.0, abs=TICK)] * 4


def test_those_who_wait_already_are_kept_too() -> None:
    async def kept() -> float:
        even, begun = pace(1.0), now()
        turn = await even.turn()
        waiting = asyncio.create_task(even.turn())
        await asyncio.sleep(0.5)
        even.refused(turn, 20.0)
        return await waiting - begun

    assert run(kept()) >= 20.5


def test_what_was_sent_before_the_closing_does_not_close_it_longer() -> None:
    async def late_answers() -> float:
        even, begun = pace(), now()
        turns = [await even.turn() for _ in range(20)]
        await asyncio.sleep(1.0)
        assert even.refused(turns[0], 10.0) == 10.0
        await asyncio.sleep(5.0)
        assert [even.refused(turn, 60.0) for turn in turns[1:]] == [0.0] * 19
        assert [even.failed(turn) for turn in turns[1:]] == [0.0] * 19
        return await even.turn() - begun

    assert run(late_answers()) == pytest.approx(11.4, abs=0.1)


def test_an_answer_to_an_earlier_request_does_not_cut_retry_after_short() -> None:
    async def answered_late() -> float:
        even, begun = pace(), now()
        even.refused(await even.turn(), 10.0)
        even.answered()
        return await even.turn() - begun

    assert run(answered_late()) >= 10.0


def test_a_service_that_serves_nobody_is_left_alone_at_once() -> None:
    async def unavailable() -> list[float]:
        even = pace()
        turns = [await even.turn() for _ in range(3)]
        return [even.unavailable(turn, 0.0) for turn in turns]

    first, *others = run(unavailable())
    assert 0.75 <= first <= 1.25
    assert others == [0.0, 0.0]


def test_trouble_that_goes_on_makes_the_pauses_longer_up_to_half_a_minute() -> None:
    async def closings() -> list[float]:
        even, seconds = pace(), []
        for _ in range(10):
            await asyncio.sleep(0.1)
            seconds.append(even.refused(await even.turn(), 0.0))
        return seconds

    first, *later = run(closings())
    assert first == 0.0  # a single refusal makes the pace slower, and no more
    for number, seconds in enumerate(later):
        middle = min(2.0**number, 30.0)
        assert 0.75 * middle <= seconds <= 1.25 * middle


def test_five_failures_are_an_outage_that_is_probed_once_a_second_until_an_answer_ends_the_pause() -> None:
    async def outage() -> tuple[list[float], list[float]]:
        even = pace()
        assert [even.failed(await even.turn()) for _ in range(4)] == [0.0] * 4
        assert even.failed(await even.turn()) > 0.0
        probes, begun = [], now()
        waits = [asyncio.create_task(even.turn()) for _ in range(60)]
        while len(probes) < 3:
            await asyncio.sleep(0.01)
            probes += [wait.result() - begun for wait in waits[len(probes) :] if wait.done()]
        even.answered()
        begun = now()
        times = [came - begun for came in await asyncio.gather(*waits[3:])]
        return probes, times

    probes, after = run(outage())
    assert 0.7 <= probes[0] <= 1.3  # the first pause
    assert [probes[i + 1] - probes[i] for i in (0, 1)] == [pytest.approx(1.0, abs=TICK)] * 2
    # what is queued up waits for the probe's second, and then goes on at the whole pace
    assert max(after) <= 1.0 + APART * 57 / 50 + TICK


def test_failures_between_answers_are_no_outage() -> None:
    async def flaky() -> float:
        even = pace()
        for _ in range(20):
            for _ in range(4):
                assert even.failed(await even.turn()) == 0.0
            even.answered()
        return max(await times_of(even, 50))

    assert run(flaky()) <= APART + TICK


def test_a_throttled_pace_is_slower_and_recovers_by_itself() -> None:
    async def recovering() -> tuple[float, float, float]:
        even = pace(50.0)
        whole = max(await times_of(even, 51))
        even.refused(await even.turn(), 0.0)
        even.answered()
        slower = max(await times_of(even, 51))
        await asyncio.sleep(20.0)
        return whole, slower, max(await times_of(even, 51))

    whole, slower, recovered = run(recovering())
    assert whole == pytest.approx(APART, abs=TICK)
    assert 1.05 * APART < slower < APART / 0.85 + TICK
    assert recovered == pytest.approx(APART, abs=TICK)


def test_an_answer_after_a_pause_lets_all_go_on_at_once() -> None:
    async def answered() -> list[float]:
        even, begun = pace(50.0), now()
        even.refused(await even.turn(), 10.0)
        waits = [asyncio.create_task(even.turn()) for _ in range(5)]
        await waits[0]
        await asyncio.sleep(0.1)  # the answer to the first question comes
        even.answered()
        return [came - begun for came in await asyncio.gather(*waits)]

    times = run(answered())
    assert times[0] >= 10.0
    assert max(times) < times[0] + 0.1 + 4 * APART / 50 / 0.85 + 2 * TICK


@pytest.mark.parametrize(("limit", "slowest"), [(50.0, 1.0), (0.2, 0.2)])
def test_however_often_it_is_throttled_it_goes_on_once_a_second_or_as_slowly_as_the_limit(
    limit: float, slowest: float
) -> None:
    async def crawling() -> float:
        even = pace(limit)
        for _ in range(20):
            await asyncio.sleep(0.001)
            even.refused(now(), 0.0)
        return even.rate.at(now())

    assert run(crawling()) == pytest.approx(slowest, rel=0.01)


def test_a_limit_that_is_learned_later_holds_and_a_share_of_it_is_begun_with() -> None:
    """The connection's limit is known only once it was read."""

    async def shared() -> float:
        even = pace(50.0)
        even.rate.limit, even.rate.share = 8.0, 0.25
        return max(await times_of(even, 5))

    assert run(shared()) == pytest.approx(2 * APART, abs=2 * TICK)

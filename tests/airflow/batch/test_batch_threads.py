"""Threads of a batch: one that hangs gives its place away, and tells whether others got through."""

from __future__ import annotations

import asyncio
import threading

import pytest

from airflow_provider_phota.batch.threads import Threads
from airflow_provider_phota.storage import calls

SOON = 0.3


@pytest.fixture
def end():
    """What hangs waits for this."""
    end = threading.Event()
    yield end
    end.set()


def outcomes(threads, *acts):
    """Runs all of them, and returns what became of each."""

    async def run():
        with threads:
            return await asyncio.gather(*(threads.run(act) for act in acts), return_exceptions=True)

    return asyncio.run(run())


def test_a_call_that_hangs_loses_its_place(end):
    hung, *others = outcomes(Threads(2, SOON), end.wait, *([lambda: 7] * 3))
    assert (hung.is_alone, others) == (True, [7, 7, 7])


@pytest.mark.parametrize("places", [1, 2, 4])
def test_calls_that_hang_in_all_places_do_not_speak_for_those_that_wait(end, places):
    ended = outcomes(Threads(places, SOON), *([end.wait] * places), *([lambda: 7] * 3))
    assert [hung.is_alone for hung in ended[:places]] == [True] * places
    assert ended[places:] == [7, 7, 7]


def test_what_waits_behind_calls_that_all_hang_is_not_run(end):
    ran = []
    ended = outcomes(Threads(2, SOON), *([end.wait] * 4), *([lambda: ran.append(1)] * 20))
    assert [hung.is_alone for hung in ended] == [False] * 24
    assert ran == []


def test_calls_that_all_hang_are_told_although_none_waits(end):
    ended = outcomes(Threads(8, SOON), end.wait, end.wait)
    assert [hung.is_alone for hung in ended] == [False] * 2


def test_a_call_that_hangs_is_told_although_those_that_follow_are_cancelled(end):
    async def run():
        with Threads(1, SOON) as threads:
            hanging = asyncio.create_task(threads.run(end.wait))
            next_one = asyncio.create_task(threads.run(end.wait))
            await asyncio.sleep(1.5 * SOON)
            next_one.cancel()
            return await asyncio.gather(hanging, return_exceptions=True)

    (hung,) = asyncio.run(run())
    assert hung.is_alone


def test_calls_are_run_again_once_one_of_those_that_seemed_to_hang_has_ended(end):
    async def run():
        with Threads(2, SOON) as threads:
            slow = asyncio.create_task(threads.run(lambda: threading.Event().wait(SOON * 0.9)))
            hanging = [asyncio.create_task(threads.run(end.wait))]
            await asyncio.gather(slow, *hanging, return_exceptions=True)
            return await threads.run(lambda: 7)

    assert asyncio.run(run()) == 7


def test_an_error_of_a_call_is_passed_on_also_if_it_is_a_timeout(end):
    def fail():
        raise TimeoutError("of the store")

    hung, failed = outcomes(Threads(2, SOON), end.wait, fail)
    assert isinstance(failed, TimeoutError)
    assert str(failed) == "of the store"
    assert hung.is_alone


def test_what_is_still_written_at_the_end_gets_a_moment(end, monkeypatch):
    monkeypatch.setattr(calls, "LAST_SECONDS", 0.5)
    written = []

    def write():
        threading.Event().wait(0.2)
        written.append(1)

    async def leave():
        with Threads(2, 60.0) as threads:
            tasks = [asyncio.create_task(threads.run(act)) for act in (write, end.wait)]
            await asyncio.sleep(0.05)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(leave())
    assert written == [1]

"""A wait asks at least once and takes its whole time, whatever the clocks of worker and triggerer say."""

from __future__ import annotations

import asyncio
import time

import pytest

from airflow_provider_phota.emulator import Fault
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.triggers import phota
from airflow_provider_phota.triggers.events import WaitEnd, WaitEvent
from airflow_provider_phota.triggers.phota import PhotaTaskTrigger
from airflow_provider_phota.waiting import Intervals, Wait

pytestmark = pytest.mark.usefixtures("metadata_database", "at_once")

ASKED = "GET /v1/tasks/{task_id}"
HOUR = 3600.0


@pytest.fixture
def submitted(emulator, picture_url):
    return PhotaHook().submit_edit("a beach", picture_url)


@pytest.fixture
def slow(emulator, picture_url):
    emulator.add_faults(Fault(on="submit", kind="latency", seconds=600.0))
    return PhotaHook().submit_edit("a beach", picture_url)


@pytest.fixture
def clock(monkeypatch):
    """The triggerer's wall clock, so many seconds ahead of the worker's."""

    class Ahead:
        seconds = 0.0

        def time(self):
            return time.time() + self.seconds

        def monotonic(self):
            return time.monotonic()

    ahead = Ahead()
    monkeypatch.setattr(phota, "time", ahead)
    return ahead


def end_of(waiting):
    async def collect():
        return [event.payload async for event in waiting.run()]

    (payload,) = asyncio.run(collect())
    return WaitEvent.from_dict(payload)


def deferred(task, timeout=HOUR, *, seen=True):
    """The trigger that a worker makes, by its own clock."""
    wait = Wait("phota_default", timeout, Intervals(0.05, 0.05), 1800.0)
    return wait.trigger(task.id, task if seen else None)


@pytest.mark.parametrize("ahead", [HOUR, HOUR + 600.0, 24 * HOUR, -HOUR, -24 * HOUR])
@pytest.mark.parametrize("seen", [True, False])
def test_a_finished_task_is_found_finished(clock, submitted, ahead, seen):
    time.sleep(0.3)  # the emulator's longest task
    clock.seconds = ahead
    assert end_of(deferred(submitted, seen=seen)).end is WaitEnd.FINISHED


def test_a_clock_that_is_ahead_by_all_its_time_takes_none_of_it_away(clock, submitted, emulator):
    """It is not finished when it is asked about first."""
    clock.seconds = HOUR + 5.0
    emulator.add_faults(Fault(on="task", kind="status_word", word="processing", times=3))
    assert end_of(deferred(submitted)).end is WaitEnd.FINISHED
    assert emulator.counts()[ASKED] > 3


def test_a_wait_that_took_its_time_says_how_long_it_really_was(clock, slow, emulator):
    clock.seconds = HOUR
    event = end_of(deferred(slow, timeout=2.0))
    assert event.end is WaitEnd.TIMED_OUT
    assert f"PHOTA task {slow.id} was not finished after waiting 2 s." in event.message
    assert emulator.counts()[ASKED] > 1


def test_where_the_task_was_never_seen_it_is_asked_about_and_the_clock_is_told_of(clock, slow, emulator):
    clock.seconds = HOUR + 90.0
    event = end_of(deferred(slow, seen=False))
    assert event.end is WaitEnd.TIMED_OUT
    assert emulator.counts()[ASKED] == 1
    first, second, third, *_ = event.message.splitlines()
    assert first == f"PHOTA task {slow.id} was not finished at its deadline."
    assert second.startswith("By this machine's clock that was 90 s before the wait began here; it took ")
    assert third.startswith(f"PHOTA task {slow.id} goes on and is billed.")


def test_a_question_that_fails_is_not_the_only_one(clock, submitted, emulator):
    time.sleep(0.3)
    emulator.add_faults(Fault(on="task", kind="reset_before", times=4))
    clock.seconds = 2 * HOUR
    assert end_of(deferred(submitted, seen=False)).end is WaitEnd.FINISHED


def test_a_triggerer_that_comes_back_after_the_deadline_asks_once(slow, emulator):
    late = time.time() - 100.0
    again = PhotaTaskTrigger(
        slow.id, "phota_default", deadline=late, timeout=60.0, since=late - 60.0, estimated_time=45.0
    )
    emulator.advance(160)  # the service's clock has gone on, as time has
    assert end_of(again).end is WaitEnd.TIMED_OUT
    assert emulator.counts()[ASKED] == 1


@pytest.mark.parametrize("since", [10 * HOUR, -10 * HOUR])
def test_a_task_that_was_created_in_the_future_or_long_ago_is_waited_for_all_the_same(submitted, since):
    waiting = deferred(submitted)
    waiting.since = time.time() + since
    assert end_of(waiting).end is WaitEnd.FINISHED

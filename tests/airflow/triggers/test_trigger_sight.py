"""A trigger is told how its task was seen when it begins, and asks accordingly."""

from __future__ import annotations

import asyncio
import json
import time

import pytest

from airflow_provider_phota.api.tasks import PhotaTask, TaskStatus
from airflow_provider_phota.emulator import Fault
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.polling.durations import Observation
from airflow_provider_phota.triggers.events import WaitEnd, WaitEvent
from airflow_provider_phota.triggers.phota import PhotaTaskTrigger
from airflow_provider_phota.triggers.poller import SharedPoller
from airflow_provider_phota.waiting import Intervals, Wait

pytestmark = pytest.mark.usefixtures("metadata_database", "at_once")

ASKED = "GET /v1/tasks/{task_id}"
MODEL = "phota-image-edit"


@pytest.fixture
def phota_task_id(emulator, picture_url):
    return PhotaHook().submit_edit("a beach", picture_url).id


@pytest.fixture
def slow_task_id(emulator, picture_url):
    emulator.add_faults(Fault(on="submit", kind="latency", seconds=600.0))
    return PhotaHook().submit_edit("a beach", picture_url).id


def trigger(phota_task_id, seconds=30.0, **arguments):
    how = {"phota_conn_id": "phota_default", "poll_interval": 0.05, "timeout": seconds, **arguments}
    return PhotaTaskTrigger(phota_task_id, deadline=time.time() + seconds, **how)


async def end(waiting):
    (event,) = [event async for event in waiting.run()]
    return WaitEvent.from_dict(event.payload).end


def wait_between(shortest, longest):
    return Wait("phota_default", 100.0, Intervals(shortest, longest), 1800.0)


def test_what_it_was_told_survives_the_database():
    seen = PhotaTask("task-1", MODEL, TaskStatus.PENDING, "pending", age=12.0, estimated_time=40.0)
    before = time.time()
    made = wait_between(2.0, 30.0).trigger("task-1", seen)
    _, arguments = made.serialize()
    again = PhotaTaskTrigger(**json.loads(json.dumps(arguments)))
    assert again.serialize() == made.serialize()
    assert (again.poll_interval, again.longest_interval) == (2.0, 30.0)
    assert (again.estimated_time, again.model) == (40.0, MODEL)
    assert again.since == pytest.approx(before - 12.0, abs=5.0)


@pytest.mark.parametrize("status", [TaskStatus.COMPLETED, None])
def test_of_a_task_that_was_not_seen_running_it_is_told_nothing(status):
    """A completed one without results has to be asked about at once."""
    seen = status and PhotaTask("task-1", MODEL, status, status.value, age=12.0, estimated_time=40.0)
    made = wait_between(2.0, 30.0).trigger("task-1", seen)
    assert (made.since, made.estimated_time, made.model) == (None, None, "")


def test_the_first_question_is_asked_when_it_is_worth_it(emulator, slow_task_id):
    """The last one, at the end of its time, is the only one: before, no answer was likely to help."""
    waiting = trigger(
        slow_task_id, 0.7, since=time.time(), estimated_time=600.0, model=MODEL, longest_interval=600.0
    )
    assert asyncio.run(end(waiting)) is WaitEnd.TIMED_OUT
    assert emulator.counts()[ASKED] == 1


def test_without_a_longest_interval_it_asks_steadily(emulator, slow_task_id):
    """As the triggers do that were made before there was one."""
    waiting = trigger(slow_task_id, 1.5, since=time.time(), estimated_time=600.0, model=MODEL)
    assert asyncio.run(end(waiting)) is WaitEnd.TIMED_OUT
    assert emulator.counts()[ASKED] > 1  # the last one, and those before


def test_it_asks_at_once_about_what_it_knows_nothing_of(emulator, phota_task_id):
    time.sleep(0.3)  # the emulator's longest task
    waiting = trigger(phota_task_id, longest_interval=600.0, poll_interval=600.0)
    assert asyncio.run(end(waiting)) is WaitEnd.FINISHED
    assert emulator.counts()[ASKED] == 1


def restarted(phota_task_id):
    """The trigger of a task submitted an hour ago, resumed by a triggerer that was away meanwhile."""
    hour = 3600.0
    arguments = {"poll_interval": 600.0, "longest_interval": 600.0, "timeout": hour + 30.0}
    about = {"since": time.time() - hour, "estimated_time": 45.0, "model": MODEL}
    return trigger(phota_task_id, **arguments, **about)


def test_a_restarted_one_asks_at_once(emulator, phota_task_id):
    """Nobody knows what its task has done meanwhile."""
    time.sleep(0.3)  # the emulator's longest task
    assert asyncio.run(asyncio.wait_for(end(restarted(phota_task_id)), 20.0)) is WaitEnd.FINISHED


def test_the_time_a_triggerer_was_away_is_no_tasks_duration(emulator, phota_task_id):
    time.sleep(0.3)

    async def learned():
        async with SharedPoller("phota_default") as shared:
            waiting = restarted(phota_task_id)
            waiting.poll_interval = 0.05
            await end(waiting)
            return shared.durations.forecast(Observation(0.0, MODEL, 45.0)).median

    assert asyncio.run(learned()) <= 46.0

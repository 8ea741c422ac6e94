"""When a batch leaves its worker slot, and that it does not do so for ever."""

from __future__ import annotations

import time

import pytest
from airflow.providers.common.compat.sdk import TaskDeferred

from airflow_provider_phota.batch.idle import pause_worth_taking
from airflow_provider_phota.batch.options import BatchOptions
from airflow_provider_phota.emulator import Fault
from airflow_provider_phota.journal.waits import OpenTask, read_waits
from airflow_provider_phota.polling.durations import Durations
from airflow_provider_phota.storage.paths import Place, checked_path
from airflow_provider_phota.triggers.batch_events import BatchWaitEvent, WakeUp

DEFER_AFTER = 30.0


def pause(*tasks, has_more=False):
    options = BatchOptions(in_flight=10, defer_after=DEFER_AFTER)
    return pause_worth_taking(tasks, options, Durations(), has_more=has_more)


def open_task(*, age=0.0, seconds=3600.0, estimated_time=600.0):
    return OpenTask("item", "task-1", age, seconds, estimated_time, "phota_edit")


def test_a_pause_is_taken_if_nothing_ends_soon():
    assert pause(open_task(), open_task()).wake_after == 1
    assert pause(open_task(estimated_time=5.0), open_task(estimated_time=5.0)) is None


def test_no_pause_is_longer_than_the_wait_for_a_task():
    assert pause(open_task(seconds=DEFER_AFTER - 1)) is None
    assert pause(open_task(seconds=DEFER_AFTER + 1))


def test_what_nobody_waits_for_any_longer_ends_on_the_worker():
    assert pause(*[open_task()] * 9, open_task(age=4000.0, seconds=-400.0)) is None


@pytest.fixture
def standing(shop, monkeypatch):
    """Two pictures and a third item that asks for the same as the second; PHOTA tasks take very long."""
    shop.add_pictures(2)
    pictures = [f"file://{shop.folder}/inbox/{number:03d}.png" for number in (0, 1, 1)]
    edits = [{"key": key, "image_urls": picture} for key, picture in zip("abc", pictures, strict=True)]
    shop.arguments = {
        "edits": edits,
        "prompt": "Shine",
        "deferrable": True,
        "defer_after": 1.0,
        "timeout": 8.0,
        "poll_interval": 0.2,
    }
    shop.emulator.add_faults(Fault("submit", "latency", seconds=600.0, times=None))
    monkeypatch.setattr("airflow_provider_phota.batch.course._SHORTEST_WAIT", 1.0)
    return shop


def deferred(act):
    with pytest.raises(TaskDeferred) as caught:
        act()
    return caught.value


def come_back(shop):
    event = BatchWaitEvent("", WakeUp.ENOUGH, 1, 1).to_dict()
    return shop.operator(max_failures="100%").execute_complete(shop.context(), event)


def waits_of(pause):
    return read_waits(Place.of(checked_path("waits", pause.trigger.waits)))


def test_a_wait_is_not_extended_by_a_pause_and_ends_on_the_worker(standing):
    first = waits_of(deferred(standing.run))
    assert len(first) == 3
    time.sleep(2.0)
    second = waits_of(deferred(lambda: come_back(standing)))
    ages = {task.item: task.age for task in first}
    assert all(task.age >= ages[task.item] + 2.0 for task in second)
    assert all(task.age + task.seconds == pytest.approx(8.0, abs=0.5) for task in second)
    time.sleep(max(task.seconds for task in second))
    summary = come_back(standing)
    assert summary["counts"]["failed"] == 3
    assert standing.billed == 2
    assert all("was not finished" in row["error"] for row in standing.rows.values())


def test_no_pause_is_taken_before_the_service_has_answered(standing):
    deferred(lambda: standing.run(timeout=60.0))
    standing.arguments["timeout"] = 60.0
    before = len(standing.emulator.requests())
    deferred(lambda: come_back(standing))
    tasks = {entry.id for entry in standing.emulator.ledger()}
    asked = {request.path.rpartition("/")[2] for request in standing.emulator.requests()[before:]}
    assert tasks <= asked


def test_a_redo_that_pauses_pays_for_what_turns_out_to_be_broken(standing):
    standing.try_to_run(deferrable=False, timeout=1.0)
    assert standing.statuses == {"failed": 3}
    standing.clear()
    standing.arguments |= {"redo": "failed", "timeout": 600.0}
    deferred(standing.run)
    assert standing.billed == 2
    standing.emulator.clear_faults()
    broken = [entry.id for entry in standing.emulator.ledger()]
    standing.emulator.add_faults(
        *(Fault("task", "fail_task", match={"task_id": task}, times=None) for task in broken)
    )
    assert come_back(standing)["counts"]["landed"] == 3
    assert standing.billed == 4


def test_a_short_timeout_is_what_is_waited_for(shop):
    shop.add_pictures(1)
    shop.emulator.add_faults(Fault("submit", "latency", seconds=600.0))
    began = time.monotonic()
    shop.run(timeout=2.0)
    assert time.monotonic() - began < 30
    assert shop.statuses == {"failed": 1}

"""PhotaBatchTrigger alone, under asyncio, as the triggerer runs it."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import pytest
from airflow.providers.common.compat.sdk import ObjectStoragePath
from trigger_runs import events_of, left_by_cancelling

from airflow_provider_phota.emulator import Fault
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.journal.waits import OpenTask, write_waits
from airflow_provider_phota.storage.paths import Place
from airflow_provider_phota.triggers import batch, phota
from airflow_provider_phota.triggers.batch import PhotaBatchTrigger
from airflow_provider_phota.triggers.batch_events import BatchWaitEvent, WakeUp

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "batch_triggers_v1.json").read_text())

pytestmark = pytest.mark.usefixtures("metadata_database")


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setattr(phota, "EARLIEST_EVENT", 0.0)
    monkeypatch.setattr(batch, "READ_WITHIN", 1.0)


@pytest.fixture
def tasks(emulator, picture_url):
    """Three PHOTA tasks that have just been paid for."""
    return [PhotaHook().submit_edit(f"beach {number}", picture_url).id for number in range(3)]


def waits_of(tasks, folder, *, age=0.0, seconds=30.0):
    opened = [OpenTask(f"{task:0<24}"[:24], task, age, seconds, None, "phota-image-edit") for task in tasks]
    return write_waits(Place.of(ObjectStoragePath(f"file://{folder}/journal")), 1, 1, opened)


def trigger(waits, **arguments):
    how = {"phota_conn_id": "phota_default", "began": time.time(), "wake_after": 3}
    how |= {"poll_interval": 0.05, "longest_interval": 0.1}
    return PhotaBatchTrigger(getattr(waits, "url", waits), **(how | arguments))


def end_of(waiting):
    (payload,) = events_of(waiting)
    return BatchWaitEvent.from_dict(json.loads(json.dumps(payload)))


@pytest.fixture
def endless(emulator):
    """No task ends, however often it is asked about."""
    emulator.add_faults(Fault(on="task", kind="status_word", word="processing", times=None))


def test_one_event_says_how_many_have_ended(tasks, tmp_path):
    waits = waits_of(tasks, tmp_path)
    assert end_of(trigger(waits)) == BatchWaitEvent(waits.url, WakeUp.ENOUGH, 3, 0)


def test_it_never_fires_within_six_seconds_of_its_start(tasks, tmp_path, monkeypatch):
    monkeypatch.setattr(phota, "EARLIEST_EVENT", 6.0)
    start = time.monotonic()
    assert end_of(trigger(waits_of(tasks, tmp_path))).why is WakeUp.ENOUGH
    assert time.monotonic() - start >= 6.0


def test_a_wait_that_began_long_ago_ends_at_once(tasks, tmp_path, monkeypatch):
    monkeypatch.setattr(phota, "EARLIEST_EVENT", 60.0)
    start = time.monotonic()
    moved = trigger(waits_of(tasks, tmp_path), began=time.time() - 60.0)
    assert end_of(moved).why is WakeUp.ENOUGH
    assert time.monotonic() - start < 60.0


def test_a_task_whose_time_is_over_counts_as_ended(endless, tasks, tmp_path, caplog):
    caplog.set_level("INFO", logger="airflow_provider_phota")
    assert end_of(trigger(waits_of(tasks, tmp_path, seconds=0.5))).why is WakeUp.ENOUGH
    assert all(any(task in each.getMessage() for each in caplog.records) for task in tasks)


def test_a_restart_extends_no_wait(endless, tasks, tmp_path):
    resumed = trigger(waits_of(tasks, tmp_path, seconds=30.0), began=time.time() - 60.0)
    start = time.monotonic()
    assert end_of(resumed).why is WakeUp.ENOUGH
    assert time.monotonic() - start < 25.0


def test_a_clock_set_back_extends_no_wait(endless, tasks, tmp_path):
    early = trigger(waits_of(tasks, tmp_path, seconds=0.5), began=time.time() + 7200.0)
    assert end_of(early).why is WakeUp.ENOUGH


@pytest.mark.parametrize(("passed", "asks_at_once"), [(0.0, False), (40.0, True)])
def test_after_a_restart_it_asks_at_once(emulator, tasks, tmp_path, passed, asks_at_once):
    """Before that, it relies on the worker, which has just seen the tasks running."""
    time.sleep(0.5)  # the emulator's longest task
    hours = {"poll_interval": 3600.0, "longest_interval": 3600.0}
    waiting = trigger(waits_of(tasks, tmp_path, seconds=7200.0), began=time.time() - passed, **hours)

    async def wait_a_moment():
        try:
            return await asyncio.wait_for(anext(waiting.run()), 3.0)
        except TimeoutError:
            return None

    assert (asyncio.run(wait_a_moment()) is not None) is asks_at_once


def test_results_that_are_about_to_expire_bring_the_batch_back(emulator, tasks, tmp_path):
    running = Fault(on="task", kind="status_word", word="processing", times=None, match={"task_id": tasks[0]})
    emulator.add_faults(running)
    waits = waits_of(tasks, tmp_path, age=20 * 3600.0)
    assert end_of(trigger(waits)) == BatchWaitEvent(waits.url, WakeUp.EXPIRING, 2, 1)


def test_old_tasks_that_still_run_bring_nothing_back(endless, tasks, tmp_path):
    start = time.monotonic()
    event = end_of(trigger(waits_of(tasks, tmp_path, age=21 * 3600.0, seconds=2.0)))
    assert not event.has_failed
    assert time.monotonic() - start >= 1.9  # not before the time of the first of them is over


@pytest.mark.parametrize("harm", ["missing", "damaged", "hanging"])
def test_a_list_that_cannot_be_read_gives_the_wait_back_to_the_worker(tasks, tmp_path, monkeypatch, harm):
    waits = waits_of(tasks, tmp_path)
    if harm == "missing":
        Path(waits.path).unlink()
    elif harm == "damaged":
        Path(waits.path).write_text("{")
    else:
        monkeypatch.setattr(batch, "read_waits", lambda place: time.sleep(30.0))
    event = end_of(trigger(waits))
    assert event.why is WakeUp.UNREADABLE
    assert event.has_failed


@pytest.mark.parametrize(
    ("fault", "arguments"),
    [
        ({"kind": "status", "status": 401, "code": "authentication_error"}, {}),
        ({"kind": "status", "status": 503}, {"max_unreachable": 0.3}),
    ],
)
def test_a_service_that_cannot_be_asked_from_here_gives_it_back_too(
    emulator, tasks, tmp_path, fault, arguments, caplog
):
    emulator.add_faults(Fault(on="task", times=None, **fault))
    event = end_of(trigger(waits_of(tasks, tmp_path), **arguments))
    assert event.why is WakeUp.BROKEN
    assert "does not pause again" in str(event)
    assert any(record.levelname == "ERROR" for record in caplog.records)


def test_so_does_a_missing_connection(tasks, tmp_path, caplog):
    assert end_of(trigger(waits_of(tasks, tmp_path), phota_conn_id="nobody")).why is WakeUp.BROKEN
    assert "There is no Airflow connection 'nobody'" in caplog.text


def test_so_does_our_own_mistake_and_its_event_does_not_hold_its_words(tasks, tmp_path, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("emu-0123456789abcdef")

    monkeypatch.setattr(batch, "wait_for_task", broken)
    event = end_of(trigger(waits_of(tasks, tmp_path)))
    assert event.why is WakeUp.BROKEN
    assert "emu-" not in json.dumps(event.to_dict())


def test_a_cancelled_wait_fires_nothing_and_leaves_nothing(endless, tasks, tmp_path):
    assert left_by_cancelling(trigger(waits_of(tasks, tmp_path)), seconds=0.5) == set()


@pytest.mark.parametrize("golden", GOLDEN["triggers"], ids=lambda golden: golden["name"])
def test_triggers_of_the_first_version_can_still_be_made(golden):
    """Their arguments are in users' databases: add to them, with defaults, and never change this file."""
    path, arguments = PhotaBatchTrigger(**golden["kwargs"]).serialize()
    assert path == golden["classpath"]
    assert golden["kwargs"].items() <= arguments.items()


@pytest.mark.parametrize("golden", GOLDEN["events"], ids=lambda golden: golden["why"])
def test_an_event_is_read_and_written_alike(golden):
    assert BatchWaitEvent.from_dict(golden).to_dict() == golden


def test_every_event_is_golden():
    assert {golden["why"] for golden in GOLDEN["events"]} == {why.name.lower() for why in WakeUp}


@pytest.mark.parametrize(
    "event",
    [
        None,
        {},
        {"version": 2},
        {**GOLDEN["events"][0], "why": "x"},
        {**GOLDEN["events"][0], "open": "many"},
        "x",
    ],
)
def test_a_foreign_event_is_refused(event):
    with pytest.raises(ValueError, match="same version of airflow-provider-phota"):
        BatchWaitEvent.from_dict(event)

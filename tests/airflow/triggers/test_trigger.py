"""PhotaTaskTrigger alone, under asyncio, as the triggerer runs it."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import pytest
from trigger_runs import events_of, left_by_cancelling

from airflow_provider_phota.emulator import Fault
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.triggers import phota
from airflow_provider_phota.triggers.events import WaitEnd, WaitEvent
from airflow_provider_phota.triggers.phota import PhotaTaskTrigger

GOLDEN = Path(__file__).parents[1] / "golden" / "phota_task_trigger_v1.json"

pytestmark = pytest.mark.usefixtures("metadata_database")


@pytest.fixture
def phota_task_id(emulator, picture_url):
    return PhotaHook().submit_edit("a beach", picture_url).id


def trigger(phota_task_id, seconds=30.0, **arguments):
    how = {"phota_conn_id": "phota_default", "poll_interval": 0.05, "timeout": seconds, **arguments}
    return PhotaTaskTrigger(phota_task_id, deadline=time.time() + seconds, **how)


def end_of(waiting):
    (payload,) = events_of(waiting)
    return WaitEvent.from_dict(payload)


def test_one_event_says_that_the_task_is_finished(at_once, phota_task_id):
    assert end_of(trigger(phota_task_id)) == WaitEvent(WaitEnd.FINISHED, phota_task_id)


def test_its_event_is_plain_json_of_a_known_version(at_once, phota_task_id):
    (payload,) = events_of(trigger(phota_task_id))
    assert json.loads(json.dumps(payload)) == {
        "version": 1,
        "end": "finished",
        "phota_task_id": phota_task_id,
        "message": "",
    }


def test_its_log_has_a_line_for_its_start_each_status_and_its_end(at_once, phota_task_id, caplog):
    caplog.set_level("INFO", logger="airflow_provider_phota")
    end_of(trigger(phota_task_id))
    first, *between, last = [record.getMessage() for record in caplog.records]
    assert first == f"Waiting for PHOTA task {phota_task_id}."
    assert between[-1] == f"PHOTA task {phota_task_id} is completed."
    assert last == f"The wait for PHOTA task {phota_task_id} ended: finished."


def test_one_of_many_waits_logs_only_its_start_and_its_end(at_once, phota_task_id, caplog, monkeypatch):
    """The triggerer's event loop would stand still while the lines of thousands are handed on."""
    monkeypatch.setattr(phota, "_MANY", 1)
    caplog.set_level("INFO", logger="airflow_provider_phota")
    end_of(trigger(phota_task_id))
    ours = [record for record in caplog.records if record.name.startswith("airflow_provider_phota")]
    first, last = [record.getMessage() for record in ours]
    assert first == f"Waiting for PHOTA task {phota_task_id}."
    assert last == f"The wait for PHOTA task {phota_task_id} ended: finished."


def test_it_never_fires_within_six_seconds_of_its_start(phota_task_id):
    assert phota.EARLIEST_EVENT == 6.0
    start = time.monotonic()
    assert end_of(trigger(phota_task_id)).end is WaitEnd.FINISHED
    assert time.monotonic() - start >= 6.0


def test_a_wait_that_began_long_ago_ends_at_once(phota_task_id, monkeypatch):
    """Two busy triggerers may take a trigger from each other every few seconds."""
    monkeypatch.setattr(phota, "EARLIEST_EVENT", 60.0)
    moved = PhotaTaskTrigger(phota_task_id, "phota_default", deadline=time.time() + 30.0, timeout=90.0)
    start = time.monotonic()
    assert end_of(moved).end is WaitEnd.FINISHED
    assert time.monotonic() - start < 60.0


def test_the_deadline_is_absolute(at_once, emulator, phota_task_id):
    emulator.add_faults(Fault(on="task", kind="status_word", word="processing", times=None))
    late = PhotaTaskTrigger(phota_task_id, "phota_default", deadline=time.time() - 100.0)
    assert end_of(late).end is WaitEnd.TIMED_OUT


def test_a_clock_set_back_grants_no_more_than_the_timeout(at_once, emulator, phota_task_id):
    emulator.add_faults(Fault(on="task", kind="status_word", word="processing", times=None))
    waiting = PhotaTaskTrigger(
        phota_task_id, "phota_default", deadline=time.time() + 7200.0, timeout=0.3, poll_interval=0.1
    )
    assert end_of(waiting).end is WaitEnd.TIMED_OUT


def test_the_last_question_is_asked_when_the_time_is_over(at_once, emulator, phota_task_id):
    time.sleep(0.3)  # the emulator's longest task
    late = PhotaTaskTrigger(phota_task_id, "phota_default", deadline=time.time() - 100.0)
    assert end_of(late).end is WaitEnd.FINISHED


@pytest.mark.parametrize(
    ("fault", "arguments", "end"),
    [
        ({"kind": "status", "status": 503}, {"max_unreachable": 0.3}, WaitEnd.LOST_SIGHT),
        ({"kind": "reset_before"}, {"max_unreachable": 0.3}, WaitEnd.LOST_SIGHT),
        ({"kind": "status", "status": 401, "code": "authentication_error"}, {}, WaitEnd.REFUSED),
    ],
)
def test_a_problem_that_does_not_pass_ends_the_wait(at_once, emulator, phota_task_id, fault, arguments, end):
    emulator.add_faults(Fault(on="task", times=None, **fault))
    event = end_of(trigger(phota_task_id, **arguments))
    assert event.end is end
    assert phota_task_id in event.message


def test_a_missing_connection_ends_the_wait(at_once, phota_task_id):
    event = end_of(trigger(phota_task_id, phota_conn_id="nobody"))
    assert event.end is WaitEnd.REFUSED
    assert "There is no Airflow connection 'nobody'" in event.message


def test_a_connection_that_cannot_be_read_for_too_long_ends_the_wait_without_its_words(
    at_once, phota_task_id, monkeypatch
):
    async def broken(conn_id):
        raise RuntimeError("emu-0123456789abcdef")

    monkeypatch.setattr("airflow_provider_phota.hooks.phota.load_connection", broken)
    event = end_of(trigger(phota_task_id, max_unreachable=0.2))
    assert event.end is WaitEnd.LOST_SIGHT
    assert "the Airflow connection could not be read (RuntimeError)" in event.message
    assert "emu-" not in event.message


def test_a_connection_that_cannot_be_read_for_a_moment_ends_no_wait(at_once, phota_task_id, monkeypatch):
    load, refusals = PhotaHook.load_settings, []

    async def at_last(hook):
        if len(refusals) < 3:
            refusals.append(hook)
            raise OSError("the database is away")
        return await load(hook)

    monkeypatch.setattr(PhotaHook, "load_settings", at_last)
    assert end_of(trigger(phota_task_id)).end is WaitEnd.FINISHED
    assert len(refusals) == 3


def test_what_is_our_own_mistake_ends_the_wait_without_its_words(at_once, phota_task_id, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("emu-0123456789abcdef")

    monkeypatch.setattr(phota, "wait_for_task", broken)
    event = end_of(trigger(phota_task_id))
    assert event.end is WaitEnd.LOST_SIGHT
    assert "broke in the triggerer (RuntimeError" in event.message
    assert "emu-" not in event.message


def test_a_cancelled_wait_fires_nothing_and_leaves_nothing(at_once, emulator, phota_task_id):
    emulator.add_faults(Fault(on="task", kind="status_word", word="processing", times=None))

    assert left_by_cancelling(trigger(phota_task_id), seconds=0.3) == set()


def test_a_second_instance_made_of_its_arguments_waits_on(at_once, phota_task_id):
    path, arguments = trigger(phota_task_id).serialize()
    assert path.endswith(PhotaTaskTrigger.__qualname__)
    again = PhotaTaskTrigger(**json.loads(json.dumps(arguments)))
    assert end_of(again) == WaitEvent(WaitEnd.FINISHED, phota_task_id)


def test_triggers_of_the_first_version_can_still_be_made():
    """Their arguments are in users' databases: add to them, with defaults, and never change this file."""
    golden = json.loads(GOLDEN.read_text())
    made = PhotaTaskTrigger(**golden["kwargs"])
    path, arguments = made.serialize()
    assert path == golden["classpath"]
    assert golden["kwargs"].items() <= arguments.items()


def test_the_event_loop_stays_free_while_it_waits(at_once, emulator, phota_task_id):
    """A blocking poll of a service that hangs would stop the loop for as long as it hangs."""

    async def longest_gap():
        waiting = asyncio.ensure_future(anext(trigger(phota_task_id).run()))
        gap, last = 0.0, time.monotonic()
        while not waiting.done():
            await asyncio.sleep(0.01)
            now = time.monotonic()
            gap, last = max(gap, now - last), now
        return gap

    asyncio.run(longest_gap())  # the first import of a driver is not the trigger's doing
    emulator.add_faults(Fault(on="task", kind="hang", seconds=3.0))
    gap = asyncio.run(longest_gap())
    assert emulator.faults() == []
    assert gap < 1.5


@pytest.mark.parametrize("event", [None, {}, {"version": 2}, {"version": 1, "end": "x"}, "finished"])
def test_a_foreign_event_is_refused(event):
    with pytest.raises(ValueError, match="same version of airflow-provider-phota"):
        WaitEvent.from_dict(event)

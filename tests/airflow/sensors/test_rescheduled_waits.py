"""Waits in mode `reschedule`: each poke is a process of its own, and goes on with what those before have seen."""

from __future__ import annotations

import logging
from importlib.metadata import version
from types import SimpleNamespace

import pytest
from airflow_runs import run

from airflow_provider_phota.emulator import Fault
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.polling.state import Patience, WaitState
from airflow_provider_phota.sensors import remembering

pytestmark = pytest.mark.usefixtures("metadata_database", "at_once")

TASK_ID = "task-unified-1757165031-uyujaw3d"
needs_task_state = pytest.mark.skipif(version("apache-airflow") < "3.3", reason="Airflow keeps no task state")


class Store(dict):
    def set(self, key, value):
        self[key] = value


def context_of(store, try_number=1):
    return {"ti": SimpleNamespace(try_number=try_number), "task_state_store": store}


def state(phota_task_id=TASK_ID, now=1000.0):
    return WaitState(phota_task_id, Patience(), now)


def resumed(context, phota_task_id=TASK_ID):
    """What a later process, at another time, knows of the wait."""
    later = state(phota_task_id, now=5000.0)
    remembering.resume(context, later)
    return later.memory


@needs_task_state
def test_an_outage_ends_it_after_max_unreachable_and_not_after_its_timeout(emulator, picture_url):
    phota_task_id = PhotaHook().submit_edit("a beach", picture_url).id
    emulator.add_faults(Fault(on="task", kind="status", status=503, times=None))
    done = run("sensor_reschedule_impatient", phota_task_id=phota_task_id)
    assert done.states == {"wait": ["failed"]}
    assert done.xcom("wait", "phota_problem")["error"] == "PhotaLostSight"
    asked = emulator.counts()["GET /v1/tasks/{task_id}"]
    assert asked > 1  # the first poke alone could not know that it had lasted


def test_a_poke_goes_on_with_what_the_one_before_has_seen():
    context = context_of(Store())
    before = state()
    remembering.remember(context, before)
    assert resumed(context) == before.memory


@pytest.mark.parametrize(("phota_task_id", "try_number"), [(TASK_ID, 2), (TASK_ID.replace("uyu", "abc"), 1)])
def test_a_retry_and_another_task_begin_anew(phota_task_id, try_number):
    store = Store()
    remembering.remember(context_of(store), state())
    assert resumed(context_of(store, try_number), phota_task_id).began == 5000.0


def test_an_older_airflow_has_no_place_for_it():
    context = {"ti": SimpleNamespace(try_number=1)}
    remembering.remember(context, state())
    assert resumed(context).began == 5000.0


@pytest.mark.parametrize("kept", ["nonsense", {"of": [TASK_ID, 1]}, {"of": [TASK_ID, 1], "began": "soon"}])
def test_what_is_not_a_memory_is_passed_over(kept):
    assert resumed(context_of(Store({remembering.KEY: kept}))).began == 5000.0


def test_a_store_that_fails_costs_a_warning_and_not_the_wait(caplog):
    def fail(*_):
        raise OSError("the API server is away")

    context = context_of(SimpleNamespace(get=fail, set=fail))
    with caplog.at_level(logging.WARNING):
        remembering.remember(context, state())
        assert resumed(context).began == 5000.0
    assert [record.getMessage() for record in caplog.records] == [
        "What this poke has seen could not be kept (OSError).",
        "What earlier pokes have seen could not be read (OSError).",
    ]

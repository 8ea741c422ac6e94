"""Waits in flight while this provider is upgraded, or goes back to an older version, in a real Airflow.

A task defers with what the golden files say that an older version stored. The triggerer makes the trigger of
today from it, and the operator of today resumes.
"""

from __future__ import annotations

import json
import shutil
from decimal import Decimal
from urllib.parse import quote

import pytest
from conftest import BUDGET, PICTURE, ROOT
from stack_patience import until

from airflow_provider_phota.budget.log import BudgetLog
from airflow_provider_phota.emulator import Fault
from airflow_provider_phota.storage.paths import Place, checked_path

pytestmark = pytest.mark.stack

GOLDEN = ROOT / "tests" / "airflow" / "golden"


def golden(name):
    return json.loads((GOLDEN / name).read_text())


TASK = golden("phota_task_trigger_v1.json")
SEEN = next(each for each in golden("triggers_v1.json") if each["name"] == "seen pending")
*_, BATCH = golden("batch_triggers_v1.json")["triggers"]
#: What is stored for each task of the DAG: a class path and arguments.
STORED = {
    "sensor": [TASK["classpath"], TASK["kwargs"]],
    "operator": SEEN["serialized"],
    "batch": [BATCH["classpath"], BATCH["kwargs"]],
    "budget": golden("budget_v1.json")["trigger"],
}


DAG = "stack_upgrades"


def task_instance(stack, run_id, task_id):
    path = f"dags/{DAG}/dagRuns/{quote(run_id, safe='')}/taskInstances/{task_id}"
    return stack.request("GET", path)


def billed(emulator):
    prompts = [entry.request["prompt"] for entry in emulator.ledger()]
    return sorted(prompt for prompt in prompts if prompt.endswith("across versions"))


@pytest.fixture(scope="module", autouse=True)
def long_edits(emulator):
    """Edits that take long enough for all tasks to defer."""
    match = {"prompt": "across versions"}
    emulator.add_faults(Fault(on="submit", kind="latency", seconds=40.0, match=match, times=None))
    yield
    emulator.clear_faults()


@pytest.fixture(scope="module")
def conf(picture_url, tmp_path_factory):
    shop = tmp_path_factory.mktemp("shop")
    (shop / "inbox").mkdir()
    shutil.copy(PICTURE, shop / "inbox")
    folders = {"inbox": f"file://{shop}/inbox", "destination": f"file://{shop}/out"}
    return {"stored": STORED, "image_url": picture_url, **folders}


@pytest.fixture(scope="module")
def in_flight(stack, conf, budget_folder):
    """A run, and the class path by which Airflow has stored the trigger of each task.

    By then all of them wait, one of them for a budget; at last there is room in it.
    """
    log = BudgetLog(
        Place.of(checked_path("budget_path", f"file://{budget_folder}")) / "all" / "usd" / "total"
    )
    log.reserve("other-1", BUDGET, BUDGET)
    stack.wait_for_dag(DAG)
    run_id, stored = stack.trigger(DAG, conf), {}

    def all_wait():
        for task_id in STORED.keys() - stored.keys():
            if trigger := task_instance(stack, run_id, task_id)["trigger"]:
                stored[task_id] = trigger["classpath"]
        return stored.keys() == STORED.keys()

    until(all_wait, "not all tasks have deferred", timeout=120.0)
    log.settle({"other-1": Decimal(0)})
    return run_id, stored


@pytest.fixture(scope="module")
def upgraded(stack, emulator, in_flight):
    """The run after its end, under another triggerer."""
    before = billed(emulator)
    stack.restart("triggerer")
    run_id, _ = in_flight
    assert stack.wait_for_run(DAG, run_id, timeout=240.0) == "success"
    assert before == [f"{name} across versions" for name in ("batch", "operator", "submit")]
    return run_id


@pytest.mark.parametrize("task_id", STORED)
def test_a_wait_that_an_older_version_has_stored_ends_well(stack, in_flight, upgraded, task_id):
    _, stored = in_flight
    assert stored[task_id] == STORED[task_id][0]
    after = task_instance(stack, upgraded, task_id)
    assert (after["state"], after["try_number"], after["trigger"]) == ("success", 1, None)
    assert stack.xcom(DAG, upgraded, task_id)


def test_an_upgrade_pays_for_nothing_twice(emulator, upgraded):
    assert billed(emulator) == [
        f"{name} across versions" for name in ("batch", "budget", "operator", "submit")
    ]


@pytest.fixture
def _new_triggerer(stack):
    """Ends the triggerer, which never forgets the ID of a trigger that it could not make.

    SQLite gives the ID of a deleted row to the next one, and the triggerer would leave that one alone for ever.
    """
    yield
    stack.restart("triggerer")


@pytest.mark.usefixtures("_new_triggerer")
def test_what_a_newer_version_has_stored_fails_and_a_retry_pays_for_nothing_again(
    stack, quick_emulator, quick_picture_url
):
    """Airflow cannot make a trigger with an argument that it does not know."""
    stack.wait_for_dag("stack_rollback")
    run_id = stack.trigger("stack_rollback", {"image_url": quick_picture_url})
    assert stack.wait_for_run("stack_rollback", run_id) == "success"
    assert "unexpected keyword argument 'added_later'" in stack.task_log("stack_rollback", run_id, "edit")
    assert "which try 1 paid for" in stack.task_log("stack_rollback", run_id, "edit", 2)
    assert billed(quick_emulator) == ["edit across versions"]

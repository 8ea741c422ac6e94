"""The wait in a real Airflow: it holds no worker slot, and outlives its triggerer."""

from __future__ import annotations

import pytest
from stack_patience import until

pytestmark = pytest.mark.stack


@pytest.fixture
def states(stack):
    """The state of every task of a run, by name."""
    return lambda dag_id, run_id: {ti.task_id: ti.state for ti in stack.task_instances(dag_id, run_id)}


@pytest.fixture
def deferred_run(stack, states, emulator, picture_url):
    """A run whose sensor waits in the triggerer."""
    stack.wait_for_dag("stack_submit_and_wait")
    run_id = stack.trigger("stack_submit_and_wait", {"prompt": "a beach", "image_url": picture_url})
    until(
        lambda: states("stack_submit_and_wait", run_id).get("wait") == "deferred", "the sensor never deferred"
    )
    return run_id


def test_another_task_runs_in_the_only_worker_slot_while_a_wait_is_deferred(stack, states, deferred_run):
    bystander = stack.trigger("stack_bystander")
    assert stack.wait_for_run("stack_bystander", bystander) == "success"
    assert states("stack_submit_and_wait", deferred_run)["wait"] == "deferred"
    assert stack.wait_for_run("stack_submit_and_wait", deferred_run) == "success"
    result = stack.xcom("stack_submit_and_wait", deferred_run, "wait")
    assert result["phota_task_id"] == stack.xcom("stack_submit_and_wait", deferred_run, "submit")
    assert result["status"] == "completed"
    assert [ti.try_number for ti in stack.task_instances("stack_submit_and_wait", deferred_run)] == [1, 1]


def test_a_wait_outlives_its_triggerer(stack, deferred_run, emulator):
    stack.restart("triggerer")
    assert stack.wait_for_run("stack_submit_and_wait", deferred_run) == "success"
    phota_task_id = stack.xcom("stack_submit_and_wait", deferred_run, "submit")
    assert [entry.id for entry in emulator.ledger()].count(phota_task_id) == 1
    assert stack.xcom("stack_submit_and_wait", deferred_run, "wait")["phota_task_id"] == phota_task_id

"""A sensor with `start_from_trigger` in a real Airflow: it starts there, or says why not; it never hangs."""

from __future__ import annotations

import pytest

from airflow_provider_phota.emulator import Fault

pytestmark = pytest.mark.stack

NOT_THERE = "Not started in the triggerer"


@pytest.fixture
def waited(stack, emulator, picture_url):
    """Run a DAG; the state, log and result of each of its sensors."""

    def run(dag_id, **conf):
        stack.wait_for_dag(dag_id)
        run_id = stack.trigger(dag_id, {"prompt": dag_id, "image_url": picture_url, **conf})
        state = stack.wait_for_run(dag_id, run_id, timeout=240.0)
        waits = [ti for ti in stack.task_instances(dag_id, run_id) if ti.task_id == "wait"]
        logs = [stack.task_log(dag_id, run_id, "wait", ti.try_number, ti.map_index) for ti in waits]
        if state != "success":
            return state, logs, []
        return state, logs, [stack.xcom(dag_id, run_id, "wait", map_index=ti.map_index) for ti in waits]

    return run


@pytest.mark.parametrize("dag_id", ["stack_start_output", "stack_start_pull", "stack_start_waited"])
def test_it_starts_in_the_triggerer_with_the_output_of_another_task(waited, dag_id, emulator):
    state, (log,), (result,) = waited(dag_id)
    assert state == "success"
    assert result["phota_task_id"] in {entry.id for entry in emulator.ledger()}
    # a worker that had started it would have asked about the task, and would have said how it is
    assert log.index(f"Waiting for PHOTA task {result['phota_task_id']}") < log.index(" is ")
    assert NOT_THERE not in log


def test_it_starts_in_the_triggerer_with_an_id_of_the_runs_conf(waited, stack, emulator, picture_url):
    stack.wait_for_dag("stack_submit_and_wait")
    submitted = stack.trigger("stack_submit_and_wait", {"prompt": "for a conf", "image_url": picture_url})
    assert stack.wait_for_run("stack_submit_and_wait", submitted) == "success"
    phota_task_id = stack.xcom("stack_submit_and_wait", submitted, "submit")
    state, (log,), (result,) = waited("stack_start_template", phota_task_id=phota_task_id)
    assert (state, result["phota_task_id"]) == ("success", phota_task_id)
    assert NOT_THERE not in log


def test_a_template_that_would_hang_starts_on_a_worker_and_says_why(waited):
    state, (log,), (result,) = waited("stack_start_text_of_output")
    assert (state, result["status"]) == ("success", "completed")
    assert f"{NOT_THERE}, since its phota_task_id pulls an XCom without map_indexes." in log


def test_mapped_sensors_start_on_a_worker(waited):
    state, logs, results = waited("stack_start_mapped")
    assert state == "success"
    assert len({result["phota_task_id"] for result in results}) == len(logs) == 2
    assert all(f"{NOT_THERE}, since it is mapped." in log for log in logs)


def test_an_id_that_is_none_fails_without_hanging(waited):
    state, (log,), _ = waited("stack_start_template", phota_task_id="../etc")
    assert state == "failed"
    assert "phota_task_id" in log


def test_a_failed_task_fails_it(waited, emulator):
    emulator.add_faults(Fault(on="submit", kind="fail_task", match={"prompt": "stack_start_output"}))
    state, (log,), _ = waited("stack_start_output")
    assert state == "failed"
    assert "The service ended PHOTA task" in log

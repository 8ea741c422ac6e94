"""A decorated function in a real Airflow: each mapped item is paid once, also after a retry and when cleared."""

from __future__ import annotations

import pytest

from airflow_provider_phota.emulator import Fault

pytestmark = pytest.mark.stack

DAG_ID = "stack_decorated"


@pytest.fixture
def run(stack, picture_url):
    def started(prompt: str) -> tuple[str, str]:
        stack.wait_for_dag(DAG_ID)
        run_id = stack.trigger(DAG_ID, {"prompt": prompt, "image_url": picture_url})
        return run_id, stack.wait_for_run(DAG_ID, run_id, timeout=240.0)

    return started


def test_mapped_retried_and_cleared_each_item_is_paid_once(stack, emulator, run):
    emulator.add_faults(Fault(on="task", kind="status", status=500, match={"prompt": "a canyon 0"}, times=4))
    run_id, state = run("canyon")
    mine = [entry for entry in emulator.ledger() if "canyon" in str(entry.request["prompt"])]
    assert state == "success"
    assert sorted(entry.request["prompt"] for entry in mine) == ["a canyon 0", "a canyon 1"]
    tries = {each.map_index: each.try_number for each in stack.task_instances(DAG_ID, run_id)}
    assert tries[0] > 1
    results = [stack.xcom(DAG_ID, run_id, "order", map_index=index) for index in range(2)]
    assert [len(result["images"]) for result in results] == [2, 2]

    stack.clear(DAG_ID, run_id, ["order"])
    assert stack.wait_for_run(DAG_ID, run_id, timeout=240.0) == "success"
    again = [stack.xcom(DAG_ID, run_id, "order", map_index=index) for index in range(2)]
    assert [each["phota_task_id"] for each in again] == [each["phota_task_id"] for each in results]
    # clearing the function's task does not call for another order, as it returns the same again
    assert len([entry for entry in emulator.ledger() if "canyon" in str(entry.request["prompt"])]) == 2

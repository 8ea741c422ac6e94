"""What ends a wait early in a real Airflow, and what its task's log says of it."""

from __future__ import annotations

import pytest
from stack_canary import CANARY
from stack_patience import until

from airflow_provider_phota.api.orders.edit import EditOrder
from airflow_provider_phota.api.protocol import submit
from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.drivers.requests_driver import RequestsDriver
from airflow_provider_phota.emulator import Fault

pytestmark = pytest.mark.stack


@pytest.fixture
def conf(emulator, picture_url):
    """Of a run for PHOTA tasks that take ten minutes."""
    emulator.add_faults(Fault(on="submit", kind="latency", seconds=600.0, times=2))
    with RequestsDriver(Settings(CANARY, emulator.url)) as driver:
        task = driver.run(submit(EditOrder("a beach", (picture_url,))))
    return {"prompt": "a beach", "image_url": picture_url, "phota_task_id": task.id}


def test_execution_timeout_ends_a_deferred_wait_in_words(stack, conf):
    stack.wait_for_dag("stack_out_of_time")
    run_id = stack.trigger("stack_out_of_time", conf)
    assert stack.wait_for_run("stack_out_of_time", run_id) == "failed"
    for instance in stack.task_instances("stack_out_of_time", run_id):
        assert instance.state == "failed"
        log = stack.task_log("stack_out_of_time", run_id, instance.task_id)
        # Airflow's own clock may be first where the wait began in the triggerer: it has no words of ours
        is_airflows = instance.task_id == "started" and "Trigger timeout" in log
        assert is_airflows or "execution_timeout of 12 s passed: PHOTA task " in log


def test_a_triggerer_that_does_not_trust_the_service_says_so_in_the_tasks_log_at_once(stack):
    stack.wait_for_dag("stack_untrusted")
    run_id = stack.trigger("stack_untrusted", {"phota_task_id": "task-1"})

    def states():
        return [instance.state for instance in stack.task_instances("stack_untrusted", run_id)]

    until(lambda: states() == ["deferred"], "the sensor never deferred")
    # once by the worker, which asks first, and once by the triggerer
    until(
        lambda: stack.task_log("stack_untrusted", run_id, "wait").count("certificate is not trusted") > 1,
        "the log says nothing of TLS",
    )
    stack.set_state("stack_untrusted", run_id, "wait", "failed")

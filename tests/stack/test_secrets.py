"""The API key is nowhere but in the connection: not in logs, the database, REST answers or result requests."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from secret_forms import forms_of
from stack_canary import CANARY
from stack_patience import until

from airflow_provider_phota.emulator import Fault

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def busy_airflow(stack, emulator, picture_url):
    """An Airflow in which an edit succeeded, one was refused in its wait, and a malformed key was used."""
    stack.wait_for_dag("stack_failing_trigger")
    conf = {"prompt": "a canary", "image_url": picture_url}
    runs = {"stack_submit_and_wait": stack.trigger("stack_submit_and_wait", conf)}
    assert stack.wait_for_run("stack_submit_and_wait", runs["stack_submit_and_wait"]) == "success"

    emulator.add_faults(Fault(on="submit", kind="latency", seconds=600.0))
    submitted = stack.trigger("stack_submit_and_wait", {**conf, "prompt": "a long one"})
    until(
        lambda: any(entry.request["prompt"] == "a long one" for entry in emulator.ledger()), "not submitted"
    )
    (slow,) = (entry.id for entry in emulator.ledger() if entry.request["prompt"] == "a long one")
    runs["stack_failing_trigger"] = stack.trigger("stack_failing_trigger", {"phota_task_id": slow})
    waits = lambda: stack.task_instances("stack_failing_trigger", runs["stack_failing_trigger"])  # noqa: E731
    until(lambda: [ti.state for ti in waits()] == ["deferred"], "the sensor never deferred")
    match = {"task_id": slow}
    emulator.add_faults(
        Fault(on="task", kind="status", status=401, code="authentication_error", match=match, times=None)
    )
    assert stack.wait_for_run("stack_failing_trigger", runs["stack_failing_trigger"]) == "failed"
    assert stack.wait_for_run("stack_submit_and_wait", submitted) == "failed"
    emulator.clear_faults()

    runs["stack_malformed_key"] = stack.trigger("stack_malformed_key", conf)
    assert stack.wait_for_run("stack_malformed_key", runs["stack_malformed_key"]) == "failed"
    return runs


def rest_answers(stack, runs):
    yield stack.request("GET", "eventLogs?limit=1000")
    for dag_id, run_id in runs.items():
        base = f"dags/{dag_id}/dagRuns/{quote(run_id, safe='')}"
        yield stack.request("GET", base)
        yield stack.request("GET", f"{base}/taskInstances")
        for ti in stack.task_instances(dag_id, run_id):
            yield stack.task_log(dag_id, run_id, ti.task_id, ti.try_number)
            entries = f"{base}/taskInstances/{ti.task_id}/xcomEntries"
            yield stack.request("GET", entries)
            for entry in stack.request("GET", entries)["xcom_entries"]:
                yield stack.request("GET", f"{entries}/{entry['key']}")


def test_the_key_is_nowhere(stack, emulator, busy_airflow):
    places = {str(path): path.read_bytes() for path in stack.home.rglob("*") if path.is_file()}
    places["REST"] = json.dumps(list(rest_answers(stack, busy_airflow)), default=str).encode()
    # the search looks where it says: words that must be there are found
    assert sum(b"a canary" in content for content in places.values()) >= 2
    assert any("Cannot ask about" in text for text in map(str, rest_answers(stack, busy_airflow)))
    found = [
        (place, form) for place, content in places.items() for form in forms_of(CANARY) if form in content
    ]
    assert found == []


def test_the_failed_wait_says_which_task_is_still_paid(stack, emulator, busy_airflow):
    run_id = busy_airflow["stack_failing_trigger"]
    log = stack.task_log("stack_failing_trigger", run_id, "wait")
    for words in ("Cannot ask about", "is billed", "Airflow does not retry this"):
        assert words in log

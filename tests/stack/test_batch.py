"""A batch in a real Airflow: it leaves its worker slot, outlives its triggerer, and keeps no secret."""

from __future__ import annotations

import json
import shutil
import time
from collections import Counter

import pytest
from PIL import Image
from secret_forms import forms_of
from stack_canary import CANARY
from stack_patience import until

pytestmark = pytest.mark.stack

PICTURES = 6


def bills(emulator, dag_id):
    """How often each picture was billed, of those that were."""
    return list(Counter(p for p in prompts(emulator) if p.endswith(f"({dag_id})")).values())


def prompts(emulator):
    return [entry.request["prompt"] for entry in emulator.ledger()]


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    (folder / "inbox").mkdir()
    for number in range(PICTURES):
        Image.new("RGB", (16, 16), (number * 40, 10, 10)).save(folder / "inbox" / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def finished(stack, shop):
    """A run whose triggerer was replaced during its first pause, and what ran in the one slot meanwhile."""
    stack.wait_for_dag("stack_batch")
    conf = {"edits": f"file://{shop}/inbox", "destination": f"file://{shop}/out"}
    run_id = stack.trigger("stack_batch", conf)
    until(
        lambda: [ti.state for ti in stack.task_instances("stack_batch", run_id)] == ["deferred"],
        "the batch never left its slot",
    )
    bystander = stack.wait_for_run("stack_bystander", stack.trigger("stack_bystander"))
    stack.restart("triggerer")
    return run_id, bystander, stack.wait_for_run("stack_batch", run_id)


def test_it_leaves_its_slot_and_outlives_its_triggerer(stack, emulator, finished, shop):
    run_id, bystander, state = finished
    assert (bystander, state) == ("success", "success")
    summary = stack.xcom("stack_batch", run_id, "edit")
    assert summary["counts"]["landed"] == PICTURES
    assert bills(emulator, "stack_batch") == [1] * PICTURES
    assert len(list((shop / "out").glob("*.png"))) == PICTURES


def test_pauses_cost_no_try(stack, finished):
    run_id, _, _ = finished
    assert [ti.try_number for ti in stack.task_instances("stack_batch", run_id)] == [1]


def test_the_key_is_in_no_file_of_the_batch_and_in_no_log(stack, finished, shop):
    files = [path for path in shop.rglob("*") if path.is_file()]
    kinds = {path.parent.name for path in files if ".phota-batches" in path.parts}
    assert {"leases", "segments", "waits"} <= kinds  # it looks where something is
    contents = {str(path): path.read_bytes() for path in files}
    contents["log"] = json.dumps(stack.task_log("stack_batch", finished[0], "edit")).encode()
    assert any(b"a batch canary" in content for content in contents.values())
    found = [(name, form) for name, text in contents.items() for form in forms_of(CANARY) if form in text]
    assert found == []


@pytest.fixture(scope="module")
def killed(stack, emulator, shop):
    """A run that a user has marked as failed while its first orders were under way, and what was billed then."""
    stack.wait_for_dag("stack_batch_staying")
    conf = {"edits": f"file://{shop}/inbox", "destination": f"file://{shop}/killed"}
    run_id = stack.trigger("stack_batch_staying", conf)
    until(lambda: len(bills(emulator, "stack_batch_staying")) == 4, "nothing was sent")
    stack.set_state("stack_batch_staying", run_id, "edit", "failed")
    until(
        lambda: "Airflow ends this batch" in stack.task_log("stack_batch_staying", run_id, "edit"),
        "the batch did not notice",
    )
    time.sleep(15.0)  # the four orders have ended: their slots are free
    return run_id, bills(emulator, "stack_batch_staying")


def test_a_batch_that_is_marked_as_failed_sends_nothing_more(stack, killed):
    run_id, billed = killed
    assert billed == [1] * 4
    assert "PHOTA tasks go on and are billed" in stack.task_log("stack_batch_staying", run_id, "edit")


def test_after_a_clear_it_goes_on_where_it_was(stack, emulator, killed, shop):
    run_id, _ = killed
    stack.clear("stack_batch_staying", run_id, ["edit"])
    assert stack.wait_for_run("stack_batch_staying", run_id) == "success"
    assert stack.xcom("stack_batch_staying", run_id, "edit")["counts"]["landed"] == PICTURES
    assert bills(emulator, "stack_batch_staying") == [1] * PICTURES

    shutil.rmtree(shop / "killed" / ".phota-batches")
    stack.clear("stack_batch_staying", run_id, ["edit"])
    assert stack.wait_for_run("stack_batch_staying", run_id) == "failed"
    assert "missing or incomplete" in stack.task_log("stack_batch_staying", run_id, "edit", 3)
    assert bills(emulator, "stack_batch_staying") == [1] * PICTURES

"""In from and out to storage in a real Airflow: killed in the middle of it, and announced to other DAGs."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psutil
import pytest
from PIL import Image
from stack_patience import until

from airflow_provider_phota.emulator import Fault

pytestmark = pytest.mark.stack

PICTURE = Path(__file__).resolve().parents[2] / "example_dags" / "pictures" / "mountain-lake.jpg"


@pytest.fixture
def edit(stack, tmp_path):
    """Start an edit of a local picture that lands in `tmp_path`."""

    def start(prompt):
        stack.wait_for_dag("stack_land")
        conf = {"prompt": prompt, "picture": f"file://{PICTURE}", "destination": f"file://{tmp_path}/out"}
        return stack.trigger("stack_land", conf)

    return start


def billed(service, prompt):
    return [entry.id for entry in service.ledger() if entry.request["prompt"] == prompt]


def writer_of(folder):
    """The process that holds a half-written file of the folder open, None if there is none."""
    for part in folder.glob(".phota-parts/*.part"):
        for process in psutil.process_iter():
            try:
                if str(part) in [file.path for file in process.open_files()]:
                    return process.pid
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
    return None


def test_a_landing_that_is_killed_is_finished_by_the_retry(stack, emulator, edit, tmp_path):
    emulator.add_faults(Fault(on="result", kind="slow_body", seconds=20.0, match={"prompt": "killed"}))
    run_id, out = edit("killed"), tmp_path / "out"
    until(lambda: writer_of(out), "the landing never began")
    os.kill(writer_of(out), signal.SIGKILL)
    assert list(out.glob(".phota-parts/*.part")), "it was not in the middle of it"
    assert stack.wait_for_run("stack_land", run_id) == "success"
    (phota_task_id,) = billed(emulator, "killed")
    landed = sorted(path for path in out.iterdir() if path.is_file())
    assert [path.name for path in landed] == [f"{phota_task_id}-{n}.png" for n in (0, 1)]
    for path in landed:
        with Image.open(path) as picture:
            picture.load()
    assert [ti.try_number for ti in stack.task_instances("stack_land", run_id)] == [2]


def test_what_has_landed_starts_the_dag_that_waits_for_it(stack, emulator, edit, tmp_path):
    def consumers():
        return {run["dag_run_id"] for run in stack.request("GET", "dags/stack_landed/dagRuns")["dag_runs"]}

    before = consumers()
    run_id = edit("announced")
    assert stack.wait_for_run("stack_land", run_id) == "success"
    files = stack.xcom("stack_land", run_id, "edit")["files"]
    paths = [file["path"] for file in files]
    (phota_task_id,) = billed(emulator, "announced")
    assert paths == [f"file://{tmp_path}/out/{phota_task_id}-{index}.png" for index in (0, 1)]

    until(lambda: consumers() - before, "nothing was started")
    (consumer,) = consumers() - before
    assert stack.wait_for_run("stack_landed", consumer) == "success"
    assert stack.xcom("stack_landed", consumer, "paths") == paths
    events = stack.request("GET", "assets/events", params={"limit": 1000})["asset_events"]
    assert {event["uri"]: event["extra"]["sha256"] for event in events if event["uri"] in paths} == {
        file["path"]: file["sha256"] for file in files
    }

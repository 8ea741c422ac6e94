"""Measures the worker slots that waiting needs in a real Airflow: `make bench-slots`.

Fifty Airflow tasks wait for PHOTA tasks of three minutes, with two worker slots, in each of three ways.
Then a hundred edits run with the same two slots. Twice a second it is checked which task instances hold a
slot.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from airflow_provider_phota.api.forms import file_form
from airflow_provider_phota.api.orders.edit import EditOrder
from airflow_provider_phota.api.protocol import submit, upload
from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.drivers.requests_driver import RequestsDriver
from airflow_provider_phota.emulator import Emulator
from benchmarks.dags.bench_slots import WAITS, WAYS
from benchmarks.processes import ROOT
from dev.airflow_stack import AirflowStack

OUTPUT = ROOT / ".build" / "bench-slots.md"
KEY = "emu-bench-0123456789"
SLOTS = 2
EDITS = 100
#: The duration of every PHOTA task, in seconds. To submit all of them with two slots takes less.
WORK = 180.0
_PAUSE = 0.5
_LIMIT = 900.0


@dataclass(frozen=True)
class Slots:
    """Holds the worker seconds of one run.

    Attributes:
        waiting: worker seconds while the PHOTA tasks were still running.
        after: worker seconds after that, to fetch the results.
        late: seconds from the end of the PHOTA tasks to the end of the run.
    """

    way: str
    waiting: float
    after: float
    late: float
    state: str


def measure(airflow: AirflowStack, service: Emulator, way: str) -> Slots:
    """Submits the PHOTA tasks, runs the waits, and counts the slots that they hold."""
    ids = _submit_tasks(service, WAITS)
    done = time.monotonic() + WORK
    run_id = airflow.trigger(f"bench_{way}", {"phota_task_ids": ids})
    waiting = after = 0.0
    for seconds in _steps_until_end(airflow, f"bench_{way}", run_id):
        busy = _held_slots(airflow, f"bench_{way}", run_id) * seconds
        if time.monotonic() < done:
            waiting += busy
        else:
            after += busy
    return Slots(way, waiting, after, time.monotonic() - done, airflow.run_state(f"bench_{way}", run_id))


def most_in_flight(airflow: AirflowStack, service: Emulator) -> tuple[int, str]:
    """Returns how many edits were in flight at once, and the state in which the run ended."""
    image_url, prompt = _upload_picture(service), "in flight"
    run_id = airflow.trigger("bench_in_flight", {"prompt": prompt, "image_url": image_url, "edits": EDITS})
    state = airflow.wait_for_run("bench_in_flight", run_id, timeout=_LIMIT)
    created = sorted(
        entry.created for entry in service.ledger() if entry.request["prompt"].startswith(prompt)
    )
    return max(sum(at - WORK < other <= at for other in created) for at in created), state


def _steps_until_end(airflow: AirflowStack, dag_id: str, run_id: str) -> Iterator[float]:
    """Yields, until the run has ended, the seconds since the last time."""
    before = time.monotonic()
    deadline = before + _LIMIT
    while airflow.run_state(dag_id, run_id) not in ("success", "failed"):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{dag_id} {run_id} did not end")
        time.sleep(_PAUSE)
        now = time.monotonic()
        yield now - before
        before = now


def _held_slots(airflow: AirflowStack, dag_id: str, run_id: str) -> int:
    return sum(ti.state == "running" for ti in airflow.task_instances(dag_id, run_id))


def _submit_tasks(service: Emulator, count: int) -> list[str]:
    picture = _upload_picture(service)
    edit = EditOrder.checked(prompt="a beach", image_urls=picture, local_inputs=True)
    with RequestsDriver(Settings(KEY, service.url)) as driver:
        return [driver.run(submit(edit)).id for _ in range(count)]


def _upload_picture(service: Emulator) -> str:
    with RequestsDriver(Settings(KEY, service.url)) as driver:
        return driver.run(upload(file_form(ROOT / "example_dags/pictures/mountain-lake.jpg"))).url


def table(rows: Sequence[Slots]) -> str:
    head = (
        "way to wait",
        "worker seconds while waiting",
        "worker seconds for the result",
        "run ended after the work, s",
    )
    cells = [(row.way, f"{row.waiting:.1f}", f"{row.after:.1f}", f"{row.late:.0f}") for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ("---",) * len(head), *cells))


def main() -> int:
    with Emulator(port=0, latency=(WORK, WORK), seed=0) as service, tempfile.TemporaryDirectory() as home:
        connection = json.dumps({"conn_type": "phota", "password": KEY, "host": service.url})
        env = {"AIRFLOW_CONN_PHOTA_DEFAULT": connection, "PYTHONPATH": str(ROOT)}
        dags = ROOT / "benchmarks" / "dags"
        with AirflowStack(Path(home), dags, env=env, parallelism=SLOTS) as airflow:
            airflow.wait_for_dag("bench_in_flight")
            rows = [measure(airflow, service, way) for way in WAYS]
            in_flight, state = most_in_flight(airflow, service)
    report = f"{WAITS} waits of {WORK:.0f} s, {SLOTS} worker slots:\n\n{table(rows)}\n\n"
    report += (
        f"{EDITS} edits of {WORK:.0f} s, {SLOTS} worker slots: {in_flight} in flight at once; {state}.\n"
    )
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(report)
    sys.stdout.write(report)
    return 0 if all(row.state == "success" for row in rows) and state == "success" else 1


if __name__ == "__main__":
    sys.exit(main())

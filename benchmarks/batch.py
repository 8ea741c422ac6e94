"""Compares a batch with mapped edits in a real Airflow on PostgreSQL: `make bench-batch`.

A batch of BENCH_EDITS edits runs in one Airflow task, deferrable and not; then BENCH_MAPPED mapped edits run.
The service answers over real HTTP and draws small pictures, so that it takes little of the machine.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from airflow_provider_phota.emulator import Emulator
from benchmarks.airflow_costs import Costs, database_size, measured_costs
from benchmarks.processes import ROOT
from dev.airflow_stack import AirflowStack
from dev.postgres import PostgresCluster

OUTPUT = ROOT / ".build" / "bench-batch.md"
KEY = "emu-bench-0123456789"
BATCH, MAPPED = int(os.environ.get("BENCH_EDITS", "10000")), int(os.environ.get("BENCH_MAPPED", "1000"))
#: Seconds that the service takes for an edit, and requests a second that the connection allows.
LATENCY = (20.0, 30.0)
PER_SECOND = 200
IN_FLIGHT = 500
_LIMIT = 2 * 3600.0


@dataclass(frozen=True)
class Run:
    """Holds what one run has cost.

    Attributes:
        landed: valid pictures in its destination.
        rows: that it added to Airflow's database.
        bytes: of those rows.
    """

    way: str
    edits: int
    state: str
    seconds: float
    billed: int
    landed: int
    costs: Costs
    rows: int
    bytes: int


def measure(airflow: AirflowStack, service: Emulator, home: Path, way: str, edits: int) -> Run:
    """Runs one way to edit a folder, and measures it from the outside."""
    database = airflow.settings.database or ""
    folder, destination = home / f"{way}-in", home / f"{way}-out"
    _draw(folder, edits)
    service.reset()
    rows, size = database_size(database)
    conf = {"folder": f"file://{folder}", "destination": f"file://{destination}", "edits": edits}
    began = time.monotonic()
    with measured_costs(airflow.pids) as costs:
        run_id = airflow.trigger(f"bench_batch_{way}", conf)
        state = airflow.wait_for_run(f"bench_batch_{way}", run_id, timeout=_LIMIT)
    seconds = time.monotonic() - began
    rows_after, size_after = database_size(database)
    billed = len(service.ledger())
    landed = _valid_pictures(destination)
    return Run(way, edits, state, seconds, billed, landed, costs, rows_after - rows, size_after - size)


def _draw(folder: Path, edits: int) -> None:
    folder.mkdir()
    for number in range(edits):
        Image.new("RGB", (64, 64), (number % 256, number // 256 % 256, 7)).save(folder / f"{number:05d}.png")


def _valid_pictures(folder: Path) -> int:
    valid = 0
    for path in folder.glob("*.png"):
        with Image.open(path) as picture:
            picture.load()
            valid += 1
    return valid


def table(runs: Sequence[Run]) -> str:
    head = (
        *("way", "edits", "state", "billed", "landed", "wall s", "edits/s", "Airflow CPU ms/edit"),
        *("task processes", "rows", "KB in the database", "worker MB", "triggerer MB"),
    )
    lines = [head, ("---",) * len(head)]
    for run in runs:
        memory = run.costs.memory
        cells: tuple[object, ...] = (
            *(run.way, run.edits, run.state, run.billed, run.landed, f"{run.seconds:.0f}"),
            f"{run.edits / run.seconds:.1f}",
            f"{run.costs.cpu_in_all / run.edits * 1000:.1f}",
            *(run.costs.tasks, run.rows, f"{run.bytes / 1024:.0f}"),
            f"{memory.get('worker', 0) / 2**20:.0f}",
            f"{memory.get('triggerer', 0) / 2**20:.0f}",
        )
        lines.append(tuple(map(str, cells)))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> int:
    with (
        Emulator(port=0, latency=LATENCY, seed=0, pictures="small") as service,
        PostgresCluster() as postgres,
        tempfile.TemporaryDirectory() as folder,
    ):
        home = Path(folder)
        extra = {"requests_per_second": PER_SECOND}
        connection = {"conn_type": "phota", "password": KEY, "host": service.url, "extra": extra}
        env = {"AIRFLOW_CONN_PHOTA_DEFAULT": json.dumps(connection), "PYTHONPATH": str(ROOT)}
        dags = ROOT / "benchmarks" / "dags"
        stack = AirflowStack(home / "airflow", dags, env=env, parallelism=8, database=postgres.url)
        with stack as airflow:
            airflow.wait_for_dag("bench_batch_mapped")
            ways = {"worker": BATCH, "deferred": BATCH, "mapped": MAPPED}
            runs = [measure(airflow, service, home, way, edits) for way, edits in ways.items() if edits]
    limit = min(PER_SECOND, IN_FLIGHT / (sum(LATENCY) / 2))
    report = (
        f"{table(runs)}\n\nAt most {limit:.1f} edits a second are possible (in flight by time of a task).\n"
    )
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(report)
    sys.stdout.write(report)
    return 0 if all(run.state == "success" for run in runs) else 1


if __name__ == "__main__":
    sys.exit(main())

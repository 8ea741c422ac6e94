"""Compares a batch with mapped edits, in a real Airflow on PostgreSQL: `make bench-batch`.

The same small pictures are edited in three ways: by a batch that stays on its worker, by one that may leave
it, and by one mapped task for each picture.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from airflow_provider_phota.api.settings import Settings
from benchmarks import gallery
from benchmarks.batch_inputs import draw_pictures
from benchmarks.batch_service import sales_since, seen_requests
from benchmarks.batch_table import Measured, table
from benchmarks.components import Components
from benchmarks.database import Database
from benchmarks.landed import count_pictures
from benchmarks.processes import ROOT
from dev.airflow_stack import AirflowStack
from dev.postgres import PostgresCluster

OUTPUT = ROOT / ".build" / "bench-batch.md"
EDITS = int(os.environ.get("BENCH_EDITS") or 10_000)
MAPPED = int(os.environ.get("BENCH_MAPPED") or 1_000)
WAYS = (os.environ.get("BENCH_WAYS") or "batch_staying,batch_deferrable,mapped").split(",")
#: Seconds of a PHOTA task.
LATENCY = os.environ.get("BENCH_LATENCY") or "20..40"
RATE = float(os.environ.get("BENCH_RATE") or 300.0)
_LIMIT = 7200.0
_PAUSE = 1.0
#: Edits of a run beforehand, by which everything is loaded; its memory is what is called idle.
_WARM = 2


@dataclass
class Bench:
    """Runs DAGs of an Airflow, and measures what they use."""

    airflow: AirflowStack
    database: Database
    components: Components
    settings: Settings
    service: psutil.Process
    folder: Path

    def measured(self, way: str, edits: int) -> Measured:
        """Edits pictures in one way. What an earlier run has left behind is not counted."""
        name = f"{way}-{edits}"
        inbox, destination = self.folder / f"inbox-{edits}", self.folder / f"out-{name}"
        draw_pictures(inbox, edits)
        conf = {
            "folder": f"file://{inbox}",
            "destination": f"file://{destination}",
            "prompt": f"On a beach {name}",
        }
        before, requests, starts = self.database.contents(), seen_requests(self.settings), self._starts()
        cpu_of_service = sum(self.service.cpu_times()[:2])
        with self.components.watched() as use:
            seconds = self._run(f"bench_{way}", conf)
        cpu_of_service = sum(self.service.cpu_times()[:2]) - cpu_of_service
        after = self.database.contents()
        return Measured(
            way=way,
            edits=edits,
            seconds=seconds,
            use=use,
            cpu_of_service=cpu_of_service,
            rows=after.rows - before.rows,
            bytes=after.bytes - before.bytes,
            starts=self._starts() - starts,
            sales=sales_since(self.settings, conf["prompt"], requests),
            pictures=count_pictures(destination),
        )

    def _run(self, dag_id: str, conf: dict[str, Any]) -> float:
        """Returns how long the run took, in seconds."""
        run_id = self.airflow.trigger(dag_id, conf)
        deadline = time.monotonic() + _LIMIT
        while not (run := self.database.run(dag_id, run_id)).is_over:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{dag_id}: {self.database.task_states(dag_id, run_id)}")
            time.sleep(_PAUSE)
        if run.state != "success":
            raise RuntimeError(f"{dag_id} {run.state}: {self.database.task_states(dag_id, run_id)}")
        return run.seconds

    def _starts(self) -> int:
        """Returns how often a worker has begun or resumed a task: each time it says so to the api-server."""
        log = (self.airflow.component_logs / "api-server.log").read_text(errors="replace")
        return sum("/execution/task-instances/" in line and "/run" in line for line in log.splitlines())


def measure(folder: Path) -> list[Measured]:
    with (
        gallery.service_process(LATENCY, "--pictures", "small", requests_per_second=RATE) as (settings, pid),
        PostgresCluster() as postgres,
    ):
        env = {
            "AIRFLOW_CONN_PHOTA_DEFAULT": os.environ["AIRFLOW_CONN_PHOTA_DEFAULT"],
            "PYTHONPATH": str(ROOT),
        }
        dags = ROOT / "benchmarks" / "dags"
        with AirflowStack(folder / "airflow", dags, env=env, parallelism=8, database=postgres.url) as airflow:
            airflow.wait_for_dag("bench_mapped")
            components = Components({**airflow.pids, "database": postgres.pid})
            bench = Bench(airflow, Database(postgres.url), components, settings, psutil.Process(pid), folder)
            rows = []
            for way in WAYS:
                idle = bench.measured(way, _WARM)
                rows.append(bench.measured(way, MAPPED if way == "mapped" else EDITS).above(idle))
                _log(rows[-1])
    return rows


def _log(row: Measured) -> None:
    sys.stderr.write(f"{row}\n")
    sys.stderr.flush()


def main() -> int:
    OUTPUT.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=OUTPUT.parent) as name:
        rows = measure(Path(name))
    shortest, _, longest = LATENCY.partition("..")
    report = table(rows, (float(shortest) + float(longest)) / 2, RATE)
    OUTPUT.write_text(report)
    OUTPUT.with_suffix(".json").write_text(json.dumps([row.to_dict() for row in rows], indent=1))
    sys.stdout.write(report)
    return 0 if all(row.is_right for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())

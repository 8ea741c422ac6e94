"""Lets two triggerers of a real Airflow hold 20,000 waits, and kills one of them: `make bench-triggerers`.

The tasks are put into the database as a worker would have deferred them, see `benchmarks.deferred_waits`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import text

from benchmarks.components import Components, Use
from benchmarks.contestants import Place
from benchmarks.contestants.phota import connection
from benchmarks.contestants.triggered import CONN_ID
from benchmarks.database import Database
from benchmarks.jobs import Workload
from benchmarks.lateness import Lateness
from benchmarks.loop_probe import stretches
from benchmarks.processes import ROOT, Process
from benchmarks.service import BEGIN, SEEN
from benchmarks.tally import Seen
from benchmarks.trial import ask, server_command
from benchmarks.trust import Trust, new_trust
from dev.airflow_stack import AirflowStack
from dev.postgres import PostgresCluster

OUTPUT = ROOT / ".build" / "bench-triggerers.md"
WAITS = int(os.environ.get("BENCH_WAITS") or 20_000)
#: Triggers that a triggerer takes at a time; Airflow's default is 50.
SELECT = int(os.environ.get("BENCH_SELECT") or 1000)
#: Triggers that a triggerer holds at most; Airflow's default is 1,000.
CAPACITY = int(os.environ.get("BENCH_CAPACITY") or 25_000)
RATE = int(os.environ.get("BENCH_RATE") or 500)
DURATIONS = os.environ.get("BENCH_DURATIONS") or "long"
#: The level from which on Airflow logs. Its triggerer hands lines to another process, ten at a time.
LOG_LEVEL = os.environ.get("BENCH_LOG_LEVEL") or "INFO"
#: Seconds from the moment at which all waits are held until a triggerer is killed.
_QUIET = float(os.environ.get("BENCH_QUIET") or 60.0)
_LIMIT = 1800.0
_PAUSE = 1.0
TRIGGERERS = ("triggerer-1", "triggerer-2")
#: The copies of the one task instance that the DAG run has.
_WAITS = "FROM task_instance WHERE map_index >= 0"


class Waits(Database):
    """Watches the waits in Airflow's database."""

    def held(self) -> dict[int | None, int]:
        """Returns how many waits each triggerer has, by the number of its job; None is nobody."""
        return dict(
            self._rows(
                "SELECT triggerer_id, count(*) FROM trigger WHERE classpath NOT LIKE '%LoopProbe' GROUP BY 1"
            )
        )

    def deferred(self) -> int:
        return int(self._rows(f"SELECT count(*) {_WAITS} AND state = 'deferred'")[0][0])

    def ends(self) -> Counter[str]:
        """Returns how the waits have ended: the end that their event names -> how many of them."""
        rows = self._rows(f"SELECT state, next_kwargs::text {_WAITS} AND state != 'deferred'")
        return Counter(
            "finished" if '"finished"' in kwargs else f"{state}: {kwargs[:80]}" for state, kwargs in rows
        )

    def _rows(self, query: str) -> list[Any]:
        with self._engine.connect() as connection:
            return list(connection.execute(text(query)))


@dataclass(frozen=True)
class Outcome:
    """Holds what was measured; times in seconds.

    Attributes:
        taken_in: until two triggerers had all waits.
        taken_over: from the kill of one until the other had all that were left.
        late: the stretches of five seconds of each triggerer's loop.
        use: of Airflow's components and the database, until the end.
    """

    taken_in: float
    taken_over: float
    seconds: float
    ends: Counter[str]
    seen: Seen
    late: list[list[Lateness]]
    use: Use

    @property
    def is_right(self) -> bool:
        return self.ends == {"finished": WAITS} and len(self.seen.delays) == WAITS

    def table(self) -> str:
        delays = sorted(self.seen.delays)
        late = delays[int(0.9 * (len(delays) - 1))]
        cells = {
            "ended once, and well": f"{self.ends['finished']:,} of {WAITS:,}",
            "until all were held, s": f"{self.taken_in:.0f}",
            "from the kill until the other triggerer held all, s": f"{self.taken_over:.0f}",
            "requests a wait": f"{self.seen.requests / WAITS:.1f}",
            "requests a second, in the busiest ten seconds": f"{self.seen.busiest_ten_seconds / 10:.0f}",
            "detection delay, s (median / p90)": f"{median(delays):.1f} / {late:.1f}",
        }
        for name in (*TRIGGERERS, "scheduler", "database"):
            share, peak = self.use.cpu.get(name, 0.0) / self.seconds, self.use.peak.get(name, 0) / 2**20
            cells[f"{name}: CPU, share of a core; memory at its peak, MB"] = f"{share:.2f}; {peak:.0f}"
        for number, loop in enumerate(self.late, start=1):
            usual, longest = median(each.p99 for each in loop), max(each.worst for each in loop)
            cells[f"loop {number}: lateness, ms (p99 in half of the stretches of 5 s / longest hold)"] = (
                f"{usual:.0f} / {longest:.0f}"
            )
        lines = [f"| {what} | {figure} |" for what, figure in cells.items()]
        head = f"{WAITS:,} waits, capacity {CAPACITY:,}, {SELECT:,} at a time, {RATE} requests a second each"
        return "\n".join((head, "", "| what | measured |", "| --- | --- |", *lines, ""))


@dataclass
class Bench:
    """Runs the waits in one Airflow."""

    airflow: AirflowStack
    waits: Waits
    port: int
    trust: Trust
    folder: Path

    def measure(self, workload: Workload, components: Components) -> Outcome:
        self.airflow.wait_for_dag("bench_waits")
        run_id = self.airflow.trigger("bench_waits")
        began = time.monotonic()
        with components.watched() as use:
            ask(self.port, self.trust, "POST", BEGIN)
            self._put(run_id, workload)
            taken_in = self._until(lambda: None not in self.waits.held(), began, "not all waits are held")
            _log(f"held after {taken_in:.0f} s: {self.waits.held()}")
            time.sleep(_QUIET)
            self.airflow.kill(TRIGGERERS[1])
            killed = time.monotonic()
            taken_over = self._until(
                lambda: len(self.waits.held()) <= 1, killed, "nobody has taken them over"
            )
            _log(f"taken over after {taken_over:.0f} s: {self.waits.held()}")
            self._until(lambda: self.waits.deferred() <= len(TRIGGERERS), began, "not all waits have ended")
        return Outcome(
            taken_in,
            taken_over,
            time.monotonic() - began,
            self.waits.ends(),
            Seen(**ask(self.port, self.trust, "GET", SEEN)),
            stretches(self.folder),
            use,
        )

    def _put(self, run_id: str, workload: Workload) -> None:
        module = [sys.executable, "-m", "benchmarks.deferred_waits", "--run-id", run_id]
        numbers = ["--waits", str(workload.waits), "--estimate", str(workload.estimate)]
        command = [*module, *numbers, "--probes", str(self.folder)]
        subprocess.run(command, env=dict(self.airflow.environment), cwd=ROOT, check=True)

    def _until(self, reached: Callable[[], bool], since: float, complaint: str) -> float:
        """Returns how many seconds have passed since then when something is reached."""
        deadline = time.monotonic() + _LIMIT
        while not reached():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{complaint}: {self.waits.held()}, {self.waits.deferred()} deferred")
            time.sleep(_PAUSE)
        return time.monotonic() - since


@contextmanager
def _server(workload: Workload, trust: Trust, folder: Path) -> Iterator[int]:
    with (folder / "server.log").open("wb") as log:
        environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
        with Process(server_command(workload, trust), environment, log) as server:
            yield int(server.line(60.0))


def measure(home: Path) -> Outcome:
    workload = Workload(WAITS, DURATIONS, spread=1.0, estimate=500)
    probes = home / "probes"
    probes.mkdir()
    with new_trust() as trust, _server(workload, trust, home) as port, PostgresCluster() as postgres:
        bench = connection(Place(port, trust.bundle, workload.estimate), RATE)
        bench["extra"]["expected_pollers"] = len(TRIGGERERS)
        env = {
            f"AIRFLOW_CONN_{CONN_ID.upper()}": json.dumps(bench),
            "AIRFLOW__TRIGGERER__CAPACITY": str(CAPACITY),
            "AIRFLOW__TRIGGERER__MAX_TRIGGER_TO_SELECT_PER_LOOP": str(SELECT),
            "AIRFLOW__LOGGING__LOGGING_LEVEL": LOG_LEVEL,
            "PYTHONPATH": str(ROOT),
        }
        dags, instances = ROOT / "benchmarks" / "dags", {"triggerer": len(TRIGGERERS)}
        with AirflowStack(
            home / "airflow", dags, env=env, database=postgres.url, instances=instances
        ) as airflow:
            components = Components({**airflow.pids, "database": postgres.pid})
            return Bench(airflow, Waits(postgres.url), port, trust, probes).measure(workload, components)


def _log(message: str) -> None:
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()


def main() -> int:
    # or else the servers would outlive this process
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    OUTPUT.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=OUTPUT.parent) as name:
        outcome = measure(Path(name))
    report = outcome.table()
    OUTPUT.write_text(report)
    sys.stdout.write(report)
    if not outcome.is_right:
        _log(f"WRONG: {outcome.ends}, {len(outcome.seen.delays)} seen")
    return 0 if outcome.is_right else 1


if __name__ == "__main__":
    sys.exit(main())

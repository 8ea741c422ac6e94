"""Runs one contestant once, with a new service and a new process that waits, and ends both."""

from __future__ import annotations

import http.client
import json
import os
import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.jobs import Workload
from benchmarks.lateness import Lateness
from benchmarks.memory import watched_memory
from benchmarks.processes import Process, SilentProcessError
from benchmarks.service import BEGIN, SEEN
from benchmarks.tally import Seen
from benchmarks.trust import Trust
from benchmarks.waiting import Cost

#: Seconds that a process may take to start, and to end after the last job has ended.
_READY, _OVERTIME = 120.0, 900.0


@dataclass(frozen=True)
class Figures:
    """Holds the figures of one trial.

    Attributes:
        memory: the most bytes of the process, less those of the idle process.
    """

    workload: Workload
    cost: Cost
    seen: Seen
    memory: int


class TrialError(RuntimeError):
    """A trial did not end by itself."""


def run_trial(name: str, workload: Workload, trust: Trust) -> Figures:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, (Path(folder) / "log").open("wb") as log:
        environment = _environment(Path(folder), trust)
        with Process(server_command(workload, trust), environment, log) as server:
            port = int(server.line(_READY))
            with Process(_waiting_command(name, workload, port, trust), environment, log) as waiting:
                try:
                    return _measure(workload, waiting, port, trust)
                except SilentProcessError as error:
                    words = (Path(folder) / "log").read_text(errors="replace")[-2000:]
                    raise TrialError(f"{name}: {error}; its log ends:\n{words}") from None


def _measure(workload: Workload, waiting: Process, port: int, trust: Trust) -> Figures:
    waiting.line(_READY)
    with watched_memory(waiting.pid) as memory:
        ask(port, trust, "POST", BEGIN)
        waiting.write(b"go\n")
        cost = json.loads(waiting.line(workload.longest + _OVERTIME))
    seen = ask(port, trust, "GET", SEEN)
    cost["lateness"] = Lateness(**cost["lateness"])
    return Figures(workload, Cost(**cost), Seen(**seen), memory.growth)


def ask(port: int, trust: Trust, method: str, path: bytes) -> Any:
    tls = ssl.create_default_context(cafile=trust.bundle)
    line = http.client.HTTPSConnection("127.0.0.1", port, context=tls, timeout=30)
    line.request(method, path.decode())
    answer = json.loads(line.getresponse().read())
    line.close()
    return answer


def server_command(workload: Workload, trust: Trust) -> list[str]:
    command = ["benchmarks.server", *_options(workload), "--durations", workload.durations]
    command += ["--progress", workload.progress, "--seed", str(workload.seed)]
    return [*command, "--certificate", str(trust.certificate)]


def _waiting_command(name: str, workload: Workload, port: int, trust: Trust) -> list[str]:
    place = ["--port", str(port), "--ca-bundle", str(trust.bundle)]
    return ["benchmarks.waiting", name, *_options(workload), *place]


def _options(workload: Workload) -> list[str]:
    values = {"waits": workload.waits, "spread": workload.spread, "estimate": workload.estimate}
    return [f"--{name}={value}" for name, value in values.items()]


def _environment(home: Path, trust: Trust) -> dict[str, str]:
    """Returns a minimal environment. The log level spares every contestant the cost of its logging."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TZ": "UTC",
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        "SSL_CERT_FILE": str(trust.bundle),
        "NO_PROXY": "*",
    }

"""Waits for all jobs with one contestant, and reports the cost: `python -m benchmarks.waiting CONTESTANT`.

The process writes that it is ready, and begins when it reads a line from its standard input.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import math
import os
import resource
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TextIO

from benchmarks.contestants import TITLES, Place, Wait, contestant
from benchmarks.jobs import Workload
from benchmarks.lateness import Lateness, Probe
from benchmarks.server import allow_many_connections

#: Seconds for which the idle process is measured, to know what the probe itself costs.
_REST = 4.0


@dataclass(frozen=True)
class Cost:
    """Holds what the waits cost their process.

    Attributes:
        cpu: CPU seconds, less what the process uses when it only measures.
        seconds: how long all waits took.
        starved: seconds in which the event loop had work but no core. It is NaN if the system does not tell.
        ended_well: how many waits ended with the right event.
        problems: how the others ended -> how many of them.
    """

    cpu: float
    seconds: float
    starved: float
    ended_well: int
    lateness: Lateness
    problems: dict[str, int] = field(default_factory=dict)


async def _measure(name: str, workload: Workload, report: TextIO) -> Cost:
    async with contestant(name).waits() as wait:
        await wait(0)  # so that what is loaded and set up once is not measured
        gc.collect()
        idle = await _idle_cpu()
        _report(report, {"ready": True})
        await _wait_for_start()
        probe, cpu, starved, began = Probe(), _cpu(), _starved(), time.monotonic()
        ends = await asyncio.gather(
            *(_wait_from_beginning(wait, workload, each) for each in range(workload.waits))
        )
        seconds = time.monotonic() - began
        problems = Counter(end for end in ends if end)
        return Cost(
            cpu=_cpu() - cpu - idle * seconds,
            seconds=seconds,
            starved=_starved() - starved,
            ended_well=ends.count(None),
            lateness=probe.stop(),
            problems=dict(problems.most_common(5)),
        )


async def _wait_from_beginning(wait: Wait, workload: Workload, number: int) -> str | None:
    """Waits for a job from its beginning. Returns None, or how the wait failed."""
    await asyncio.sleep(workload.begins(number))
    try:
        await wait(number)
    except Exception as problem:
        return f"{type(problem).__name__}: {problem}"[:200].replace(str(number), "N")
    return None


async def _idle_cpu() -> float:
    """Returns the CPU seconds that the process uses in a second with nothing but the probe."""
    probe, cpu = Probe(), _cpu()
    await asyncio.sleep(_REST)
    probe.stop()
    return (_cpu() - cpu) / _REST


async def _wait_for_start() -> None:
    started = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(sys.stdin, started.set)
    await started.wait()
    loop.remove_reader(sys.stdin)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _starved() -> float:
    """Returns the seconds for which the main thread has waited for a core, as Linux counts them."""
    statistics = Path("/proc/self/schedstat")
    return int(statistics.read_text().split()[1]) / 1e9 if statistics.exists() else math.nan


def _report(report: TextIO, what: dict[str, object]) -> None:
    report.write(f"{json.dumps(what)}\n")
    report.flush()


def _redirect_stdout() -> TextIO:
    """Keeps standard output for the report. What libraries print goes to standard error."""
    report = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    return report


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.waiting", description=__doc__)
    ask = parser.add_argument
    ask("contestant", choices=TITLES)
    ask("--port", type=int, required=True)
    ask("--ca-bundle", type=Path, required=True)
    ask("--waits", type=int, required=True)
    ask("--spread", type=float, required=True)
    ask("--estimate", type=int, required=True)
    options = parser.parse_args()
    report = _redirect_stdout()
    allow_many_connections()
    contestant(options.contestant).prepare(Place(options.port, options.ca_bundle, options.estimate))
    workload = Workload(
        options.waits, "short", options.spread
    )  # the durations do not matter here: only the beginnings are used
    _report(report, asdict(asyncio.run(_measure(options.contestant, workload, report))))


if __name__ == "__main__":
    main()

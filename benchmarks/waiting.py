"""The process that waits: `python -m benchmarks.waiting CONTESTANT`, one contestant and nothing else.

It says that it is ready, waits for a line on its standard input, waits for all jobs, and says what that cost.
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
from benchmarks.server import many_files

#: Seconds for which the idle process is watched, to know what the probe itself costs.
_REST = 4.0


@dataclass(frozen=True)
class Cost:
    """What the waits cost their process.

    Attributes:
        cpu: CPU seconds, less what the process uses when it only measures.
        seconds: how long all waits took.
        starved: seconds of them in which the event loop had work, and no core to do it on; NaN if not known.
        ended_well: waits that ended with the right event.
        problems: how the others ended, and how many of them so.
    """

    cpu: float
    seconds: float
    starved: float
    ended_well: int
    lateness: Lateness
    problems: dict[str, int] = field(default_factory=dict)


async def _measure(name: str, workload: Workload, report: TextIO) -> Cost:
    async with contestant(name).waits() as wait:
        await wait(0)  # what is loaded and set up once is no cost of a wait
        gc.collect()
        idle = await _idle_cpu()
        _tell(report, {"ready": True})
        await _told_to_go()
        probe, cpu, starved, began = Probe(), _cpu(), _starved(), time.monotonic()
        ends = await asyncio.gather(*(_later(wait, workload, each) for each in range(workload.waits)))
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


async def _later(wait: Wait, workload: Workload, number: int) -> str | None:
    """Wait from the job's beginning on; how it failed, if it did."""
    await asyncio.sleep(workload.begins(number))
    try:
        await wait(number)
    except Exception as problem:
        return f"{type(problem).__name__}: {problem}"[:200].replace(str(number), "N")
    return None


async def _idle_cpu() -> float:
    """CPU seconds a second of the process with nothing but the probe in it."""
    probe, cpu = Probe(), _cpu()
    await asyncio.sleep(_REST)
    probe.stop()
    return (_cpu() - cpu) / _REST


async def _told_to_go() -> None:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(sys.stdin, told.set)
    await told.wait()
    loop.remove_reader(sys.stdin)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _starved() -> float:
    """Seconds the main thread has queued for a core, as Linux counts them."""
    statistics = Path("/proc/self/schedstat")
    return int(statistics.read_text().split()[1]) / 1e9 if statistics.exists() else math.nan


def _tell(report: TextIO, what: dict[str, object]) -> None:
    report.write(f"{json.dumps(what)}\n")
    report.flush()


def _own_stdout() -> TextIO:
    """Standard output for ourselves alone: what libraries print goes where errors go."""
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
    told = parser.parse_args()
    report = _own_stdout()
    many_files()
    contestant(told.contestant).prepare(Place(told.port, told.ca_bundle))
    workload = Workload(told.waits, "short", told.spread)  # only when each wait begins is known here
    _tell(report, asdict(asyncio.run(_measure(told.contestant, workload, report))))


if __name__ == "__main__":
    main()

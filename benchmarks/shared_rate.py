"""Several processes share what a service allows: `python -m benchmarks.shared_rate`, or `make bench-rate`.

The emulator allows so many requests a second in all, and tells nobody. Triggerers, each a process, wait for
more tasks than that is enough for, and workers submit. Next to them the same waits ask as a plain client
does, each of which backs off by itself. Last, the service refuses everything for half a minute.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Any

from airflow_provider_phota.emulator import Emulator, Fault
from benchmarks.processes import ROOT
from benchmarks.rate_sender import DURATION

OUTPUT = ROOT / ".build" / "bench-rate.md"
#: Requests a second that the service allows in all, and that each sender has in its connection.
ALLOWED = float(os.environ.get("BENCH_ALLOWED") or 60)
#: Seconds of a run that are not counted, and those that are.
WARM_UP, COUNTED = 60, int(os.environ.get("BENCH_SECONDS") or 120)
STORM = 30
_STORMY_END = 100


@dataclass(frozen=True)
class Case:
    """Is a line of the table.

    Attributes:
        senders: how each sender sends; see `rate_sender`.
        expected: how many senders each one expects.
        is_stormy: True if the service refuses everything for a while.
    """

    name: str
    senders: tuple[str, ...]
    expected: int = 1
    is_stormy: bool = False


CASES = (
    Case("1 triggerer", ("triggerer",)),
    Case("2 triggerers", ("triggerer",) * 2),
    Case("4 triggerers", ("triggerer",) * 4),
    Case("4 triggerers that expect 4", ("triggerer",) * 4, expected=4),
    Case("4 triggerers and 4 workers", ("triggerer",) * 4 + ("worker",) * 4),
    Case("4 plain clients", ("alone",) * 4),
    Case("4 triggerers, a storm", ("triggerer",) * 4, is_stormy=True),
    Case("4 plain clients, a storm", ("alone",) * 4, is_stormy=True),
)


def run(case: Case) -> str:
    """Runs a case, and returns its line of the table."""
    seconds = WARM_UP + COUNTED + (STORM + _STORMY_END if case.is_stormy else 0)
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        Emulator(latency=(DURATION, DURATION), pictures="small", rate_limit=ALLOWED) as service,
    ):
        files = [Path(folder) / f"{number}.json" for number in range(len(case.senders))]
        command = [sys.executable, "-m", "benchmarks.rate_sender"]
        rest = [service.url, str(seconds), str(ALLOWED), str(case.expected)]
        began = time.time()
        senders = [
            subprocess.Popen([*command, how, *rest, str(file)], cwd=ROOT, stdout=subprocess.DEVNULL)
            for how, file in zip(case.senders, files, strict=True)
        ]
        calm_at = _storm(service, began) if case.is_stormy else None
        for sender in senders:
            sender.wait()
        tallies = [json.loads(file.read_text()) for file in files]
    return _line(case, tallies, int(began) + WARM_UP, calm_at)


def _storm(service: Emulator, began: float) -> float:
    """Lets the service refuse everything for a while, and returns when that was over."""
    time.sleep(began + WARM_UP + COUNTED - time.time())
    for kind in ("task", "submit"):
        service.add_faults(Fault(on=kind, kind="status", status=429, times=None))
    time.sleep(STORM)
    service.clear_faults()
    return time.time()


def _line(case: Case, tallies: list[dict[str, Any]], since: int, calm_at: float | None) -> str:
    accepted = [_by_second(tally["accepted"]) for tally in tallies]
    counted = [sum(each[second] for second in range(since, since + COUNTED)) for each in accepted]
    refusals = [_by_second(tally["refused"]) for tally in tallies]
    refused = sum(each[second] for each in refusals for second in range(since, since + COUNTED))
    total = sum(counted)
    waiting = [count for count, how in zip(counted, case.senders, strict=True) if how != "worker"]
    fair = sum(waiting) ** 2 / (len(waiting) * sum(count**2 for count in waiting))
    delays = sorted(delay for tally in tallies for delay in tally["delays"])
    cuts = quantiles(delays, n=100)
    recovered = "" if calm_at is None else _recovery(sum(accepted, Counter()), calm_at)
    return (
        f"| {case.name} | {total / ALLOWED / COUNTED:.0%} | {refused / (refused + total):.1%} | {fair:.3f} "
        f"| {cuts[49]:.1f} | {cuts[98]:.1f} | {recovered} |"
    )


def _by_second(counts: dict[str, int]) -> Counter[int]:
    return Counter({int(second): count for second, count in counts.items()})


def _recovery(accepted: Counter[int], calm_at: float) -> str:
    """Returns the seconds until nine tenths of what is allowed are used, on average over five seconds."""
    for second in range(int(calm_at), int(calm_at) + _STORMY_END - 5):
        if sum(accepted[second + more] for more in range(5)) >= 0.9 * 5 * ALLOWED:
            return f"{second - int(calm_at)}"
    return "never"


def main() -> int:
    OUTPUT.parent.mkdir(exist_ok=True)
    lines = [
        "| senders | accepted | refused | Jain's index | delay, s | of 99 % | back after, s |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    for case in CASES:
        lines.append(run(case))
        sys.stdout.write(lines[-1] + "\n")
        sys.stdout.flush()
    OUTPUT.write_text("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

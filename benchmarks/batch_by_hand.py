"""Runs a batch without Airflow's components, and profiles it: `python -m benchmarks.batch_by_hand`.

It shows what an edit costs the worker, and where: `--profile` names the functions that take the most CPU.
"""

from __future__ import annotations

import argparse
import cProfile
import io
import logging
import os
import pstats
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import requests

from airflow_provider_phota.api.settings import Settings
from benchmarks import gallery
from benchmarks.batch_inputs import draw_pictures
from benchmarks.by_hand import TaskInstance
from benchmarks.processes import ROOT


def _profiled_threads() -> list[cProfile.Profile]:
    """Gives every further thread a profile of its own, since a profile sees one thread only."""
    profiles: list[cProfile.Profile] = []
    plain: Callable[[threading.Thread], None] = threading.Thread.run

    def run(thread: threading.Thread) -> None:
        profile = cProfile.Profile(time.thread_time)
        profiles.append(profile)
        profile.runcall(plain, thread)

    threading.Thread.run = run  # type: ignore[method-assign, assignment]
    return profiles


def _run_batch(inbox: Path, destination: str, in_flight: int) -> dict[str, Any]:
    from airflow_provider_phota.operators.phota import PhotaImageEditBatchOperator  # noqa: PLC0415  # Airflow's home is set

    operator = PhotaImageEditBatchOperator(
        task_id="order",
        edits=f"file://{inbox}/*.png",
        prompt="Put {stem} on a beach",
        destination=destination,
        in_flight=in_flight,
        deferrable=False,
    )
    return dict(operator.execute({"ti": TaskInstance(destination)}))  # type: ignore[typeddict-item, arg-type]  # all it asks for


def _slow_down(settings: Settings, seconds: float) -> None:
    """Makes pictures take long on their way, as large ones do on a real network."""
    faults = [
        {"on": on, "kind": "slow_body", "seconds": seconds, "times": None} for on in ("upload", "result")
    ]
    answer = requests.post(f"{settings.base_url}/_emulator/faults", json={"faults": faults}, timeout=60)
    answer.raise_for_status()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.batch_by_hand", description=__doc__)
    ask = parser.add_argument
    ask("--edits", type=int, default=300)
    ask("--in-flight", type=int, default=500)
    ask("--latency", default="4..8", help="seconds of a PHOTA task (default: %(default)s)")
    ask("--rate", type=float, default=300.0, help="requests_per_second (default: %(default)s)")
    ask("--slow", type=float, default=0.0, help="seconds of an upload, and of a download")
    ask("--profile", type=int, default=0, help="functions to show, by the CPU that they take")
    return parser.parse_args()


def main() -> int:
    options = _options()
    with (
        gallery.service_process(options.latency, "--pictures", "small", requests_per_second=options.rate) as (
            settings,
            pid,
        ),
        tempfile.TemporaryDirectory(dir=ROOT / ".build") as name,
    ):
        os.environ["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "WARNING"
        folder = Path(name)
        draw_pictures(folder / "inbox", options.edits)
        (folder / "warm").mkdir()
        draw_pictures(folder / "warm", 2)
        _run_batch(folder / "warm", f"file://{folder}/warm-out", 2)  # what is imported once does not count
        if options.slow:
            _slow_down(settings, options.slow)
        profiles = _profiled_threads() if options.profile else []
        service = psutil.Process(pid)
        cpu_of_service = _seconds(service)
        began, cpu = time.monotonic(), time.process_time()
        summary = _run_batch(folder / "inbox", f"file://{folder}/out", options.in_flight)
        took, cpu = time.monotonic() - began, time.process_time() - cpu
        cpu_of_service = _seconds(service) - cpu_of_service
        billed = len(gallery.ledger(settings)) - 2
    worker, other = cpu / options.edits * 1000, cpu_of_service / options.edits * 1000
    sys.stdout.write(
        f"{options.edits} edits: {summary['counts']}, {billed} billed, {took:.1f} s; CPU an edit: "
        f"{worker:.1f} ms, of the service {other:.1f} ms\n"
    )
    if profiles:
        sys.stdout.write(_functions(profiles, options.profile))
    return 0


def _seconds(process: psutil.Process) -> float:
    used = process.cpu_times()
    return float(used.user + used.system)


def _functions(profiles: list[cProfile.Profile], count: int) -> str:
    text = io.StringIO()
    stats = pstats.Stats(stream=text)
    for profile in profiles:
        profile.create_stats()
        stats.add(profile)
    for order in ("cumulative", "tottime"):
        stats.sort_stats(order).print_stats(count)
    return text.getvalue()


if __name__ == "__main__":
    logging.getLogger().setLevel(logging.WARNING)
    sys.exit(main())

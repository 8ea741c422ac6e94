"""Compares landing with `curl`, and measures its memory: `python -m benchmarks.storage`.

Both fetch the same pictures from the same server on loopback to the same disk. `curl` writes what comes,
while landing also checks every byte before a file gets its name.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.api.tasks import PhotaTask
from benchmarks import gallery
from benchmarks.memory import watched_memory
from benchmarks.processes import ROOT

OUTPUT = ROOT / ".build" / "bench-storage.md"
RUNS = int(os.environ.get("BENCH_RUNS") or 5)
#: Resolution and number of pictures. The service can keep that many in its memory.
LOTS = (("1K", 100), ("4K", 12))
#: Requests that run at once, in curl as in landing.
AT_ONCE = 4


def fetching_with_curl(*options: str) -> Callable[[PhotaTask, Path, Settings], None]:
    def fetch(task: PhotaTask, folder: Path, settings: Settings) -> None:
        targets = [
            word
            for index, image in enumerate(task.images)
            for word in ("--output", str(folder / f"{index}.png"), image.url)
        ]
        command = ["curl", "--silent", "--fail", "--noproxy", "*", "--cacert", str(settings.ca_bundle)]
        subprocess.run([*command, *options, *targets], check=True, stderr=subprocess.DEVNULL)

    return fetch


def fetch_by_landing(task: PhotaTask, folder: Path, settings: Settings) -> None:
    from airflow_provider_phota.results.lander import land  # noqa: PLC0415  # Airflow's home is set
    from airflow_provider_phota.results.options import LandingOptions  # noqa: PLC0415
    from airflow_provider_phota.results.result import ResultImages  # noqa: PLC0415

    land(ResultImages.of_task(task), LandingOptions(f"file://{folder}").landing(), settings)


WAYS = {
    "curl": fetching_with_curl(),
    f"curl --parallel-max {AT_ONCE}": fetching_with_curl("--parallel", "--parallel-max", str(AT_ONCE)),
    "landing": fetch_by_landing,
}


def seconds(way: str, task: PhotaTask, settings: Settings) -> float:
    with tempfile.TemporaryDirectory(dir=ROOT / ".build") as folder:
        began = time.perf_counter()
        WAYS[way](task, Path(folder), settings)
        took = time.perf_counter() - began
        assert len(list(Path(folder).iterdir())) == len(task.images)
        return took


def throughput(settings: Settings) -> str:
    lines = ["| pictures | way | seconds | of curl |", "| --- | --- | --- | --- |"]
    for resolution, count in LOTS:
        task = gallery.finished_edit(settings, count, resolution)
        seconds("landing", task, settings)  # so that imports and caches are not measured
        took: dict[str, list[float]] = {way: [] for way in WAYS}
        for number in range(RUNS):
            # in turn, since what the way before has written may still be on its way to the disk
            ways = list(WAYS)[number % len(WAYS) :] + list(WAYS)[: number % len(WAYS)]
            for way in ways:
                took[way].append(seconds(way, task, settings))
        base = median(took["curl"])
        lines += [
            f"| {count} of {resolution} | {way} | {median(each):.2f} | {median(each) / base:.2f} x |"
            for way, each in took.items()
        ]
    return "\n".join(lines)


_TASK = """
import sys
from benchmarks.pipeline import edit_and_land
import airflow_provider_phota.operators.phota, airflow_provider_phota.downloads.downloads, PIL.Image
print("idle", flush=True)
sys.stdin.readline()
edit_and_land("four", "file://{picture}", "file://{folder}", num_outputs=4, resolution="4K")
print("done", flush=True)
"""


def memory() -> str:
    """Measures the memory of one Airflow task that uploads a 4K picture, edits it and lands four results."""
    with tempfile.TemporaryDirectory(dir=ROOT / ".build") as folder:
        picture = Path(folder) / "large.png"
        _draw_4k(picture)
        code = _TASK.format(picture=picture, folder=f"{folder}/out")
        with subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True
        ) as process:
            assert process.stdin
            assert process.stdout
            _read_until(process.stdout, "idle")
            with watched_memory(process.pid) as grown:
                process.stdin.write("\n")
                process.stdin.flush()
                _read_until(process.stdout, "done")
        landed_files = len(list(Path(folder, "out").glob("*.png")))
    peak = f"{grown.growth / 1e6:.0f} MB above idle at its peak"
    return f"A task of four 4K pictures ({landed_files} landed): {peak}."


def _draw_4k(path: Path) -> None:
    from PIL import Image  # noqa: PLC0415

    Image.effect_noise((4096, 2731), 40.0).convert("RGB").save(path)


def _read_until(lines: object, word: str) -> None:
    for line in lines:  # type: ignore[attr-defined]  # a pipe
        if line.strip() == word:
            return
    raise RuntimeError(f"the process did not write {word!r}")


def report(parts: Sequence[str]) -> None:
    text = "\n\n".join(parts) + "\n"
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(text)
    sys.stdout.write(text)


def main() -> int:
    with gallery.service() as settings:
        parts = [throughput(settings), memory()]
    report(parts)
    return 0


if __name__ == "__main__":
    sys.exit(main())

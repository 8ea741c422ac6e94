"""A profile of 500 photos of 8 MB, from a disk and from S3: `python -m benchmarks.profiles`.

Measures the memory and the time that a fresh process takes to look at the photos, to upload them as one ZIP
and to have a profile made of them; and that the same photos are neither uploaded nor paid for again.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from airflow_provider_phota.api.settings import Settings
from benchmarks import gallery
from benchmarks.by_hand import TaskInstance, s3_server
from benchmarks.memory import watched_memory
from benchmarks.processes import ROOT

OUTPUT = ROOT / ".build" / "bench-profiles.md"
PHOTOS = int(os.environ.get("BENCH_PHOTOS") or 500)
#: Pixels of each, as of a usual camera; they are noise, so that the file is large.
_SIZE, _NOISE, _QUALITY = (4500, 3000), 20.0, 95
_PROCESS = """
import sys
from benchmarks.profiles import profile_of
import airflow_provider_phota.operators.phota, airflow_provider_phota.inputs.archive
import airflow_provider_phota.drivers.requests_driver, airflow_provider_phota.downloads.downloads, PIL.Image
print("is idle", flush=True)
for line in sys.stdin:
    print("has made", profile_of(*line.split()), flush=True)
"""


def profile_of(photos: str, profiles_path: str) -> str:
    """Runs one Airflow task, and returns the profile of the photos."""
    from airflow_provider_phota.operators.phota import PhotaCreateProfileOperator  # noqa: PLC0415  # Airflow's home is set

    operator = PhotaCreateProfileOperator(
        task_id="order", photos=photos, profiles_path=profiles_path, poll_interval=0.5
    )
    return str(operator.execute({"ti": TaskInstance("profile")}))  # type: ignore[typeddict-item]  # all it asks for


def measured(settings: Settings, store: str, photos: str, profiles_path: str) -> list[str]:
    """Returns a line of the table for the first run, and one for the second."""
    lines = []
    with subprocess.Popen(
        [sys.executable, "-c", _PROCESS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        _word_after("is", process.stdout)
        found, idle = set(), 0
        for run in ("first", "second"):
            before = _seen(settings)
            began = time.monotonic()
            with watched_memory(process.pid) as memory:
                process.stdin.write(f"{photos} {profiles_path}\n")
                process.stdin.flush()
                found.add(_word_after("has made", process.stdout))
            took = time.monotonic() - began
            uploads, bills = (after - earlier for after, earlier in zip(_seen(settings), before, strict=True))
            idle = idle or memory.idle
            grown = (memory.peak - idle) / 1e6
            lines.append(f"| {store} | {run} | {took:.0f} | {grown:.0f} | {uploads} | {bills} |")
        process.stdin.close()
    assert len(found) == 1
    return lines


def _word_after(begin: str, lines: Iterable[str]) -> str:
    """Returns what a process says; Airflow says more than that."""
    for line in lines:
        if line.startswith(f"{begin} "):
            return line.split()[-1]
    raise RuntimeError("the process ended")


def _seen(settings: Settings) -> tuple[int, int]:
    """Returns how many uploads and how many billed tasks the service has seen."""
    seen = requests.get(f"{settings.base_url}/_emulator/requests", timeout=60).json()["requests"]
    uploads = [request for request in seen if request["path"] == "/v1/files/upload/stream"]
    return len(uploads), len(gallery.ledger(settings))


def _on_disk(folder: Path) -> str:
    """Draws one photo, and gives it as many names as there are photos."""
    from PIL import Image  # noqa: PLC0415

    (folder / "photos").mkdir()
    first = folder / "photos" / "0.jpg"
    Image.merge("RGB", [Image.effect_noise(_SIZE, _NOISE)] * 3).save(first, quality=_QUALITY)
    for number in range(1, PHOTOS):
        (folder / "photos" / f"{number}.jpg").hardlink_to(first)
    return f"file://{folder}/photos"


@contextmanager
def _in_a_bucket(photo: Path) -> Iterator[str]:
    """Serves as many copies of a photo from a server that speaks S3."""
    os.environ["MOTO_S3_DEFAULT_KEY_BUFFER_SIZE"] = "65536"  # longer objects are on its disk
    with s3_server():
        from airflow.providers.common.compat.sdk import ObjectStoragePath  # noqa: PLC0415

        fs = ObjectStoragePath("s3://aws_default@people").fs
        fs.mkdir("people")
        fs.put_file(str(photo), "people/anna/0.jpg")
        for number in range(1, PHOTOS):
            fs.cp_file("people/anna/0.jpg", f"people/anna/{number}.jpg")
        yield "s3://aws_default@people/anna"


def main() -> int:
    head = "| store | run | seconds | MB above idle at its peak | uploads | bills |"
    lines = [head, "| --- | --- | --- | --- | --- | --- |"]
    OUTPUT.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=OUTPUT.parent) as name, gallery.service("0.5..1.5") as settings:
        folder = Path(name)
        for store in ("disk", "s3"):
            (folder / store).mkdir()
        photos = _on_disk(folder)
        lines += measured(settings, "disk", photos, f"file://{folder}/disk")
        with _in_a_bucket(folder / "photos" / "0.jpg") as bucket:
            lines += measured(settings, "S3", bucket, f"file://{folder}/s3")
        size = (folder / "photos" / "0.jpg").stat().st_size
    text = "\n".join([f"{PHOTOS} photos of {size / 1e6:.1f} MB.", "", *lines, ""])
    OUTPUT.write_text(text)
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())

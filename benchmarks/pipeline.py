"""Uploads, edits and lands two thousand pictures: `python -m benchmarks.pipeline`.

Each picture is an Airflow task, and several run at once. They come from and go to a server that speaks S3,
and then a disk. At the end every file is checked: all are there, all are whole, and no two are the same.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.api.types import PhotaFile
from benchmarks import gallery
from benchmarks.by_hand import TaskInstance, s3_server
from benchmarks.processes import ROOT

OUTPUT = ROOT / ".build" / "bench-pipeline.md"
PICTURES = int(os.environ.get("BENCH_PICTURES") or 2000)
PROCESSES = 4


def edit_and_land(prompt: str, source: str, destination: str, **more: Any) -> list[PhotaFile]:
    """Runs one Airflow task, and returns the manifest of its files."""
    from airflow_provider_phota.operators.phota import PhotaImageEditOperator  # noqa: PLC0415  # Airflow's home is set

    operator = PhotaImageEditOperator(
        task_id="edit",
        prompt=prompt,
        image_urls=source,
        wait_for_completion=True,
        poll_interval=0.1,
        destination=destination,
        **more,
    )
    result = operator.execute({"ti": TaskInstance(prompt)})  # type: ignore[typeddict-item]  # all it asks for
    return list(result["files"])


def run(settings: Settings, source: str, destination: str) -> str:
    """Runs all tasks, and returns a line for the table."""
    before = len(gallery.ledger(settings))
    began = time.monotonic()
    # spawned, since the S3 library does not work after a fork
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        edit_one = partial(edit_and_land, source=source, destination=destination)
        manifests = list(
            pool.map(edit_one, [f"{destination} {number}" for number in range(PICTURES)], chunksize=10)
        )
    took = time.monotonic() - began
    files = [file for manifest in manifests for file in manifest]
    whole = sum(map(_is_whole, files))
    distinct = len({file["sha256"] for file in files})
    prompts = Counter(str(task["request"]["prompt"]) for task in gallery.ledger(settings)[before:])  # type: ignore[index]
    twice = sum(count - 1 for count in prompts.values())
    scheme = destination.partition(":")[0]
    return f"| {scheme} | {PICTURES} | {len(files)} | {whole} | {distinct} | {twice} | {took:.0f} |"


def _is_whole(file: PhotaFile) -> bool:
    """Returns True if the picture can be decoded, and has the bytes and the size that the manifest says."""
    from airflow.providers.common.compat.sdk import ObjectStoragePath  # noqa: PLC0415
    from PIL import Image  # noqa: PLC0415

    content = ObjectStoragePath(file["path"]).read_bytes()
    with Image.open(io.BytesIO(content)) as picture:
        picture.load()
        return len(content) == file["bytes"] and picture.size == (file["width"], file["height"])


def main() -> int:
    OUTPUT.write_text(
        "| store | edits | landed | whole | distinct | billed twice | seconds |\n"
        "| --- | --- | --- | --- | --- | --- | --- |\n"
    )
    with (
        s3_server(),
        gallery.service("0.5..1.5") as settings,
        tempfile.TemporaryDirectory(dir=ROOT / ".build") as folder,
    ):
        _append(run(settings, _put_into_bucket(), "s3://aws_default@pictures/edits"))
        _append(run(settings, f"file://{gallery.PICTURE}", f"file://{folder}"))
    sys.stdout.write(OUTPUT.read_text())
    return 0


def _append(line: str) -> None:
    with OUTPUT.open("a") as file:
        file.write(f"{line}\n")


def _put_into_bucket() -> str:
    from airflow.providers.common.compat.sdk import ObjectStoragePath  # noqa: PLC0415

    bucket = ObjectStoragePath("s3://aws_default@pictures")
    bucket.fs.mkdir("pictures")
    path = bucket / "inbox" / "lake.jpg"
    path.write_bytes(Path(gallery.PICTURE).read_bytes())
    return str(path)


if __name__ == "__main__":
    sys.exit(main())

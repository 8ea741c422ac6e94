"""What it costs to read, check and plan the items of a batch: `python -m benchmarks.items`.

Each figure is of a process of its own, which has planned one item before, so that what is loaded once is not
counted.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.by_hand import s3_server
from benchmarks.processes import ROOT

OUTPUT = ROOT / ".build" / "bench-items.md"
COUNTS = [int(text) for text in (os.environ.get("BENCH_ITEMS") or "1000,10000,100000").split(",")]
#: The server that speaks S3 sorts all keys for each page, so a longer listing would measure the server.
_MOST_IN_S3 = 10_000
_PROMPT = "Put the {color} {name} on a white background, with a soft shadow"


@dataclass(frozen=True)
class Cost:
    """Is what one batch took.

    Attributes:
        seconds: to write the plan.
        cpu: seconds of a core for that.
        back: seconds to read the plan back.
        start: resident bytes before.
        peak: resident bytes at most.
    """

    seconds: float
    cpu: float
    back: float
    start: int
    peak: int


def planned(source: str, folder: str) -> Cost:
    """Plans the items of a source, and reads them back."""
    from airflow_provider_phota.api.orders.edit import EditOrder  # noqa: PLC0415
    from airflow_provider_phota.batch.items.plan import write_plan  # noqa: PLC0415  # Airflow's home is set
    from airflow_provider_phota.batch.items.spec import ItemSpec  # noqa: PLC0415
    from airflow_provider_phota.storage.paths import Place, checked_path  # noqa: PLC0415

    def plan_of(source: object, name: str) -> float:
        spec = ItemSpec.checked(
            order_type=EditOrder,
            source=source,
            defaults={"prompt": _PROMPT if name == "manifest" else "Put it on a white background"},
            destination=f"{folder}/out",
        )
        plan = write_plan(Place.of(checked_path("ledger_path", f"{folder}/journal")), spec)
        began = time.monotonic()
        assert sum(1 for _ in plan.items()) == plan.count
        return time.monotonic() - began

    plan_of([f"{folder}/one.jpg"], "one")
    start, cpu, began = _resident("VmRSS"), time.process_time(), time.monotonic()
    back = plan_of(source, "folder" if source.endswith("**") else "manifest")
    return Cost(time.monotonic() - began - back, time.process_time() - cpu, back, start, _resident("VmHWM"))


def _resident(what: str) -> int:
    """Returns the resident bytes of this process: `VmRSS` now, `VmHWM` at most. Linux alone has such a file.

    What `getrusage` says begins with the memory of the process that started this one.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(what))


def _rows(count: int) -> Iterator[dict[str, str]]:
    for number in range(count):
        yield {"image_url": f"{number // 1000:03d}/picture-{number:06d}.jpg", "color": "red"}


def _folder(folder: Path, count: int) -> str:
    for row in _rows(count):
        path = folder / "in" / row["image_url"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return f"file://{folder}/in/**"


def _json_lines(folder: Path, count: int) -> str:
    with (folder / "m.jsonl").open("w") as file:
        file.writelines(f"{json.dumps(row)}\n" for row in _rows(count))
    return f"file://{folder}/m.jsonl"


def _csv(folder: Path, count: int) -> str:
    with (folder / "m.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["image_url", "color"])
        writer.writeheader()
        writer.writerows(_rows(count))
    return f"file://{folder}/m.csv"


def _parquet(folder: Path, count: int) -> str:
    import pyarrow as pa  # noqa: PLC0415  # of the development environment
    from pyarrow import parquet  # noqa: PLC0415

    parquet.write_table(pa.Table.from_pylist(list(_rows(count))), folder / "m.parquet")
    return f"file://{folder}/m.parquet"


def _bucket(_: Path, count: int) -> str:
    """Puts objects into the server without HTTP, which would take longer than all that is measured."""
    from moto.s3.models import s3_backends  # noqa: PLC0415  # of the development environment

    backend, bucket = s3_backends["123456789012"]["aws"], f"items-{count}"
    backend.create_bucket(bucket, "us-east-1")
    for row in _rows(count):
        backend.put_object(bucket, f"in/{row['image_url']}", b"")
    return f"s3://aws_default@{bucket}/in/**"


_SOURCES: dict[str, Callable[[Path, int], str]] = {
    "folder on a disk": _folder,
    "JSON lines": _json_lines,
    "CSV": _csv,
    "Parquet": _parquet,
    "folder in S3": _bucket,
}


def _measured(make: Callable[[Path, int], str], count: int) -> Cost:
    """Returns the cost in a fresh process."""
    with tempfile.TemporaryDirectory(dir=OUTPUT.parent) as name:
        source = make(Path(name), count)
        command = [sys.executable, "-m", "benchmarks.items", source, f"file://{name}"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return Cost(**json.loads(done.stdout.splitlines()[-1]))


def _lines() -> Iterator[str]:
    """Yields the table, line by line as it is measured."""
    yield "| source | items | seconds | CPU, us an item | seconds to read back | MB before | MB above that |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for title, make in _SOURCES.items():
        for count in COUNTS if make is not _bucket else [count for count in COUNTS if count <= _MOST_IN_S3]:
            cost = _measured(make, count)
            grown, each = (cost.peak - cost.start) / 1e6, cost.cpu / count * 1e6
            yield (
                f"| {title} | {count:,} | {cost.seconds:.1f} | {each:.0f} | {cost.back:.1f} "
                f"| {cost.start / 1e6:.0f} | {grown:.0f} |"
            )


def main() -> int:
    if len(sys.argv) == 3:
        sys.stdout.write(f"\n{json.dumps(asdict(planned(*sys.argv[1:])))}\n")
        return 0
    OUTPUT.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=OUTPUT.parent) as home, s3_server():
        os.environ |= {"AIRFLOW_HOME": home, "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING"}
        with OUTPUT.open("w") as file:
            for line in _lines():
                for stream in (file, sys.stdout):
                    stream.write(f"{line}\n")
                    stream.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())

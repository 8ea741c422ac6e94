"""Measures what the journal of a batch writes, and how it is recovered: `python -m benchmarks.journal`.

A stream of edits is simulated: 500 are in flight, each takes about 45 s, and their events are written in the
groups that `Journal` would make of them. The stores are real: a disk, and S3 over HTTP on loopback.
"""

from __future__ import annotations

import heapq
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from benchmarks.by_hand import s3_server
from benchmarks.memory import watched_memory
from benchmarks.processes import ROOT

if TYPE_CHECKING:
    from airflow_provider_phota.api.types import PhotaFile
    from airflow_provider_phota.journal.events import Event

OUTPUT = ROOT / ".build" / "bench-journal.md"
ITEMS = tuple(int(each) for each in (os.environ.get("BENCH_ITEMS") or "1000,10000,100000").split(","))
STORES = tuple((os.environ.get("BENCH_STORES") or "disk,S3").split(","))
IN_FLIGHT = 500
#: Seconds from the intent to the answer, and until an edit has landed.
_ANSWER, _EDIT = (0.5, 2.0), (30.0, 60.0)
#: Seconds that writing an object takes, during which the next group gathers.
_WRITE = 0.05
COLUMNS = (
    *("store", "items", "objects an edit", "bytes an edit", "s to write", "s to compact", "longest of them"),
    *("s to recover", "s to read the rows", "MB above idle"),
)
_PROCESS = """
import sys
from benchmarks.journal import recover, count_rows
import airflow_provider_phota.journal.segments, airflow.providers.common.compat.sdk
print("idle", flush=True)
for line in sys.stdin:
    word, url = line.split()
    print("done", *{"recover": recover, "rows": count_rows}[word](url), flush=True)
"""


@dataclass
class Written:
    """Sums up what was written for a number of edits."""

    items: int
    segments: int = 0
    bytes: int = 0
    archived: int = 0
    compacting: float = 0.0
    longest_compaction: float = 0.0


def events_of(items: int) -> Iterator[tuple[float, int, str]]:
    """Yields what happens, and when: the time, the number of the item and the kind of event."""
    chance, started = random.Random(0), min(items, IN_FLIGHT)  # noqa: S311  # it draws what happens when
    # at the beginning they are sent one after the other, at about the rate of all that follow
    coming = [(number * _EDIT[0] / IN_FLIGHT, number, "intent") for number in range(started)]
    while coming:
        at, number, kind = heapq.heappop(coming)
        yield at, number, kind
        if kind == "intent":
            heapq.heappush(coming, (at + chance.uniform(*_ANSWER), number, "paid"))
        elif kind == "paid":
            heapq.heappush(coming, (at + chance.uniform(*_EDIT), number, "ended"))
        elif started < items:
            heapq.heappush(coming, (at, started, "intent"))
            started += 1


def groups_of(items: int) -> Iterator[list[tuple[int, str]]]:
    """Yields the groups in which the journal writes the events."""
    from airflow_provider_phota.journal.writer import GATHERING  # noqa: PLC0415  # Airflow's home is set

    group: list[tuple[int, str]] = []
    full_at, free_at = 0.0, 0.0
    for at, number, kind in events_of(items):
        if group and at > max(full_at, free_at):
            yield group
            free_at, group = max(full_at, free_at) + _WRITE, []
        if not group:
            full_at = at + GATHERING
        group.append((number, kind))
    yield group


def write(url: str, items: int) -> Written:
    """Writes the journal of a batch."""
    from airflow.providers.common.compat.sdk import ObjectStoragePath  # noqa: PLC0415  # Airflow's home is set

    from airflow_provider_phota.journal.leases import Lease, Try  # noqa: PLC0415
    from airflow_provider_phota.journal.segments import MANY, Segments  # noqa: PLC0415
    from airflow_provider_phota.storage.paths import Place  # noqa: PLC0415

    folder, written = Place.of(ObjectStoragePath(url)), Written(items)
    segments = Segments(folder, Lease.take(folder, Try(1, 0), "plan").number)
    for group in groups_of(items):
        segments.write([_event(number, kind) for number, kind in group])
        written.segments += 1
        if written.segments % (MANY + 1) == 0:
            began = time.monotonic()
            segments.compact()
            took = time.monotonic() - began
            written.compacting += took
            written.longest_compaction = max(took, written.longest_compaction)
    for name in ("segments", "archives"):
        sizes = [each["size"] for each in folder.fs.ls(f"{folder.path}/{name}", detail=True)]
        # what is in an archive was written as segments before
        written.bytes += sum(sizes) * (2 if name == "archives" else 1)
        written.archived += len(sizes) if name == "archives" else 0
    return written


def _event(number: int, kind: str) -> Event:
    from airflow_provider_phota.journal.events import Ended, Intent, Paid  # noqa: PLC0415  # Airflow's home is set
    from airflow_provider_phota.journal.rows import Row, Status  # noqa: PLC0415

    item, token, task = f"{number:024x}", f"{number:032x}", f"task-unified-1757165031-{number:08x}"
    if kind == "intent":
        return Intent(item, 1, token, 1757165031.25 + number, 65.0, f"{number:064x}")
    if kind == "paid":
        return Paid(item, 1, token, task, 1757165032.25 + number, 4.0)
    key = f"shop/2026/shelf-{number % 100}/picture-{number}"
    file: PhotaFile = {
        "path": f"s3://shop/edited/{key}.png",
        "sha256": f"{number:064x}",
        "bytes": 1234567,
        "width": 1024,
        "height": 1024,
        "content_type": "image/png",
        "phota_task_id": task,
    }
    row = Row(
        number,
        key,
        Status.LANDED,
        (file,),
        task,
        4.0,
        "",
        1757165032.25 + number,
        1757165099.5 + number,
    )
    return Ended(item, 1, row)


def recover(url: str) -> tuple[int, int]:
    """Reads a journal as the next attempt does; returns how many items have ended, and how many are paid."""
    from airflow.providers.common.compat.sdk import ObjectStoragePath  # noqa: PLC0415  # Airflow's home is set

    from airflow_provider_phota.journal.segments import Segments  # noqa: PLC0415
    from airflow_provider_phota.journal.state import BatchState  # noqa: PLC0415
    from airflow_provider_phota.storage.paths import Place  # noqa: PLC0415

    state = BatchState()
    for name, event in Segments(Place.of(ObjectStoragePath(url)), 0).read_all():
        state.apply(event, name)
    recover.state = state  # type: ignore[attr-defined]  # so that its memory stays, as in an attempt
    return sum(state.counts().values()), state.payments


def count_rows(url: str) -> tuple[int, int]:
    """Reads the rows of the journal that was recovered."""
    from airflow.providers.common.compat.sdk import ObjectStoragePath  # noqa: PLC0415  # Airflow's home is set

    from airflow_provider_phota.journal.segments import Segments  # noqa: PLC0415
    from airflow_provider_phota.storage.paths import Place  # noqa: PLC0415

    segments = Segments(Place.of(ObjectStoragePath(url)), 0)
    ends = segments.ends(recover.state)  # type: ignore[attr-defined]  # see there
    return len([end.row.key for end in ends]), 0


def measured(url: str, store: str, items: int) -> str:
    """Writes a journal, and reads it in a fresh process; returns a line of the table."""
    began = time.monotonic()
    written = write(url, items)
    writing = time.monotonic() - began
    with subprocess.Popen(
        [sys.executable, "-c", _PROCESS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        _words_after("idle", process)
        with watched_memory(process.pid) as memory:
            seconds = []
            for word in ("recover", "rows"):
                began = time.monotonic()
                process.stdin.write(f"{word} {url}\n")
                process.stdin.flush()
                found = _words_after("done", process)
                seconds.append(time.monotonic() - began)
                assert found[0] == str(items)
        process.stdin.close()
    objects = (written.segments + written.archived) / items
    return (
        f"| {store} | {items:,} | {objects:.2f} | {written.bytes / items:,.0f} | {writing:.1f} "
        f"| {written.compacting:.1f} | {written.longest_compaction:.1f} | {seconds[0]:.1f} "
        f"| {seconds[1]:.1f} | {memory.growth / 1e6:.0f} |"
    )


def _words_after(begin: str, process: subprocess.Popen[str]) -> list[str]:
    assert process.stdout
    for line in process.stdout:
        if line.startswith(begin):
            return line.split()[1:]
    raise RuntimeError(f"the process did not write {begin!r}")


def make_bucket(name: str) -> None:
    """Makes a bucket on the server of `s3_server`."""
    url = json.loads(os.environ["AIRFLOW_CONN_AWS_DEFAULT"])["extra"]["endpoint_url"]
    requests.put(f"{url}/{name}", timeout=10).raise_for_status()


def main() -> int:
    """Measures all sizes on all stores, and prints a table."""
    lines = [f"| {' | '.join(COLUMNS)} |", f"| --- {'| ---: ' * (len(COLUMNS) - 1)}|"]
    OUTPUT.parent.mkdir(exist_ok=True)
    with s3_server(), tempfile.TemporaryDirectory(dir=OUTPUT.parent) as home:
        make_bucket("journal")
        roots = {"disk": f"file://{Path(home)}", "S3": "s3://aws_default@journal"}
        for store in STORES:
            for items in ITEMS:
                lines.append(measured(f"{roots[store]}/{items}", store, items))
                sys.stdout.write(f"{lines[-1]}\n")
    text = "\n".join(lines) + "\n"
    OUTPUT.write_text(text)
    sys.stdout.write(f"\n{text}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Gathers what is left of a batch: the service's bills, the results, the pictures, XCom and the logs."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from PIL import Image

from tests.chaos.batches.cases import BatchTrial
from tests.chaos.batches.run import BatchRun
from tests.chaos.budgets import Books, bills_of
from tests.chaos.laboratory import patiently

_KEY = re.compile(r"<(.+)>")


@dataclass(frozen=True)
class BatchEvidence:
    """Holds the evidence of a batch that has ended.

    Attributes:
        state: of the run.
        billed: the PHOTA tasks that the service billed, by the keys of the items.
        rows: of `results.jsonl`.
        adopted: the keys whose PHOTA tasks a person has found at the service.
        rows_of_csv: how many rows `results.csv` has, with its head.
        broken: what is wrong with landed pictures, in words.
        summary: what the Airflow task returned, if it ended well.
        log: of all its attempts.
        books: of its budget.
    """

    trial: BatchTrial
    state: str
    tries: int
    billed: Mapping[str, tuple[str, ...]]
    rows: tuple[Mapping[str, Any], ...]
    adopted: frozenset[str]
    rows_of_csv: int
    broken: tuple[str, ...]
    summary: Mapping[str, Any] | None
    log: str
    seconds: float
    books: Books

    @property
    def counts(self) -> Counter[str]:
        return Counter(row["status"] for row in self.rows)

    @property
    def payments(self) -> int:
        return sum(map(len, self.billed.values()))

    @property
    def twice(self) -> tuple[str, ...]:
        return tuple(key for key, tasks in self.billed.items() if len(tasks) > 1)

    @property
    def lost(self) -> tuple[str, ...]:
        """Billed tasks that no row names, although their item is not said to be ambiguous."""
        rows = {row["key"]: row for row in self.rows}
        return tuple(
            task
            for key, tasks in self.billed.items()
            for task in tasks
            if key not in rows or (rows[key]["phota_task_id"] != task and rows[key]["status"] != "ambiguous")
        )

    @property
    def ambiguous(self) -> tuple[str, ...]:
        return tuple(row["key"] for row in self.rows if row["status"] == "ambiguous")


def gather(run: BatchRun, state: str, seconds: float) -> BatchEvidence:
    """Gathers the evidence of a batch that has ended."""
    rows = tuple(_read_rows(run))
    instance, tasks = run.instance(), _tasks(run)
    billed = _by_keys(tasks)
    return BatchEvidence(
        run.trial,
        state,
        instance.try_number,
        billed,
        rows,
        run.adopted,
        len(list(csv.reader(io.StringIO(_read(run, "out/results.csv").decode())))),
        tuple(_broken(run, rows)),
        _summary(run) if state == "success" else None,
        _logs(run),
        seconds,
        _books(run, tasks, billed, {row["key"] for row in rows if row["status"] == "ambiguous"}),
    )


def _tasks(run: BatchRun) -> list[Mapping[str, Any]]:
    """Returns the PHOTA tasks of the batch, as the service bills them."""
    tasks = patiently(run.service.billed)
    return [task for task in tasks if task["request"]["prompt"].startswith(run.trial.mark)]


def _by_keys(tasks: list[Mapping[str, Any]]) -> Mapping[str, tuple[str, ...]]:
    billed: defaultdict[str, tuple[str, ...]] = defaultdict(tuple)
    for task in tasks:
        if key := _KEY.search(task["request"]["prompt"]):
            billed[key[1]] += (task["id"],)
    return billed


def _books(
    run: BatchRun, tasks: list[Mapping[str, Any]], billed: Mapping[str, tuple[str, ...]], ambiguous: set[str]
) -> Books:
    unknown = frozenset(task for key in ambiguous for task in billed.get(key, ()))
    return Books(run.budget.state(), bills_of(tasks), unknown, len(ambiguous))


def _read_rows(run: BatchRun) -> Iterator[Mapping[str, Any]]:
    for line in _read(run, "out/results.jsonl").splitlines():
        yield json.loads(line)


def _read(run: BatchRun, name: str) -> bytes:
    try:
        return run.place.read(name)
    except FileNotFoundError:
        return b""


def _broken(run: BatchRun, rows: tuple[Mapping[str, Any], ...]) -> Iterator[str]:
    for row in rows:
        if row["status"] == "landed" and len(row["files"]) != 1:
            yield f"{row['key']} has landed with {len(row['files'])} files"
        for file in row["files"]:
            content = _read(run, file["path"].removeprefix(f"{run.place.url}/"))
            if hashlib.sha256(content).hexdigest() != file["sha256"] or len(content) != file["bytes"]:
                yield f"{file['path']} is not what its row says: {len(content)} bytes"
            elif not _is_whole(content):
                yield f"{file['path']} is not a whole picture"


def _is_whole(content: bytes) -> bool:
    try:
        Image.open(io.BytesIO(content)).load()
    except OSError:
        return False
    return True


def _summary(run: BatchRun) -> Mapping[str, Any] | None:
    def ask() -> Any:
        try:
            return run.lab.airflow.xcom(run.trial.dag_id, run.trial.run_id, "edit")
        except KeyError:
            return None

    found = patiently(ask)
    return json.loads(found.replace("'", '"')) if isinstance(found, str) else found


def _logs(run: BatchRun) -> str:
    folder = run.lab.airflow.home / "logs" / f"dag_id={run.trial.dag_id}" / f"run_id={run.trial.run_id}"
    paths = sorted((folder / "task_id=edit").glob("attempt=*.log*"))
    return "\n".join(path.read_text(errors="replace") for path in paths)

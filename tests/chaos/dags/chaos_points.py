"""Stops the process of an Airflow task at a named point, by wrapping methods of the provider.

A run's conf names the point (`stop`). There the process writes a checkpoint, a JSON file with its own process
ID and that of its supervisor. It goes on once the harness has written a file of the same name with `.go`.
"""

from __future__ import annotations

import json
import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from airflow_provider_phota.ledger.ledger import Ledger
from airflow_provider_phota.ledger.object_storage import ObjectStorageStore
from airflow_provider_phota.ledger.stores import TaskStateStore

#: Seconds after which a stopped process goes on by itself, in case the harness is gone.
LONGEST_STOP = 120.0


@dataclass(frozen=True)
class Stop:
    """Says where to stop once.

    Attributes:
        point: a name that is used below.
        file: the checkpoint to write.
        delay: seconds from the point to the checkpoint, for points at which the process does not stop.
    """

    point: str
    file: Path
    delay: float

    def checkpoint(self) -> None:
        part = self.file.with_suffix(".part")
        part.write_text(json.dumps({"pid": os.getpid(), "ppid": os.getppid(), "point": self.point}))
        part.replace(self.file)

    def block(self) -> None:
        self.checkpoint()
        go = self.file.with_suffix(".go")
        deadline = time.monotonic() + LONGEST_STOP
        while not go.exists() and time.monotonic() < deadline:
            time.sleep(0.02)


_stop: Stop | None = None


def arm(context) -> None:
    """Reads from the run's conf where to stop."""
    global _stop  # noqa: PLW0603  # a process runs one Airflow task
    stop = (context["dag_run"].conf or {}).get("stop")
    if stop:
        file = Path(stop["file"])
        _stop = Stop(stop["point"], file, stop["delay"]) if not file.exists() else None


def reach(point: str) -> None:
    if _stop and _stop.point == point and not _stop.file.exists():
        _stop.block()


def pass_by(point: str) -> None:
    """Lets the process go on, and writes the checkpoint a little later, while the process is busy."""
    if _stop and _stop.point == point and not _stop.file.exists():
        timer = threading.Timer(_stop.delay, _stop.checkpoint)
        timer.daemon = True
        timer.start()


def _wrap(owner: type, name: str, before, after) -> None:
    original = getattr(owner, name)

    def wrapped(self, entry, *more):
        before(entry)
        original(self, entry, *more)
        after(entry)

    setattr(owner, name, wrapped)


def _sent(_) -> None:
    reach("after_intent")
    pass_by("in_flight")


def _persisted(_) -> None:
    reach("after_persist")
    pass_by("waiting")


#: Not set from the journal's intent until the journal has the ID too.
_journal_is_written = threading.Event()
_journal_is_written.set()


def _journal_begins(entry) -> None:
    if not entry.phota_task_id:
        _journal_is_written.clear()


def _journal_ends(entry) -> None:
    if entry.phota_task_id:
        _journal_is_written.set()


def _between_stores(entry) -> None:
    if entry.phota_task_id:
        _journal_is_written.wait(LONGEST_STOP)  # the stores are written at the same time
        reach("between_stores")


_wrap(ObjectStorageStore, "put", _journal_begins, _journal_ends)
_wrap(Ledger, "intend", lambda _: reach("before_intent"), _sent)
_wrap(Ledger, "note_task", lambda _: reach("after_answer"), _persisted)
_wrap(TaskStateStore, "put", _between_stores, lambda _: None)

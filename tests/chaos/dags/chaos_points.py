"""Where a task process can be stopped: named points, made by wrapping the provider from outside.

A run's conf says where (`stop`). At its point the process writes a checkpoint, a JSON file with its own and
its supervisor's process id, and goes on when there is a file of the same name with `.go` behind it. What
happens in between is up to the harness, which knows the process ids.
"""

from __future__ import annotations

import json
import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from airflow_provider_phota.ledger.ledger import Ledger
from airflow_provider_phota.ledger.stores import TaskStateStore

#: A point that nobody lets go on ends by itself: the harness is gone.
LONGEST_STOP = 120.0


@dataclass(frozen=True)
class Stop:
    """Where to stop, once.

    Attributes:
        point: a name below.
        file: the checkpoint to write.
        delay: seconds after the point, for those that do not block.
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
    """Take the run's conf to heart."""
    global _stop  # noqa: PLW0603  # one task a process
    asked = (context["dag_run"].conf or {}).get("stop")
    if asked:
        file = Path(asked["file"])
        _stop = Stop(asked["point"], file, asked["delay"]) if not file.exists() else None


def reach(point: str) -> None:
    if _stop and _stop.point == point and not _stop.file.exists():
        _stop.block()


def pass_by(point: str) -> None:
    """As `reach`, but the process goes on: the checkpoint comes while it is busy."""
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


_wrap(Ledger, "intend", lambda _: reach("before_intent"), _sent)
_wrap(Ledger, "note_task", lambda _: reach("after_answer"), _persisted)
_wrap(TaskStateStore, "put", lambda entry: entry.phota_task_id and reach("between_stores"), lambda _: None)

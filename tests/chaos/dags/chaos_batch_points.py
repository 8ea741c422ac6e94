"""Stops the process of a batch at a named point, or lets it go on while the harness is told that it passed.

The names are used by `tests/chaos/batches/cases.py`. A point is counted in each process; the run's conf says at
which time of its being passed, in which process of the batch, and how long after it the checkpoint is written.
"""

from __future__ import annotations

import functools
import inspect
import threading
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from chaos_points import Stop

from airflow_provider_phota.batch import course
from airflow_provider_phota.batch.batch import Batch
from airflow_provider_phota.batch.preparing import Preparer
from airflow_provider_phota.batch.report import Report
from airflow_provider_phota.journal.events import Ended, Paid
from airflow_provider_phota.journal.leases import Lease
from airflow_provider_phota.journal.writer import Journal


@dataclass
class Moment:
    """Is the moment at which this process stops, or tells the harness that it was there.

    Attributes:
        nth: at which time of being passed.
        stands: True if the process stops there.
    """

    stop: Stop
    nth: int
    stands: bool
    passed: int = 0

    def reach(self, point: str) -> None:
        if point != self.stop.point:
            return
        self.passed += 1
        if self.passed != self.nth or self.stop.file.exists():
            return
        if self.stands:
            self.stop.block()
        else:
            timer = threading.Timer(self.stop.delay, self.stop.checkpoint)
            timer.daemon = True
            timer.start()


_moment: Moment | None = None
_lock = threading.Lock()


def arm(context) -> None:
    """Reads from the run's conf where to stop, if this is not an earlier process of the batch than is meant."""
    global _moment  # noqa: PLW0603  # a process runs one Airflow task
    spec = (context["dag_run"].conf or {}).get("moment")
    if not spec:
        return
    file = Path(spec["file"])
    if not file.exists() and _number_of_process(file) >= spec["process"]:
        _moment = Moment(Stop(spec["point"], file, spec["delay"]), spec["nth"], spec["stands"])


def _number_of_process(file: Path) -> int:
    number = 1
    while True:
        try:
            file.with_suffix(f".process-{number}").touch(exist_ok=False)
        except FileExistsError:
            number += 1
        else:
            return number


def reach(point: str) -> None:
    moment = _moment
    if moment and moment.stop.point == point:
        if moment.stands:
            with _lock:
                moment.reach(point)
        else:
            moment.reach(point)


def _wrap(owner: type | ModuleType, name: str, *, before=None, after=None, names=lambda args: True) -> None:
    """Wraps a method or a function; `names` looks at its arguments and says whether this call counts."""
    original = inspect.getattr_static(owner, name)
    function = original.__func__ if isinstance(original, classmethod) else original

    @functools.wraps(function)
    def wrapped(*args, **kwargs):
        counts = names(args)
        if before and counts:
            reach(before)
        result = function(*args, **kwargs)
        if after and counts:
            reach(after)
        return result

    @functools.wraps(function)
    async def wrapped_coroutine(*args, **kwargs):
        counts = names(args)
        if before and counts:
            reach(before)
        result = await function(*args, **kwargs)
        if after and counts:
            reach(after)
        return result

    chosen = wrapped_coroutine if inspect.iscoroutinefunction(function) else wrapped
    setattr(owner, name, classmethod(chosen) if isinstance(original, classmethod) else chosen)


def _is_about(kind: type):
    return lambda args: isinstance(args[1], kind)


_wrap(Batch, "make_plan", before="reading", after="planned")
_wrap(Lease, "take", before="before_lease", after="after_lease")
_wrap(Preparer, "prepare", before="preparing")
_wrap(Journal, "intend", before="before_intent", after="after_intent")
_wrap(Journal, "append", before="after_answer", after="after_paid", names=_is_about(Paid))
_wrap(course, "land_item", before="landing")
_wrap(Journal, "add", before="before_row", names=_is_about(Ended))
_wrap(Batch, "_trigger", before="before_deferral", after="deferring")
_wrap(Report, "write", before="before_results", after="after_results")

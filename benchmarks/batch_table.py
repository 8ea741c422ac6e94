"""Holds what one way to edit pictures has used, and writes tables of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from benchmarks.batch_service import Sales
from benchmarks.components import WORKER, Use
from benchmarks.landed import Pictures

#: Orders in flight at once, as in the DAGs.
IN_FLIGHT = 500
_COMPONENTS = (WORKER, "scheduler", "triggerer", "api-server", "dag-processor", "database")


@dataclass(frozen=True)
class Measured:
    """Holds what one way has used for a number of edits.

    Attributes:
        seconds: from the start of the DAG run to its end.
        cpu_of_service: CPU seconds of the service, which are not Airflow's.
        rows: more rows in Airflow's database than before.
        bytes: more bytes in it.
        starts: how often a worker has begun or resumed a task.
        idle: what a run of two edits has used.
    """

    way: str
    edits: int
    seconds: float
    use: Use
    cpu_of_service: float
    rows: int
    bytes: int
    starts: int
    sales: Sales
    pictures: Pictures
    idle: Use = field(default_factory=Use)

    def above(self, idle: Measured) -> Measured:
        """Returns the same, next to a run that did almost nothing."""
        return replace(self, idle=idle.use)

    @property
    def is_right(self) -> bool:
        """True if each edit was billed once, and each picture is there and can be decoded."""
        seen = self.pictures
        return {self.sales.billed, seen.landed, seen.valid, seen.distinct} == {self.edits}

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def table(rows: Sequence[Measured], task_seconds: float, requests_per_second: float) -> str:
    """Returns tables: what each way uses in total and for one edit, and which limit holds it back."""
    lines = [["", *(f"{row.way}, {row.edits:,} edits" for row in rows)]]
    lines.append(["---"] * len(lines[0]))
    lines += [[name, *(show(row) for row in rows)] for name, show in _LINES.items()]
    for name in _COMPONENTS:
        lines.append([f"CPU an edit, {name}, ms", *(_each(row, row.use.cpu.get(name, 0.0)) for row in rows)])
    by_slots = IN_FLIGHT / task_seconds
    lines.append(
        [
            f"orders a second, of {by_slots:.1f} by {IN_FLIGHT} in flight",
            *(_share(row, by_slots) for row in rows),
        ]
    )
    lines.append(
        [
            f"requests an edit; orders a second, of those by {requests_per_second:.0f} requests a second",
            *(_limited(row, requests_per_second) for row in rows),
        ]
    )
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _each(row: Measured, seconds: float) -> str:
    return f"{seconds / row.edits * 1000:.1f}"


def _share(row: Measured, limit: float) -> str:
    return f"{row.sales.rate:.1f} ({row.sales.rate / limit:.0%})"


def _limited(row: Measured, requests_per_second: float) -> str:
    """Submits and questions wait for their turns, uploads and downloads do not."""
    limited = sum(
        count
        for route, count in row.sales.requests.items()
        if route in ("POST /v1/images/generations", "GET /v1/tasks/{task_id}")
    )
    an_edit = limited / row.edits
    return f"{an_edit:.1f}; {row.sales.rate * an_edit / requests_per_second:.0%}"


def _memory(row: Measured, component: str) -> str:
    peak = row.use.peak.get(component, 0)
    return f"{peak / 1e6:.0f}; {(peak - row.idle.peak.get(component, 0)) / 1e6:.0f}"


_LINES: dict[str, Callable[[Measured], str]] = {
    "seconds": lambda row: f"{row.seconds:.0f}",
    "seconds an edit": lambda row: f"{row.seconds / row.edits:.3f}",
    "CPU an edit, all of Airflow, ms": lambda row: _each(row, row.use.total_cpu),
    "CPU an edit, the service, ms": lambda row: _each(row, row.cpu_of_service),
    "billed / landed / valid / distinct": lambda row: (
        f"{row.sales.billed:,} / {row.pictures.landed:,} / {row.pictures.valid:,} / {row.pictures.distinct:,}"
    ),
    "rows in the database": lambda row: f"{row.rows:,}",
    "MB in the database": lambda row: f"{row.bytes / 1e6:.2f}",
    "worker starts": lambda row: f"{row.starts:,}",
    "memory of the worker at its peak; above idle, MB": lambda row: _memory(row, WORKER),
    "memory of the triggerer at its peak; above idle, MB": lambda row: _memory(row, "triggerer"),
}

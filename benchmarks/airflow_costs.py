"""Measures what a run costs Airflow: CPU of its processes, memory, worker starts, and its database."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import psutil
import psycopg2  # type: ignore[import-untyped]  # it has no types

#: Seconds between two looks at the processes.
_PAUSE = 0.25


@dataclass
class Costs:
    """Holds what the processes of an Airflow have used.

    Attributes:
        cpu: CPU seconds by component; those of tasks are the scheduler's, which starts them.
        memory: the most resident bytes of one process by component; "worker" is the largest task.
        tasks: how many processes ran tasks.
    """

    cpu: dict[str, float] = field(default_factory=dict)
    memory: dict[str, int] = field(default_factory=dict)
    tasks: int = 0

    @property
    def cpu_in_all(self) -> float:
        return sum(self.cpu.values())


@contextmanager
def measured_costs(components: Mapping[str, int]) -> Iterator[Costs]:
    """Looks at all processes of the components' sessions until the block ends.

    Args:
        components: the process ID of each; it leads a session.
    """
    costs, over = Costs(), threading.Event()
    watch = _Watch({pid: name for name, pid in components.items()})
    watch.look()
    watch.forget()

    def run() -> None:
        while not over.wait(_PAUSE):
            watch.look()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield costs
    finally:
        over.set()
        thread.join()
        watch.look()
        watch.report(costs)


class _Watch:
    """Remembers the CPU of every process that was seen, since a process that has ended tells nothing."""

    def __init__(self, names: Mapping[int, str]) -> None:
        self._names = names
        self._cpu: dict[tuple[int, float], tuple[str, float]] = {}
        self._before: dict[tuple[int, float], float] = {}
        self._memory: dict[str, int] = {}

    def look(self) -> None:
        for process in psutil.process_iter():
            with suppress(psutil.Error, ProcessLookupError):
                name = self._names.get(os.getsid(process.pid))
                if name is None:
                    continue
                key = process.pid, process.create_time()
                times = process.cpu_times()
                self._cpu[key] = name, times.user + times.system
                role = name if process.pid in self._names or name != "scheduler" else "worker"
                self._memory[role] = max(self._memory.get(role, 0), process.memory_info().rss)

    def forget(self) -> None:
        """Counts from now on only."""
        self._before = {key: cpu for key, (_, cpu) in self._cpu.items()}
        self._memory.clear()

    def report(self, costs: Costs) -> None:
        for key, (name, cpu) in self._cpu.items():
            costs.cpu[name] = costs.cpu.get(name, 0.0) + cpu - self._before.get(key, 0.0)
        costs.memory = dict(self._memory)
        new = [key for key, (name, _) in self._cpu.items() if key not in self._before and name == "scheduler"]
        costs.tasks = len(new)


def database_size(url: str) -> tuple[int, int]:
    """Returns the rows and the bytes of all tables of a PostgreSQL database.

    Args:
        url: as SQLAlchemy takes it.
    """
    rows = size = 0
    with psycopg2.connect(url.replace("+psycopg2", "")) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT count(*), coalesce(sum(pg_column_size(t.*)), 0) FROM "{table}" t')  # noqa: S608  # names come from the database itself
            count, content = cursor.fetchone() or (0, 0)
            rows, size = rows + int(count), size + int(content)
    return rows, size

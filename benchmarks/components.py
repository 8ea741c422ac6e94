"""Measures what the components of an Airflow use: CPU of all their processes, and memory at its peak."""

from __future__ import annotations

import os
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil

#: Seconds between two looks at the memory.
_PAUSE = 0.5
#: What the scheduler's session has besides the scheduler: the executor's workers, and the tasks they run.
WORKER = "worker"
_PARENT_OF_WORKERS = "scheduler"


@dataclass
class Use:
    """Holds what each component has used within some time.

    Attributes:
        cpu: component -> CPU seconds, of processes that have ended as well.
        peak: component -> resident bytes: of its largest process for the worker, of all for the others.
    """

    cpu: dict[str, float] = field(default_factory=dict)
    peak: dict[str, int] = field(default_factory=dict)

    @property
    def total_cpu(self) -> float:
        return sum(self.cpu.values())


@dataclass(frozen=True)
class Components:
    """Finds the processes of components by their sessions, since a task may lose its parent, or as children.

    Attributes:
        pids: component -> the process that leads its session.
    """

    pids: Mapping[str, int]

    @contextmanager
    def watched(self) -> Iterator[Use]:
        """Measures what is used within a `with` block; the CPU is known at its end."""
        use, over, before = Use(), threading.Event(), self._cpu()

        def watch() -> None:
            while not over.wait(_PAUSE):
                for name, resident in self._memory().items():
                    use.peak[name] = max(use.peak.get(name, 0), resident)

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield use
        finally:
            over.set()
            thread.join()
            use.cpu = {name: seconds - before.get(name, 0.0) for name, seconds in self._cpu().items()}

    def _cpu(self) -> dict[str, float]:
        """Returns CPU seconds until now; those of a process that has ended are its parent's."""
        seconds: defaultdict[str, float] = defaultdict(float)
        for name, process in self._processes():
            own, ended = _seconds(process)
            seconds[name] += own
            # the scheduler's own children are the workers of its executor
            seconds[WORKER if name == _PARENT_OF_WORKERS else name] += ended
        return dict(seconds)

    def _memory(self) -> dict[str, int]:
        found: defaultdict[str, list[int]] = defaultdict(list)
        for name, process in self._processes():
            try:
                found[name].append(process.memory_info().rss)
            except psutil.Error:
                continue
        return {name: max(sizes) if name == WORKER else sum(sizes) for name, sizes in found.items()}

    def _processes(self) -> Iterator[tuple[str, psutil.Process]]:
        names = {pid: name for name, pid in self.pids.items()}
        for process in psutil.process_iter():
            try:
                leader = os.getsid(process.pid)
                # a process of PostgreSQL leads a session of its own, and is a child of the server
                name = names.get(leader) or names.get(process.ppid())
            except (psutil.Error, OSError):  # it has ended
                continue
            if name:
                is_worker = name == _PARENT_OF_WORKERS and process.pid != leader
                yield WORKER if is_worker else name, process


def _seconds(process: psutil.Process) -> tuple[float, float]:
    try:
        used = process.cpu_times()
    except psutil.Error:
        return 0.0, 0.0
    return used.user + used.system, used.children_user + used.children_system

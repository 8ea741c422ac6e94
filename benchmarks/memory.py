"""Measures how much the memory of a process grows."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

#: Seconds between two measurements.
_PAUSE = 0.2


@dataclass
class Memory:
    """Holds the resident bytes of a process: at the first measurement, and the most since then."""

    idle: int
    peak: int

    @property
    def growth(self) -> int:
        return self.peak - self.idle


@contextmanager
def watched_memory(pid: int) -> Iterator[Memory]:
    """Measures the memory from outside, so that this costs the process nothing."""
    process, over = psutil.Process(pid), threading.Event()
    idle = process.memory_info().rss
    memory = Memory(idle, idle)

    def watch() -> None:
        while not over.wait(_PAUSE):
            memory.peak = max(memory.peak, process.memory_info().rss)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield memory
    finally:
        over.set()
        thread.join()

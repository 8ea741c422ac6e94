"""How far a process grows."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

#: Seconds between two looks.
_LOOK = 0.2


@dataclass
class Memory:
    """Resident bytes of a process: when it was first looked at, and at its peak since."""

    idle: int
    peak: int

    @property
    def growth(self) -> int:
        return self.peak - self.idle


@contextmanager
def watched_memory(pid: int) -> Iterator[Memory]:
    """Watch from outside, so that the watching costs the process nothing."""
    process, over = psutil.Process(pid), threading.Event()
    idle = process.memory_info().rss
    memory = Memory(idle, idle)

    def watch() -> None:
        while not over.wait(_LOOK):
            memory.peak = max(memory.peak, process.memory_info().rss)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield memory
    finally:
        over.set()
        thread.join()

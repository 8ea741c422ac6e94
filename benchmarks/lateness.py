"""Measures how late an event loop is, since every trigger in the process suffers from that."""

from __future__ import annotations

import asyncio
from array import array
from dataclasses import dataclass

#: Seconds between two calls of the probe.
STEP = 0.02


@dataclass(frozen=True)
class Lateness:
    """Says by how many milliseconds the calls came late."""

    median: float
    p99: float
    worst: float


class Probe:
    """Asks the loop to be called every `STEP`, and notes how late each call is.

    A loop that is blocked skips calls. They are noted as well, each as late as it would have been. Otherwise
    a loop that is blocked for one second would count as one late call, not as fifty.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._late = array("d")
        self._schedule_next(self._loop.time())

    def stop(self) -> Lateness:
        self._next.cancel()
        late = sorted(self._late)
        return Lateness(*(1000 * late[int(share * (len(late) - 1))] for share in (0.5, 0.99, 1.0)))

    def _schedule_next(self, now: float) -> None:
        self._due = now + STEP
        self._next = self._loop.call_at(self._due, self._note_call)

    def _note_call(self) -> None:
        now = self._loop.time()
        while self._due <= now:
            self._late.append(now - self._due)
            self._due += STEP
        self._schedule_next(now)

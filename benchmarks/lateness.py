"""How late an event loop is: what every other trigger in the process feels."""

from __future__ import annotations

import asyncio
from array import array
from dataclasses import dataclass

#: Seconds between two calls that should come in time.
STEP = 0.02


@dataclass(frozen=True)
class Lateness:
    """Milliseconds by which calls came late."""

    median: float
    p99: float
    worst: float


class Probe:
    """Asks the loop to be called every `STEP`, and notes how late each call is.

    A loop that is blocked skips calls. They are noted too, each as late as it would have been: otherwise one
    block of a second would count as one late call and not as fifty.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._late = array("d")
        self._plan(self._loop.time())

    def stop(self) -> Lateness:
        self._next.cancel()
        late = sorted(self._late)
        return Lateness(*(1000 * late[int(share * (len(late) - 1))] for share in (0.5, 0.99, 1.0)))

    def _plan(self, now: float) -> None:
        self._due = now + STEP
        self._next = self._loop.call_at(self._due, self._called)

    def _called(self) -> None:
        now = self._loop.time()
        while self._due <= now:
            self._late.append(now - self._due)
            self._due += STEP
        self._plan(now)

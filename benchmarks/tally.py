"""What the job server has seen: requests, connections, and when it first said that a job is finished."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from benchmarks.jobs import Job


@dataclass(frozen=True)
class Seen:
    """A run as its server saw it.

    Attributes:
        requests: questions about jobs.
        connections: that brought at least one of them.
        open_at_once: the most of them that were open at the same time.
        delays: seconds from a job's end to the first answer that said so, for each job that was told of.
        busiest_second: the most questions within any 1 s.
        busiest_ten_seconds: the most questions within any 10 s.
        cpu: CPU seconds of the server: far below the run's length, or it was what was measured.
    """

    requests: int
    connections: int
    open_at_once: int
    delays: tuple[float, ...]
    busiest_second: int
    busiest_ten_seconds: int
    cpu: float

    def to_dict(self) -> dict[str, object]:
        return asdict(self)


class Tally:
    """Takes a note of each question; costs next to nothing then, and sums up at the end."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._jobs = jobs
        self._asked_at = array("d")
        self._told_at: dict[int, float] = {}
        self._connections = 0
        self._open = 0
        self._open_at_once = 0

    def asked(self, now: float) -> None:
        self._asked_at.append(now)

    def told(self, number: int, now: float) -> None:
        """An answer says that the job is finished."""
        self._told_at.setdefault(number, now)

    def connected(self) -> None:
        self._connections += 1
        self._open += 1
        self._open_at_once = max(self._open_at_once, self._open)

    def disconnected(self) -> None:
        self._open -= 1

    def seen(self, cpu: float) -> Seen:
        return Seen(
            requests=len(self._asked_at),
            connections=self._connections,
            open_at_once=self._open_at_once,
            delays=tuple(at - self._jobs[number].ends for number, at in self._told_at.items()),
            busiest_second=busiest(self._asked_at, 1.0),
            busiest_ten_seconds=busiest(self._asked_at, 10.0),
            cpu=cpu,
        )


def busiest(moments: Sequence[float], seconds: float) -> int:
    """The most moments, in order, that lie within any stretch of so many seconds."""
    most, first = 0, 0
    for last, moment in enumerate(moments):
        while moments[first] <= moment - seconds:
            first += 1
        most = max(most, last - first + 1)
    return most

"""Counts what the job server sees: questions, connections, and when it first said that a job is finished."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from benchmarks.jobs import Job


@dataclass(frozen=True)
class Seen:
    """Holds what the server saw of a run.

    Attributes:
        requests: questions about jobs.
        connections: connections with at least one such question.
        open_at_once: the most of these connections that were open at the same time.
        delays: seconds from the end of each job to the first answer that said so.
        busiest_second: the most questions within any 1 s.
        busiest_ten_seconds: the most questions within any 10 s.
        cpu: CPU seconds of the server. If they are near the length of the run, the server was too slow.
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
    """Notes each question, which costs almost nothing, and counts at the end."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._jobs = jobs
        self._asked_at = array("d")
        self._finished_at: dict[int, float] = {}
        self._connections = 0
        self._open = 0
        self._open_at_once = 0

    def note_question(self, now: float) -> None:
        self._asked_at.append(now)

    def note_finished(self, number: int, now: float) -> None:
        """Notes that an answer says that the job is finished."""
        self._finished_at.setdefault(number, now)

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
            delays=tuple(at - self._jobs[number].ends for number, at in self._finished_at.items()),
            busiest_second=busiest(self._asked_at, 1.0),
            busiest_ten_seconds=busiest(self._asked_at, 10.0),
            cpu=cpu,
        )


def busiest(moments: Sequence[float], seconds: float) -> int:
    """Returns how many of the sorted moments lie within any span of that many seconds, at most."""
    most, first = 0, 0
    for last, moment in enumerate(moments):
        while moments[first] <= moment - seconds:
            first += 1
        most = max(most, last - first + 1)
    return most

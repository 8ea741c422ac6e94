"""Makes figures comparable: those of one trial, and those of all runs of several contestants."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median

from benchmarks.trial import Figures

MEGABYTE = 2.0**20


@dataclass(frozen=True)
class Score:
    """Holds the figures of one trial: CPU and lateness in milliseconds, delays in seconds, memory in MB.

    Attributes:
        starved: percent of the time in which the loop had work but no core. It shows how much of the lateness
            comes from the machine.
    """

    cpu_per_poll: float
    cpu_per_wait: float
    cpu_share: float
    requests_per_wait: float
    delay_median: float
    delay_p90: float
    late_median: float
    late_p99: float
    late_worst: float
    connections: float
    memory: float
    busiest_second: float
    busiest_ten_seconds: float
    server_share: float
    starved: float
    failed: float


def score(figures: Figures) -> Score:
    cost, seen, waits = figures.cost, figures.seen, figures.workload.waits
    delays = sorted(seen.delays) or [float("nan")]
    return Score(
        cpu_per_poll=1000 * cost.cpu / max(seen.requests, 1),
        cpu_per_wait=1000 * cost.cpu / waits,
        cpu_share=cost.cpu / cost.seconds,
        requests_per_wait=seen.requests / waits,
        delay_median=median(delays),
        delay_p90=delays[int(0.9 * (len(delays) - 1))],
        late_median=cost.lateness.median,
        late_p99=cost.lateness.p99,
        late_worst=cost.lateness.worst,
        connections=seen.connections,
        memory=figures.memory / MEGABYTE,
        busiest_second=seen.busiest_second,
        busiest_ten_seconds=seen.busiest_ten_seconds / 10,
        server_share=seen.cpu / cost.seconds,
        starved=100 * cost.starved / cost.seconds,
        failed=waits - cost.ended_well,
    )


@dataclass
class Board:
    """Holds the scores of a scenario: row of its table -> one score for each run."""

    rows: dict[str, list[Score]] = field(default_factory=dict)

    def add(self, row: str, one: Score) -> None:
        self.rows.setdefault(row, []).append(one)

    def median(self, row: str, what: str) -> float:
        return float(median(getattr(one, what) for one in self.rows[row]))

    def ratio(self, row: str, to: str, what: str) -> float:
        """Returns the median of the ratios of runs with the same seed, which had the same jobs."""
        pairs = zip(self.rows[row], self.rows[to], strict=True)
        return float(median(_ratio(getattr(one, what), getattr(other, what)) for one, other in pairs))

    def best(self, rows: Iterable[str], what: str) -> str | None:
        """Returns the row with the smallest figure, of those that were measured, or None."""
        return min(
            (row for row in rows if row in self.rows), key=lambda row: self.median(row, what), default=None
        )

    def has(self, rows: Sequence[str]) -> bool:
        return all(row in self.rows for row in rows)


def _ratio(one: float, other: float) -> float:
    return one / other if other else float("nan")

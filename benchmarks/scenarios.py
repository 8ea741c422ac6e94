"""Defines the scenarios: the jobs, the contestants that wait for them, and the columns of the table."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from benchmarks import targets
from benchmarks.contestants import BARE, OURS, PEERS, REQUESTS_PER_SECOND, STEADY
from benchmarks.jobs import ESTIMATE, SIGMA, Workload
from benchmarks.scores import Board
from benchmarks.tables import ALONE, SIDE_BY_SIDE, Columns
from benchmarks.targets import Verdict

#: Stands for the peer that needed the least CPU for a wait in the scenario before.
BEST_PEER = "best peer"
#: The peer to use if there was no scenario before.
LIKELY_BEST = "databricks"


@dataclass(frozen=True)
class Scenario:
    """Describes one table.

    Attributes:
        description: the jobs, in words.
        waits: how many jobs are waited for. Several numbers make a row each, for our trigger alone.
        durations: a name of `jobs.DURATIONS`.
        contestants: one row for each of them.
        verdicts: compares the board with the targets.
        progress: what the service shows of it: one of `jobs.PROGRESS`.
        estimate: seconds that the service says every job takes.
    """

    name: str
    title: str
    description: str
    waits: Sequence[int]
    durations: str
    contestants: Sequence[str]
    columns: Columns
    verdicts: Callable[[Board], Iterable[Verdict]]
    progress: str = "uneven"
    estimate: int = ESTIMATE

    def trials(self, seed: int, progress: str = "") -> Iterable[tuple[str, str, Workload]]:
        """Yields the row, the contestant and the jobs of each trial of one run."""
        for waits in self.waits:
            workload = Workload(
                waits,
                self.durations,
                seed=seed,
                progress=progress or self.progress,
                estimate=self.estimate,
            )
            for name in self.contestants:
                yield name if len(self.waits) == 1 else f"{waits:,} waits", name, workload

    @property
    def base(self) -> str:
        """The row that ratios compare with: bare aiohttp if it takes part, or else the first row."""
        return BARE if BARE in self.contestants else next(row for row, _, _ in self.trials(0))


def _told(
    name: str, title: str, description: str, progress: str = "uneven", estimate: int = ESTIMATE
) -> Scenario:
    """Returns the scenario `tail`, with a service that tells something else of the same jobs."""
    return Scenario(
        name,
        title,
        f"{_TAIL} {description}",
        (1000,),
        "tail",
        (BARE, OURS),
        SIDE_BY_SIDE,
        targets.of_told,
        progress,
        estimate,
    )


_TAIL = f"Log-normal: median 45 s, sigma {SIGMA}, cut at 240 s; they begin within 5 s."
_SLOW = f"Jobs of 60 to 240 s, which begin within 5 s, at a limit of {REQUESTS_PER_SECOND} requests a second."

SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            "poll",
            "Waits for short jobs",
            "Jobs of 5 to 25 s, which begin within 5 s.",
            (1000,),
            "short",
            (BARE, OURS, *PEERS),
            SIDE_BY_SIDE,
            targets.of_poll,
        ),
        Scenario(
            "tail",
            "Waits for jobs with a long tail",
            _TAIL,
            (1000,),
            "tail",
            (BARE, OURS, BEST_PEER),
            SIDE_BY_SIDE,
            targets.of_tail,
        ),
        _told("still", "Progress that stands still", "The service says 30 % all the time.", "still"),
        _told("late", "Progress that jumps at the end", "The service says 0 %, then 95 %.", "late"),
        _told("none", "No progress", "The service says 0 % until a job is finished.", "none"),
        _told("too_long", "Estimates three times too long", "The service says 135 s.", "none", 3 * ESTIMATE),
        _told(
            "too_short", "Estimates three times too short", "The service says 15 s.", "none", ESTIMATE // 3
        ),
        Scenario(
            "steady",
            "Waits that ask every 5 s",
            "Jobs of 60 to 240 s, which begin within 5 s, at a limit of 1,000 requests a second.",
            (1000,),
            "slow",
            (BARE, STEADY),
            SIDE_BY_SIDE,
            targets.of_steady,
        ),
        Scenario(
            "limit", "Waits at the rate limit", _SLOW, (10_000,), "slow", (OURS,), ALONE, targets.of_limit
        ),
        Scenario(
            "scale",
            "From few waits to many",
            _SLOW,
            (100, 1000, 10_000),
            "slow",
            (OURS,),
            ALONE,
            targets.of_scale,
        ),
    )
}

"""Runs the trials of the scenarios. A trial that several scenarios need is run once."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field

from benchmarks.jobs import Workload
from benchmarks.scenarios import Scenario
from benchmarks.scores import Board, Score, score
from benchmarks.trial import run_trial
from benchmarks.trust import Trust


@dataclass
class Laboratory:
    """Runs trials, and remembers their scores.

    Attributes:
        runs: how often every trial is run. The number of a run is its seed.
        progress: what the service shows of it, instead of the scenario's own; empty if that.
    """

    trust: Trust
    runs: int
    progress: str = ""
    _scores: dict[tuple[str, Workload], Score] = field(default_factory=dict)

    def board(self, scenario: Scenario) -> Board:
        """Runs a scenario. The contestants take turns, so that a slow hour of the machine affects all."""
        board = Board()
        for seed in range(1, self.runs + 1):
            for row, name, workload in scenario.trials(seed, self.progress):
                board.add(row, self._run_once(name, workload))
        return board

    def _run_once(self, name: str, workload: Workload) -> Score:
        key = name, workload
        if key not in self._scores:
            figures = run_trial(name, workload, self.trust)
            self._scores[key] = score(figures)
            _log(f"{name}, {workload.waits} waits, seed {workload.seed}: {self._scores[key]}")
            for problem, times in figures.cost.problems.items():
                _log(f"  {times} x {problem}")
        return self._scores[key]


def _log(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()

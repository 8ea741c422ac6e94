"""Runs the trials of the scenarios, each once however many scenarios ask for it."""

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
    """Where trials are run.

    Attributes:
        runs: of every trial, each with the seed of its number.
    """

    trust: Trust
    runs: int
    shows_progress: bool
    _scores: dict[tuple[str, Workload], Score] = field(default_factory=dict)

    def board(self, scenario: Scenario) -> Board:
        """All contestants take turns, so that a slow hour of the machine hits them alike."""
        board = Board()
        for seed in range(1, self.runs + 1):
            for row, name, workload in scenario.trials(seed, shows_progress=self.shows_progress):
                board.add(row, self._score(name, workload))
        return board

    def _score(self, name: str, workload: Workload) -> Score:
        key = name, workload
        if key not in self._scores:
            figures = run_trial(name, workload, self.trust)
            self._scores[key] = score(figures)
            _say(f"{name}, {workload.waits} waits, seed {workload.seed}: {self._scores[key]}")
            for problem, times in figures.cost.problems.items():
                _say(f"  {times} x {problem}")
        return self._scores[key]


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()

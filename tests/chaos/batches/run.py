"""Handles a batch that is running: its processes, its state and its journal."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dev.airflow_answers import TaskInstance
from dev.airflow_api import RUN_IS_OVER
from tests.chaos.batches.cases import IN_FLIGHT, BatchTrial
from tests.chaos.batches.laboratory import SUBMIT, BatchLaboratory
from tests.chaos.budgets import TrialBudget
from tests.chaos.laboratory import PhotaService, once, patiently
from tests.chaos.places import Place

#: Seconds in which a batch comes to its moment, and to its end: this machine may be busy.
MOMENT_LIMIT = 600.0
RUN_LIMIT = 1200.0


class MomentMissed(Exception):
    """Says that a batch came to its end, and never to its moment."""


@dataclass
class BatchRun:
    """Is one run of a trial.

    Attributes:
        place: of its pictures, journal and results.
        adopted: the keys whose PHOTA tasks a person has found at the service.
    """

    lab: BatchLaboratory
    trial: BatchTrial
    place: Place
    adopted: frozenset[str] = frozenset()

    @property
    def budget(self) -> TrialBudget:
        return TrialBudget(self.place, "budget")

    @property
    def service(self) -> PhotaService:
        return self.lab.open_service(self.trial.case.service)

    @property
    def checkpoint(self) -> Path:
        return self.lab.checkpoints / f"batch-{self.trial.number}.json"

    @property
    def _decisions(self) -> Path:
        return self.lab.checkpoints / f"batch-{self.trial.number}.decisions"

    def start(self) -> None:
        """Starts the run."""
        trial = self.trial
        conf: dict[str, Any] = {
            "edits": f"{self.place.url}/inbox",
            "destination": f"{self.place.url}/out",
            "prompt": f"{trial.mark} a beach",
            "in_flight": IN_FLIGHT,
            "max_failures": trial.max_failures,
            "phota_conn_id": self._connect(),
            "decisions": str(self._decisions),
            "moment": trial.moment(str(self.checkpoint)),
        }
        once(lambda: self.lab.airflow.trigger(trial.dag_id, conf, trial.run_id))

    def _connect(self) -> str:
        extra = {**SUBMIT, **self.budget.extra}
        return self.lab.connect(self.trial.run_id, self.service.url, extra)

    def wait_for_moment(self) -> None:
        """Returns once a process was at the point of the case."""
        self.wait_until(self.checkpoint.exists, 0.02)

    def wait_until(self, reached: Callable[[], bool], pause: float = 0.3) -> None:
        """Returns once something is true.

        Raises:
            MomentMissed: The run is over before.
            TimeoutError: It took too long.
        """
        deadline, next_look = time.monotonic() + MOMENT_LIMIT, time.monotonic() + 5.0
        while not reached():
            if time.monotonic() > next_look:
                next_look = time.monotonic() + 5.0
                if self.is_over and not reached():
                    raise MomentMissed(f"{self.trial}: it ended before its moment")
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.trial}: its moment did not come")
            time.sleep(pause)

    @property
    def is_over(self) -> bool:
        trial = self.trial
        return patiently(lambda: self.lab.airflow.run_state(trial.dag_id, trial.run_id)) in RUN_IS_OVER

    def process(self, which: str) -> int:
        """Returns the process ID of the Airflow task (`pid`) or of its supervisor (`ppid`) at the moment."""
        return int(json.loads(self.checkpoint.read_text())[which])

    def let_go(self) -> None:
        self.checkpoint.with_suffix(".go").touch()

    def instance(self) -> TaskInstance:
        found = self.lab.edits(self.trial.dag_id, self.trial.run_id)
        return found[0]

    def leases(self) -> int:
        """Returns how many processes have held the journal so far."""
        return sum("/leases/" in name for name in self.place.names("out/.phota-batches"))

    def end(self) -> str:
        """Waits until the run has ended, and returns its state."""
        trial = self.trial
        return patiently(
            lambda: self.lab.airflow.wait_for_run(trial.dag_id, trial.run_id, RUN_LIMIT), RUN_LIMIT
        )

    def clear(self) -> None:
        patiently(lambda: self.lab.airflow.clear(self.trial.dag_id, self.trial.run_id, ["edit"]))

    def mark_failed(self) -> None:
        trial = self.trial
        patiently(lambda: self.lab.airflow.set_state(trial.dag_id, trial.run_id, "edit", "failed"))

    def settle(self) -> None:
        """Settles what the batch has left reserved, by the command."""
        self.lab.settle_budget(self.trial.run_id, "--journal", f"{self.place.url}/out")

    def decide(self, adopt: Mapping[str, str], redo: list[str]) -> None:
        """Clears the batch with what a person has found out about the items whose fate was unknown."""
        self.adopted = frozenset(adopt)
        self._decisions.write_text(json.dumps({"adopt": dict(adopt), "redo": redo}))
        self.clear()

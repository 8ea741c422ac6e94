"""Handles one run of a row: its single edits, and its batch if there is one."""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from dev.airflow_answers import TaskInstance
from dev.airflow_api import RUN_IS_OVER
from tests.chaos.acts import Run
from tests.chaos.batches.cases import BatchTrial
from tests.chaos.batches.run import BatchRun, MomentMissed
from tests.chaos.budgets import TrialBudget
from tests.chaos.cases import Trial
from tests.chaos.celery.laboratory import CeleryLaboratory
from tests.chaos.celery.rows import Row
from tests.chaos.laboratory import once, patiently

__all__ = ["CeleryRun", "MomentMissed"]

MOMENT_LIMIT, RUN_LIMIT = 300.0, 900.0
_AT_REST = {*RUN_IS_OVER, "up_for_retry"}


@dataclass
class CeleryRun:
    """Is one run of a row.

    Attributes:
        trial: the single edits.
        batch_trial: the batch; None if there is none.
        notes: what the harness did, in numbers.
        began: when it was started.
    """

    lab: CeleryLaboratory
    row: Row
    trial: Trial
    batch_trial: BatchTrial | None
    notes: list[str] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    @cached_property
    def chance(self) -> random.Random:
        return random.Random(f"{self.row.act} {self.trial.seed}")

    @cached_property
    def single(self) -> Run:
        return Run(
            self.lab, self.trial, f"trial-{self.trial.number}", self.lab.root(self.trial), self._budget
        )

    @property
    def _budget(self) -> TrialBudget:
        budget = self.lab.budget(self.trial)
        if budget is None:
            raise RuntimeError(f"{self.trial.tag} has no budget")
        return budget

    @cached_property
    def batch(self) -> BatchRun | None:
        if self.batch_trial is None:
            return None
        self.lab.open_service(self.batch_trial.case.service)
        return BatchRun(self.lab, self.batch_trial, self.lab.place(self.batch_trial))

    def start(self) -> None:
        """Starts the edits, and the batch."""
        self.lab.service.script(self.row.faults(self.trial))
        if self.batch:
            self.batch.start()
        once(lambda: self.lab.airflow.trigger(self.single.dag_id, self._conf(), self.single.run_id))

    def _conf(self) -> dict[str, object]:
        run = self.single
        if run.root is None:
            raise RuntimeError(f"{self.trial.tag} has no ledger")
        return {
            "prompt": f"{self.trial.tag} a beach",
            "image_url": f"{self.lab.picture}{self.trial.mark}",
            "destination": f"{self.lab.landings.url}/{run.run_id}",
            "edits": self.trial.case.edits,
            "ledger_path": run.root.url,
            "phota_conn_id": self.lab.connect(run.run_id, self.lab.service.url, self._extra(run.budget)),
        }

    @staticmethod
    def _extra(budget: TrialBudget | None) -> dict[str, object]:
        # this machine may be busy; a retry waits that long, and 5 s more, for a sender that may be alive
        return {**(budget.extra if budget else {}), "total_timeout": 15.0}

    def edits(self) -> list[TaskInstance]:
        return self.single.edits()

    def under_way(self) -> list[TaskInstance]:
        """Returns the edits that have neither ended nor wait for a retry; the task that lists them counts too."""
        run = self.single
        found = patiently(lambda: self.lab.airflow.task_instances(run.dag_id, run.run_id))
        return [each for each in found if each.state not in _AT_REST]

    def clear(self, map_indexes: Sequence[int]) -> None:
        """Clears some of the edits, as a person does."""
        run = self.single
        chosen = [("edit", index) for index in map_indexes]
        patiently(lambda: self.lab.airflow.clear(run.dag_id, run.run_id, chosen))

    def billed(self) -> int:
        tasks = patiently(self.lab.service.billed)
        return sum(self.trial.placed(task["request"]) for task in tasks)

    def pick(self, names: Sequence[str]) -> str:
        """Returns one of the processes: each seed takes the next one."""
        return names[self.trial.seed % len(names)]

    def note(self, text: str) -> None:
        self.notes.append(text)

    def in_two_triggerers(self) -> int:
        """Returns how many edits waited in more than one triggerer, by the names of their logs."""
        run = self.single
        folder = self.lab.airflow.home / "logs" / f"dag_id={run.dag_id}" / f"run_id={run.run_id}"
        waits = defaultdict(set)
        for path in (folder / "task_id=edit").glob("map_index=*/attempt=*.log.trigger.*.log"):
            waits[path.parent.name].add(path.name.split(".")[-2])
        return sum(len(triggerers) > 1 for triggerers in waits.values())

    def wait_until_submits_are_in_flight(self) -> None:
        """Returns at a random moment after a random payment, whose answer takes some seconds."""
        edits = self.trial.case.edits
        number = self.chance.randint(2, max(2, edits // 2))
        self.wait_until(lambda: self.billed() >= number, f"never {number} of {edits} were billed")
        time.sleep(self.chance.uniform(0.0, 1.5))

    def wait_until_deferred(self) -> None:
        """Returns when half of the edits wait in the triggerers."""
        half = self.trial.case.edits // 2
        self.wait_until(
            lambda: sum(each.state == "deferred" for each in self.edits()) >= half, "half never waited"
        )

    def wait_until(self, reached: Callable[[], bool], complaint: str) -> None:
        deadline = time.monotonic() + MOMENT_LIMIT
        while not reached():
            if time.monotonic() > deadline:
                raise MomentMissed(f"{self.trial.tag} {complaint}")
            time.sleep(0.2)

    def end(self) -> None:
        """Waits until the edits have ended."""
        self.single.end(RUN_LIMIT)

"""Places other orders by the connection of a trial, which are under way while its own order is broken.

One of them fails and is given back, which could hide that the trial's own order was billed.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.chaos.cases import Trial
from tests.chaos.laboratory import Laboratory, once, patiently

ORDERS = 2
#: Seconds that an order takes: longer than it takes to decide about the trial's own.
_LATENCY = 20.0
#: Questions about the order that fails, once a second, before it does.
_QUESTIONS = 6
_BEGIN_LIMIT = 90.0


@dataclass(frozen=True)
class Company:
    """Is a run of other orders."""

    lab: Laboratory
    trial: Trial

    @property
    def run_id(self) -> str:
        return f"beside-{self.trial.number}"

    def begin(self, conf: Mapping[str, Any]) -> None:
        """Places the orders, and returns once they are under way.

        Args:
            conf: of the trial's run.

        Raises:
            TimeoutError: They are not.
        """
        dag_id, tag = self.trial.company_dag_id, self.trial.company_tag
        self.lab.service.script(_faults(tag))
        own = {**conf, "prompt": tag, "edits": ORDERS, "stop": None}
        once(lambda: self.lab.airflow.trigger(dag_id, own, self.run_id))
        deadline = time.monotonic() + _BEGIN_LIMIT
        while [each.state for each in self.lab.edits(dag_id, self.run_id)] != ["deferred"] * ORDERS:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.trial.tag}: the other orders are not under way")
            time.sleep(0.3)

    def end(self, timeout: float = 240.0) -> None:
        """Waits until the orders have ended."""
        patiently(
            lambda: self.lab.airflow.wait_for_run(self.trial.company_dag_id, self.run_id, timeout), timeout
        )


def _faults(tag: str) -> list[dict[str, Any]]:
    slow = {"on": "submit", "kind": "latency", "seconds": _LATENCY, "times": None, "match": {"prompt": tag}}
    fails = {
        "on": "task",
        "kind": "fail_task",
        "code": "out_of_memory",
        "message": "no memory",
        "skip": _QUESTIONS,
        "match": {"prompt": f"{tag} 0"},
    }
    return [slow, fails]

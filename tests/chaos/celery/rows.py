"""Lists what happens to an Airflow whose workers take their tasks from a broker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.chaos.batches.cases import BatchCase, BatchTrial
from tests.chaos.cases import DELIVERED, EITHER, Case, End, Trial

#: Seconds from the payment of an edit to its answer: submits are in flight for that long.
ANSWER = 2.5


@dataclass(frozen=True)
class Row:
    """Is one row of the table.

    Attributes:
        number: of the row.
        title: what happens, in words.
        act: the name in `acts.py` of what the harness does.
        ends: the ends of an edit that are right.
        seconds: how long the service works on an edit whose answer is not slow.
        slow_share: how many of the answers to submits are slow.
        has_batch: True if a batch is under way as well.
        has_budget: True if the key has a budget.
    """

    number: int
    title: str
    act: str
    ends: frozenset[End] = DELIVERED
    seconds: float = 20.0
    slow_share: float = 0.7
    has_batch: bool = False
    has_budget: bool = True

    def trial(self, number: int, seed: int, edits: int) -> Trial:
        """Returns the single edits of one run of the row."""
        case = Case(str(self.number), self.title, ends=self.ends, edits=edits)
        return Trial(case, "deferred", "both", seed, "s3", number)

    def batch(self, number: int, seed: int, items: int) -> BatchTrial | None:
        """Returns the batch of one run of the row; None if it has none."""
        if not self.has_batch:
            return None
        case = BatchCase(str(self.number), self.title, self.act, stores=("s3",), holds=End.HELD in self.ends)
        return BatchTrial(case, seed, items, number)

    def faults(self, trial: Trial) -> list[dict[str, Any]]:
        """Returns the faults of the service: a request is hit by the first one that fits."""
        every = {"on": "submit", "times": None, "match": trial.match}
        latency = {**every, "kind": "latency", "seconds": self.seconds}
        if not self.slow_share:
            return [latency]
        slow = {"kind": "slow_body", "seconds": ANSWER, "share": self.slow_share, "seed": trial.seed}
        return [{**every, **slow}, latency]


ROWS = (
    Row(1, "SIGKILL of a worker with submits in flight", "kill_worker", EITHER, has_batch=True),
    Row(2, "SIGKILL of each triggerer, one after the other", "kill_triggerers", seconds=60.0, slow_share=0.0, has_batch=True),
    Row(3, "a triggerer stands still for 60 s: two have one trigger", "freeze_triggerer", seconds=70.0, slow_share=0.0, has_batch=True),
    Row(4, "a worker stands still until its tasks run elsewhere", "freeze_worker", EITHER, has_batch=True),
    Row(5, "the broker is killed, and back after 20 s", "break_broker"),
    Row(6, "messages are delivered twice", "deliver_twice"),
    Row(7, "SIGKILL of a scheduler; the other one takes over", "kill_scheduler", has_batch=True),
    Row(8, "all connections to the database are cut, four times", "cut_database", EITHER, has_batch=True),
    Row(9, "the clock of a worker is an hour off, and there is a budget", "wrong_clock"),
    Row(9, "the clock of a worker is an hour off, and there is no budget", "wrong_clock", has_budget=False),
)  # fmt: skip

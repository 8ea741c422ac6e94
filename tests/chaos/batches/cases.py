"""Lists what happens to a batch: a fault at a moment of its life, and how many moments are tried."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: Orders that are paid and unfinished at once.
IN_FLIGHT = 75
#: Orders that a process after the first one sends at least: a tenth of them has to end to bring it back.
REFILLED = 7
#: The stores of pictures and journal, one after the other for the seeds of a case.
STORES = ("s3", "file")
#: The first error that counts ends the batch; or it goes on to its end, whatever fails.
MAX_FAILURES = (0, "100%")


@dataclass(frozen=True)
class BatchCase:
    """Describes one row of the table of batches.

    Attributes:
        row: its number in the table.
        title: what happens, in words.
        act: the name in `acts.py` of what the harness does.
        points: where it does that, by their names in `dags/chaos_batch_points.py`; one is drawn. If there are
            none, the harness acts at a moment that it chooses itself.
        stands: True if the process stands still at its point until the harness has acted.
        delay: seconds from the point to the act, from and to, if it does not stand still.
        nth: which time of being passed counts, from and to.
        processes: which process of the batch counts, from and to: after each deferral there is another one.
        moments: how many are tried.
        mode: `worker` or `deferred`.
        stores: of the pictures and the journal.
        service: the name in `laboratory.py` of the service that is asked.
        holds: True if items may be ambiguous afterwards: those whose submits were in flight.
        alone: True if the act hits all runs, so that only such cases may run at the same time.
    """

    row: str
    title: str
    act: str
    points: tuple[str, ...] = ()
    stands: bool = False
    delay: tuple[float, float] = (0.0, 0.0)
    nth: tuple[int, int] = (1, 1)
    processes: tuple[int, int] = (1, 1)
    moments: int = 1
    mode: str = "deferred"
    stores: tuple[str, ...] = STORES
    service: str = "usual"
    holds: bool = True
    alone: bool = False


@dataclass(frozen=True)
class BatchTrial:
    """Is one run of a case.

    Attributes:
        seed: which of the moments of the case it is.
        items: how many pictures are edited.
    """

    case: BatchCase
    seed: int
    items: int
    number: int = field(default=0)

    @property
    def dag_id(self) -> str:
        return f"chaos_batch_{self.case.mode}"

    @property
    def run_id(self) -> str:
        return f"batch-{self.number}"

    @property
    def mark(self) -> str:
        """Begins each prompt, by which the service's bills are sorted by trial."""
        return f"[batch {self.number}]"

    @property
    def store(self) -> str:
        return self.case.stores[self.seed % len(self.case.stores)]

    @property
    def max_failures(self) -> int | str:
        return MAX_FAILURES[(self.seed + self.seed // 2) % 2]

    def moment(self, file: str) -> Mapping[str, Any] | None:
        """Returns where and when the process tells the harness that it is there, for the run's conf."""
        case = self.case
        if not case.points:
            return None
        chance = random.Random(f"{case.row} {case.title} {self.seed}")
        process = chance.randint(*case.processes)
        first, last = case.nth
        return {
            "file": file,
            "point": case.points[self.seed % len(case.points)],
            "stands": case.stands,
            "delay": chance.uniform(*case.delay),
            "nth": chance.randint(first, last if process == 1 else min(last, REFILLED)),
            "process": process,
        }

    def __str__(self) -> str:
        return f"{self.mark} {self.case.row} {self.case.title} ({self.store}, {self.seed})"


KILLS = (
    BatchCase("51", "SIGKILL while it reads the items, or a moment later", "kill_task", ("reading",), delay=(0.0, 1.5), moments=3),
    BatchCase("51", "SIGKILL after the plan, before or after its lease", "kill_task", ("planned", "before_lease", "after_lease"), stands=True, moments=3, holds=False),
    BatchCase("52", "SIGKILL while it looks at pictures", "kill_task", ("preparing",), delay=(0.0, 0.3), nth=(1, 40), processes=(1, 2), moments=2),
    BatchCase("52", "SIGKILL before an intent", "kill_task", ("before_intent",), stands=True, nth=(1, 35), processes=(1, 2)),
    BatchCase("53", "SIGKILL after an intent, before its POST", "kill_task", ("after_intent",), stands=True, nth=(1, 35), processes=(1, 2), moments=3),
    BatchCase("53", "SIGKILL with submits in flight", "kill_task", ("after_intent",), delay=(0.0, 0.5), nth=(1, 35), processes=(1, 2), moments=4),
    BatchCase("54", "SIGKILL after an answer, before its ID is recorded", "kill_task", ("after_answer",), stands=True, nth=(1, 35), processes=(1, 2), moments=3),
    BatchCase("55", "SIGKILL while it waits in the worker", "kill_task", ("after_paid",), delay=(1.0, 6.0), nth=(20, 200), mode="worker", moments=2),
    BatchCase("56", "SIGKILL while pictures land", "kill_task", ("landing",), delay=(0.0, 0.3), nth=(1, 30), processes=(2, 3), moments=2),
    BatchCase("56", "SIGKILL after landing, before its row is recorded", "kill_task", ("before_row",), stands=True, nth=(1, 20), processes=(2, 3)),
    BatchCase("57", "SIGKILL at the deferral", "kill_task", ("before_deferral", "deferring"), delay=(0.0, 0.1), processes=(1, 2), moments=2),
    BatchCase("58", "SIGKILL when it comes back from the triggerer", "kill_task", ("resumed",), delay=(0.0, 3.0), processes=(2, 3), moments=2),
    BatchCase("60", "marked failed, SIGKILL with submits in flight, settled, then cleared", "kill_settle_and_clear", ("after_intent",), delay=(0.0, 0.5), nth=(1, 35), processes=(1, 2), moments=2),
    BatchCase("59", "SIGKILL while the results are written", "kill_task", ("before_results", "after_results"), delay=(0.0, 0.02), moments=2, holds=False),
)  # fmt: skip

FREEZES = (
    BatchCase("61", "a worker stands still until the next try has begun", "freeze_until_retried", ("after_intent",), delay=(0.0, 0.5), nth=(1, 35), processes=(1, 2), moments=4),
    BatchCase("61", "a worker stands still after an intent until the next try has begun", "freeze_until_retried", ("after_intent",), stands=True, nth=(1, 35), processes=(1, 2), moments=2),
    BatchCase("61", "a worker stands still after an answer until the next try has begun", "freeze_until_retried", ("after_answer",), stands=True, nth=(1, 35), processes=(1, 2), moments=2),
    BatchCase("61", "a worker stands still while pictures land until the next try has begun", "freeze_until_retried", ("landing",), delay=(0.0, 0.3), nth=(1, 30), processes=(2, 3), moments=2),
)  # fmt: skip

STORES_AWAY = (
    BatchCase("62", "S3 fails for 20 s", "store_fails", ("after_paid",), nth=(30, 60), mode="worker", stores=("s3",), holds=False),
    BatchCase("62", "S3 hangs for 20 s", "store_hangs", ("after_paid",), nth=(30, 60), mode="worker", stores=("s3",), holds=False),
)  # fmt: skip

SERVICES = (
    BatchCase("63", "402 in the middle, then topped up and cleared", "top_up", service="poor", holds=False),
    BatchCase("64", "the service refuses connections for 60 s", "service_refuses", ("after_paid",), nth=(30, 40), mode="worker", service="refusing"),
    BatchCase("64", "the service takes connections and drops them for 60 s", "service_drops", ("after_paid",), nth=(30, 40), mode="worker", service="dropping"),
)  # fmt: skip

TRIGGERERS = (
    BatchCase("65", "SIGKILL triggerer while deferred", "kill_triggerer", moments=10, alone=True, holds=False),
)  # fmt: skip

#: The longest come first.
CASES = (*SERVICES, *STORES_AWAY, *FREEZES, *KILLS, *TRIGGERERS)

"""Sums up what failed tasks give back, without a look at every one of them for each submit."""

import heapq
from collections import Counter
from collections.abc import Iterable

from airflow_provider_phota.emulator.records import TaskRecord


class Refunds:
    """Knows what each account gets back. Time only goes on for it.

    Args:
        tasks: those that are there already.
    """

    def __init__(self, tasks: Iterable[TaskRecord]) -> None:
        #: When tasks fail, and whose credits are given back then.
        self._later: list[tuple[float, str, str, int]] = []
        self._given_back: set[str] = set()
        self._sums: Counter[str] = Counter()
        for task in tasks:
            self.add(task)

    def add(self, task: TaskRecord) -> None:
        """Takes a task in, if it fails some time. A task that now fails earlier may be added again."""
        if task.failure:
            heapq.heappush(self._later, (task.failure.at, task.id, task.account, task.order.credits))

    def to(self, account: str, now: float) -> int:
        """Returns the credits that an account has got back until now."""
        while self._later and self._later[0][0] <= now:
            _, task_id, payer, amount = heapq.heappop(self._later)
            if task_id not in self._given_back:
                self._given_back.add(task_id)
                self._sums[payer] += amount
        return self._sums[account]

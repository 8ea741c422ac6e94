"""Counts what has become of the items of a batch, and notices when too many have failed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from airflow_provider_phota.batch.options import MaxFailures
from airflow_provider_phota.journal.rows import Row, Status


class TooManyFailures(Exception):
    """Says that more items have failed than may fail."""


@dataclass
class Tally:
    """Counts what has become of the items, in this attempt and in earlier ones.

    Attributes:
        items: how many there are.
        counts: of the items that have ended.
        credits: of the items that have ended in this attempt, as far as the service said.
        can_retry: how many are paid for, and could end better in another attempt.
        to_send: how many could not be sent, and may be in another attempt.
        stranded: what is paid for and has not landed, of items that are not in the batch any more: the IDs of
            PHOTA tasks by the keys of the items.
    """

    items: int
    max_failures: MaxFailures
    counts: Counter[Status] = field(default_factory=Counter)
    credits: float = 0.0
    can_retry: int = 0
    to_send: int = 0
    stranded: dict[str, str] = field(default_factory=dict)

    def note(self, status: Status, *, can_retry: bool = False) -> None:
        """Takes in an item that had ended before."""
        self.counts[status] += 1
        self.can_retry += can_retry

    def add(self, row: Row) -> None:
        """Takes in an item that has just ended."""
        self.counts[row.status] += 1
        self.credits += row.credits or 0.0
        if row.can_retry and row.phota_task_id is None:
            self.to_send += 1
        else:
            self.can_retry += row.can_retry

    @property
    def is_better_retried(self) -> bool:
        """True if another attempt can end better by itself."""
        return bool(self.can_retry or self.to_send or self.stranded)

    @property
    def ended(self) -> int:
        return self.counts.total()

    @property
    def failures(self) -> int:
        return sum(number for status, number in self.counts.items() if status.is_failure)

    def check_failures(self) -> None:
        """Raises an error if more items have failed than may fail.

        Raises:
            TooManyFailures: It says how many.
        """
        if self.max_failures.are_exceeded_by(self.failures, self.items):
            raise TooManyFailures(
                f"{self.failures} of {self.items} items have failed; max_failures is {self.max_failures}."
            )

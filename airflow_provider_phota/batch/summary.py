"""Sums a batch up for XCom, and compares its results with what its journal says is paid for."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice

from airflow_provider_phota.api.costs import Cost
from airflow_provider_phota.api.endings import lines
from airflow_provider_phota.api.errors import PhotaLedgerError
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.api.types import PhotaBatchSummary
from airflow_provider_phota.batch.results import Written
from airflow_provider_phota.journal.rows import Status

#: Task IDs that a message names at most, of each kind.
_NAMED = 5


@dataclass(frozen=True)
class Payments:
    """Is what the journal says is paid for, in all attempts.

    Attributes:
        credits: of each PHOTA task, by its ID; None where the service did not say.
    """

    credits: Mapping[str, float | None]

    @classmethod
    def of(cls, paid: Iterable[tuple[str, float | None]]) -> Payments:
        """Collects payments. A task that is named twice is paid for once.

        Args:
            paid: the ID and the credits of each task, as the events `Paid` of a journal have them.
        """
        tasks: dict[str, float | None] = {}
        for phota_task_id, cost in paid:
            tasks[phota_task_id] = cost if cost is not None else tasks.get(phota_task_id)
        return cls(tasks)

    @property
    def total(self) -> float:
        """The credits of all tasks, as far as the service said."""
        return math.fsum(cost or 0.0 for cost in self.credits.values())


@dataclass(frozen=True)
class Summary:
    """Says how a batch has ended, without a word about single items.

    Attributes:
        counts: how many items ended how, by the words of `Status`. Every word is there.
        total: how many items there are.
        submitted: how many PHOTA tasks are paid for, in all attempts.
        credits: what the service reserved for them, as far as it said.
        cost: in the end, with what it is not known to be paid for or not.
        results: the path of `results.jsonl`.
        results_csv: the path of `results.csv`.
        journal: the folder that says what is paid for.
        seconds: that the batch took, from its first attempt on.
        not_home: how many items are paid for, and may land in another attempt. XCom does not have it.
    """

    counts: Mapping[str, int]
    total: int
    submitted: int
    credits: float
    results: str
    results_csv: str
    journal: str
    seconds: float
    not_home: int
    cost: Cost

    @classmethod
    def of(cls, written: Written, payments: Payments, journal: str, seconds: float, cost: Cost) -> Summary:
        return cls(
            {status.value: written.counts[status] for status in Status},
            written.total,
            len(payments.credits),
            payments.total,
            written.results,
            written.results_csv,
            journal,
            seconds,
            written.not_home,
            cost,
        )

    def to_dict(self) -> PhotaBatchSummary:
        """Returns the summary as plain data, for XCom. Its size does not depend on the number of items."""
        return {
            "counts": dict(self.counts),
            "total": self.total,
            "submitted": self.submitted,
            "credits": self.credits,
            "cost": self.cost.to_dict(),
            "results": self.results,
            "results_csv": self.results_csv,
            "journal": self.journal,
            "seconds": round(self.seconds, 3),
        }


def reconcile(
    written: Written, items: int, payments: Payments, journal: str, besides: Collection[str] = ()
) -> None:
    """Compares results with the plan and with the payments of the journal.

    Args:
        written: what the results say.
        items: how many items the plan has.
        payments: what the journal says is paid for.
        journal: its folder, for the message.
        besides: paid tasks that no row need name: an item was paid for twice, or again on purpose.

    Raises:
        PhotaLedgerError: They do not agree. It says in what.
    """
    if not (differences := list(_differences(written, items, payments, besides))):
        return
    raise PhotaLedgerError(
        lines(
            "The results of this batch do not agree with its journal.",
            *differences,
            f"The journal at {journal} names every PHOTA task that is paid for; the results are at "
            f"{written.results}.",
            "A retry, or clearing this Airflow task, writes the results again from the journal, and pays for "
            "nothing twice. If that does not help, keep both and report this.",
        )
    )


def _differences(written: Written, items: int, payments: Payments, besides: Collection[str]) -> Iterable[str]:
    if written.total != items:
        yield f"There are {written.total} rows for {items} items."
    known = written.phota_task_ids | written.superseded | set(besides)
    if lost := payments.credits.keys() - known:
        yield f"Paid for, and in no row: {_named(lost)}."
    if unpaid := written.phota_task_ids - payments.credits.keys():
        yield f"In a row, and not paid for by the journal: {_named(unpaid)}."
    paid = math.fsum(payments.credits.get(each) or 0.0 for each in written.phota_task_ids)
    if not math.isclose(paid, written.credits, rel_tol=1e-9, abs_tol=1e-6):
        yield f"The rows cost {written.credits:g} credits, and their tasks {paid:g} by the journal."


def _named(phota_task_ids: Collection[str]) -> str:
    first = list(islice(sorted(phota_task_ids), _NAMED))
    more = f" and {len(phota_task_ids) - len(first)} more" if len(phota_task_ids) > len(first) else ""
    return f"{', '.join(map(shown, first))}{more}"

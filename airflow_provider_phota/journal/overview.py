"""Finds and reads journals, for people who want to see what batches have paid for. It writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from airflow_provider_phota.api.costs import Cost
from airflow_provider_phota.journal.bill import Bill
from airflow_provider_phota.journal.events import Ended
from airflow_provider_phota.journal.history import History
from airflow_provider_phota.journal.leases import BatchOwner, is_journal, owner_of
from airflow_provider_phota.journal.names import position_of
from airflow_provider_phota.journal.rows import Row
from airflow_provider_phota.journal.segments import Segments
from airflow_provider_phota.storage import objects
from airflow_provider_phota.storage.paths import Place


@dataclass(frozen=True)
class BatchView:
    """Is what a journal holds, by the IDs of the items.

    Attributes:
        keys: what the author calls the items; an item that has not ended has no key in a journal.
        costs: of each paid task, in the end as far as that is known.
        settled: the paid tasks that cost nothing else any more.
    """

    owner: BatchOwner
    histories: dict[str, History]
    keys: dict[str, str]
    costs: Mapping[str, Cost]
    settled: frozenset[str]


def journals_in(place: Place) -> Iterator[Place]:
    """Yields the folders of the journals at a place: the place itself, or those in it."""
    if is_journal(place):
        yield place
        return
    yield from filter(is_journal, (place / name for name in objects.names(place)))


def read_journal(folder: Place) -> BatchView:
    """Returns what a journal holds.

    Raises:
        PhotaLedgerError: It cannot be read.
    """
    histories: dict[str, History] = {}
    rows: dict[tuple[str, str | None], Row] = {}
    bill = Bill()
    for segment, event in Segments(folder, 0).read_all():
        history = histories.get(event.item) or histories.setdefault(event.item, History(event.item))
        history.apply(event, position_of(segment), segment)
        if isinstance(event, Ended):
            rows[event.item, event.row.phota_task_id] = event.row
        bill.apply(event, segment)
    costs = {phota_task_id: paid.cost for phota_task_id, paid in bill.payments().items()}
    keys = {item: row.key for (item, _), row in rows.items()}
    return BatchView(owner_of(folder), histories, keys, costs, frozenset(_settled(rows.values())))


def _settled(rows: Iterable[Row]) -> Iterator[str]:
    for row in rows:
        is_over = row.status.is_success or (row.status.is_failure and not row.can_retry)
        if row.phota_task_id and is_over and not row.cost.is_estimate:
            yield row.phota_task_id

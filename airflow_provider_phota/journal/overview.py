"""Finds and reads journals, for people who want to see what batches have paid for. It writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from airflow_provider_phota.journal.events import Ended
from airflow_provider_phota.journal.history import History
from airflow_provider_phota.journal.leases import BatchOwner, is_journal, owner_of
from airflow_provider_phota.journal.names import position_of
from airflow_provider_phota.journal.segments import Segments
from airflow_provider_phota.storage import objects
from airflow_provider_phota.storage.paths import Place


@dataclass(frozen=True)
class BatchView:
    """Is what a journal holds, by the IDs of the items.

    Attributes:
        keys: what the author calls the items; an item that has not ended has no key in a journal.
    """

    owner: BatchOwner
    histories: dict[str, History]
    keys: dict[str, str]


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
    keys: dict[str, str] = {}
    for segment, event in Segments(folder, 0).read_all():
        history = histories.get(event.item) or histories.setdefault(event.item, History(event.item))
        history.apply(event, position_of(segment), segment)
        if isinstance(event, Ended):
            keys[event.item] = event.row.key
    return BatchView(owner_of(folder), histories, keys)

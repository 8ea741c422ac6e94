"""Reads payments from wherever they are recorded."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from airflow_provider_phota.api.errors import PhotaError, PhotaLedgerError
from airflow_provider_phota.batch.home import JOURNALS, JOURNALS_IN_LEDGER
from airflow_provider_phota.batch.journal_note import NOTE_KEY
from airflow_provider_phota.cli.payments import Payment, of_batch, of_entries, once
from airflow_provider_phota.cli.task_state import state_rows
from airflow_provider_phota.compat import HAS_TASK_STATE
from airflow_provider_phota.journal.overview import journals_in, read_journal
from airflow_provider_phota.ledger.overview import Owned, read_ledger
from airflow_provider_phota.ledger.records import Record, UnreadableRecord
from airflow_provider_phota.ledger.roots import Root
from airflow_provider_phota.ledger.stores import TASK_STATE_KEY
from airflow_provider_phota.storage.paths import Place, checked_path
from airflow_provider_phota.storage.rights import Right, explain

#: A bucket that is not there looks like one that is empty.
_IS_IT_RIGHT = "Is the path right, is the bucket there, and the disk mounted?"


@dataclass(frozen=True)
class Known:
    """Is what was read.

    Attributes:
        payments: each of them once, the oldest first.
        sources: where they were read, in words.
        problems: what could not be read, so that payments may be missing.
        owned: the entries of ledgers.
        ledger: where the ledger is in object storage; None if there is none.
        journals: the folders of journals.
    """

    payments: list[Payment]
    sources: list[str]
    problems: list[str]
    owned: list[Owned]
    ledger: Place | None
    journals: list[Place]

    @property
    def remarks(self) -> list[str]:
        """Says to people what was read and what was not."""
        read = f"Read: {', '.join(self.sources) or 'nothing. Name a ledger with --ledger'}."
        return [read, *(f"Not read, so that payments may be missing: {each}" for each in self.problems)]


def read_payments(options: Namespace, ledger_path: str | None) -> Known:
    """Returns the payments of all ledgers and journals that the arguments and Airflow name.

    Args:
        options: with `ledger` and `journal`.
        ledger_path: of the connection.

    Raises:
        PhotaInputError: A path is wrong.
    """
    reader = _Reader()
    path = options.ledger or ledger_path
    if ledger := Place.of(checked_path("ledger_path", path)) if path else None:
        reader.add_ledger(ledger)
    for path in options.journal:
        place = Place.of(checked_path("journal", path))
        reader.add_journals(place)
        reader.add_journals(place / JOURNALS)
    reader.add_task_state()
    payments = once([*of_entries(reader.owned), *reader.payments])
    return Known(payments, reader.sources, reader.problems, reader.owned, ledger, reader.journals)


class _Reader:
    """Collects what is recorded, and what cannot be read."""

    def __init__(self) -> None:
        self.owned: list[Owned] = []
        self.payments: list[Payment] = []
        self.sources: list[str] = []
        self.problems: list[str] = []
        self.journals: list[Place] = []

    def add_ledger(self, place: Place) -> None:
        """Adds the records of a ledger, and the journals of batches below it."""
        with self._noting_problems(place):
            overview = read_ledger(Root(place))
            self.owned += overview.owned
            self.problems += overview.damaged
            self.add_journals(place / JOURNALS_IN_LEDGER)
            if not (overview.is_begun or self.journals):
                self.problems.append(f"{place}: nothing was ever recorded there. {_IS_IT_RIGHT}")
                return
            self.sources.append(str(place))

    def add_journals(self, place: Place) -> None:
        with self._noting_problems(place):
            for folder in journals_in(place):
                self._add_journal(folder)

    def _add_journal(self, folder: Place) -> None:
        if folder.url in {each.url for each in self.journals}:
            return
        self.journals.append(folder)
        with self._noting_problems(folder):
            self.payments += of_batch(read_journal(folder))
            self.sources.append(str(folder))

    def add_task_state(self) -> None:
        """Adds what Airflow itself keeps: records, and where the journals of batches are."""
        try:
            for row in state_rows(TASK_STATE_KEY):
                record = Record.from_dict(row.value)
                self.owned += [Owned(entry, row.instance) for entry in record.entries]
            for row in state_rows(NOTE_KEY):
                self.add_journals(Place.of(checked_path("journal", row.value)))
            self.sources += ["Airflow's task state store"] if HAS_TASK_STATE else []
        except (PhotaError, UnreadableRecord) as problem:
            self.problems.append(f"Airflow's task state store: {problem}")

    @contextmanager
    def _noting_problems(self, place: Place) -> Iterator[None]:
        try:
            yield
        except (PhotaLedgerError, UnreadableRecord) as problem:
            self.problems.append(str(problem))
        except Exception as error:  # of whatever library the store speaks by
            self.problems.append(f"{place}: {explain(error, place, Right.READ, Right.LIST)}")

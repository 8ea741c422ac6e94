"""Reads and writes the record of one task instance, outside of any attempt."""

from __future__ import annotations

from functools import partial

from airflow_provider_phota.api.errors import PhotaLedgerError
from airflow_provider_phota.cli.task_state import add_to_state, record_in_state
from airflow_provider_phota.ledger.ledger import LONGEST_CALL
from airflow_provider_phota.ledger.object_storage import ObjectStorageStore
from airflow_provider_phota.ledger.overview import read_instance
from airflow_provider_phota.ledger.records import Entry, InstanceName, Record, UnreadableRecord
from airflow_provider_phota.ledger.roots import Root
from airflow_provider_phota.storage.calls import finish_within
from airflow_provider_phota.storage.paths import Place, checked_path
from airflow_provider_phota.storage.rights import Right, explain


class InstanceLedger:
    """Is the ledger of a task instance: in object storage, in Airflow's metadata database, or in both.

    Args:
        instance: whose ledger it is.
        ledger_path: None if there is only the database.

    Raises:
        PhotaInputError: The path is wrong.
    """

    def __init__(self, instance: InstanceName, ledger_path: str | None) -> None:
        self._instance = instance
        self._store: ObjectStorageStore | None = None
        self._root: Root | None = None
        if ledger_path:
            path = checked_path("ledger_path", ledger_path)
            self._store, self._root = ObjectStorageStore(path, instance), Root(Place.of(path))

    def read(self) -> Record:
        """Returns what both know together.

        Raises:
            PhotaLedgerError: One of them cannot be read.
        """
        record = self._record_in(self._root) if self._root else Record()
        return record.merged(record_in_state(self._instance))

    def write(self, entry: Entry) -> list[str]:
        """Writes the ID of a paid task, and returns where it is now, in words.

        Raises:
            PhotaLedgerError: It cannot be written.
        """
        places = []
        if self._store and self._root:
            try:
                finish_within(LONGEST_CALL, partial(self._store.put, entry))
            except Exception as error:  # of whatever library the store speaks by
                raise _unusable(self._root, "written", error) from None
            places.append(str(self._store))
        if add_to_state(self._instance, entry):
            places.append("Airflow's task state store")
        return places

    def _record_in(self, root: Root) -> Record:
        try:
            root.is_begun()  # a directory that is not there is an error, and not an empty ledger
            overview = read_instance(root, self._instance)
        except Exception as error:  # of whatever library the store speaks by
            raise _unusable(root, "read", error) from None
        if overview.damaged:
            raise PhotaLedgerError(f"A record cannot be read.\n{overview.damaged[0]}")
        return Record(tuple(each.entry for each in overview.owned)).merged(Record())


def _unusable(root: Root, done: str, error: Exception) -> PhotaLedgerError:
    rights = Right.READ, Right.LIST, Right.CREATE
    why = str(error) if isinstance(error, UnreadableRecord) else explain(error, root.place, *rights)
    return PhotaLedgerError(f"The ledger {root.place} cannot be {done}: {why}.")

"""Where the ledger is kept: Airflow's task state store, or small objects in object storage."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

from airflow_provider_phota.ledger.records import Entry, Identity, Record, UnreadableRecord

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import ObjectStoragePath

_KEY = "airflow_provider_phota"


class Store(Protocol):
    """A place for one task instance's record. Every method may raise whatever its backend raises."""

    def read(self) -> Record:
        """What is written; an empty record if nothing is.

        Raises:
            UnreadableRecord: something is there that cannot be read.
        """

    def put(self, entry: Entry) -> None:
        """Write an entry over the one of its fingerprint and generation."""

    def remove(self, entry: Entry) -> None:
        """Take an intent back: it was provably never acted on."""


class TaskStateStore:
    """Airflow's own memory of a task instance (3.3 and later): it outlives retries and clears."""

    def __init__(self, accessor: Any) -> None:
        self._accessor = accessor

    def read(self) -> Record:
        value = self._accessor.get(_KEY)
        return Record() if value is None else Record.from_dict(value)

    def put(self, entry: Entry) -> None:
        # what an orphaned process has written meanwhile is kept: an ID is never overwritten by an intent
        self._accessor.set(_KEY, self.read().merged(Record((entry,))).to_dict())

    def remove(self, entry: Entry) -> None:
        record = self.read()
        if entry in record.entries:
            self._accessor.set(_KEY, record.without(entry).to_dict())


class ObjectStorageStore:
    """One object for each intent and each paid task, written once: two writers never overwrite each other."""

    def __init__(self, root: ObjectStoragePath, identity: Identity) -> None:
        self._folder = root / identity.digest

    def read(self) -> Record:
        record = Record()
        if not self._folder.exists():
            return record
        for path in self._folder.iterdir():
            if path.name.endswith(".json"):
                record = record.merged(Record.from_dict(_parsed(path.read_bytes())))
        return record

    def put(self, entry: Entry) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._path(entry)
        # beside it first: a reader must not meet half an object on a file system
        part = path.with_name(f"{path.name}.part")
        part.write_bytes(json.dumps(Record((entry,)).to_dict()).encode())
        part.replace(path)

    def remove(self, entry: Entry) -> None:
        path = self._path(entry)
        # another process may have written its own intent for the same generation meanwhile: that one stays
        if path.exists() and entry in Record.from_dict(_parsed(path.read_bytes())).entries:
            path.unlink()

    def _path(self, entry: Entry) -> ObjectStoragePath:
        kind = "intent" if entry.phota_task_id is None else "task"
        return self._folder / f"{entry.fingerprint[:16]}-{entry.generation}-{kind}.json"


def _parsed(content: bytes) -> object:
    try:
        return json.loads(content)
    except ValueError:
        raise UnreadableRecord("it is no JSON") from None

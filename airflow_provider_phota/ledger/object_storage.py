"""Keeps the record of a task instance in object storage: a small file for each intent and each paid task."""

from __future__ import annotations

import hashlib
import logging
import re
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import uuid4

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.ledger.records import Entry, InstanceName, Record, UnreadableRecord
from airflow_provider_phota.ledger.roots import Root
from airflow_provider_phota.ledger.stores import IntentExists
from airflow_provider_phota.storage import objects, records
from airflow_provider_phota.storage.paths import OBJECT_STORES, Place

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import ObjectStoragePath

log = logging.getLogger(__name__)

#: `{fingerprint}-{generation}-intent.json`, and `-task.json` of the same submit.
FILE_NAME = re.compile(r".+-(intent|task)(-[0-9a-f]{8})?\.json")


class ObjectStorageStore:
    """Keeps each intent and each paid task in a file of its own, which is created once and never overwritten.

    Args:
        root: the ledger's directory, shared by all tasks.
        instance: whose record it is.
        clear_number: how often tasks of the run were cleared. After that, an item with a key may have another
            map index.
        may_begin: True if a ledger without a marker may be a new one. Only the first try of an Airflow task
            can know that nothing was paid before it. Once it has read the ledger, the marker is there, so a
            missing marker then means another directory. If this is None, the try number of an intent decides.
    """

    def __init__(
        self,
        root: ObjectStoragePath,
        instance: InstanceName,
        *,
        clear_number: int = 0,
        may_begin: bool | None = None,
    ) -> None:
        self._root = Root(Place.of(root))
        self._folder = self._root.place / instance.digest
        self._instance = instance
        self._clear_number = clear_number
        self._may_begin = may_begin

    def __str__(self) -> str:
        return str(self._root.place)

    def read(self) -> Record:
        names = objects.names(self._folder)
        if not names:
            self._begin()
        if self._instance.key is not None:
            self._claim_key(self._instance.key)
        return self._read_all([name for name in names if FILE_NAME.fullmatch(name)])

    def put(self, entry: Entry) -> None:
        if entry.phota_task_id is not None:
            self._put_task(entry)
            return
        is_first_try = entry.try_number == 1 if self._may_begin is None else self._may_begin
        self._prepare(may_begin=is_first_try)
        if not self._create(self._intent_place(entry), entry):
            raise IntentExists

    def remove(self, entry: Entry) -> None:
        place = self._intent_place(entry)
        # only its own writer removes a file, so the file cannot become another process's between these lines
        with suppress(FileNotFoundError):
            if entry in _read(place).entries:
                objects.remove(place)

    def age(self, entry: Entry) -> float | None:
        try:
            return max(self._now() - objects.modified_at(self._intent_place(entry)), 0.0)
        except FileNotFoundError:
            return None

    def _begin(self) -> None:
        """Writes the marker at the first read, so that it is there whatever becomes of the attempt."""
        if not self._root.check(may_begin=self._may_begin is not False) and self._may_begin:
            self._root.begin()
        if self._may_begin:
            self._may_begin = False

    def _prepare(self, *, may_begin: bool) -> None:
        """Makes sure that this is the ledger, before anything is written to it."""
        if not self._root.check(may_begin=may_begin):
            self._root.begin()
        self._root.check_exclusive()
        objects.make_folder(self._folder)

    def _claim_key(self, key: str) -> None:
        """Refuses a second item with the same key."""
        self._prepare(may_begin=self._may_begin is not False)
        # clearing may give an item another map index, so each number of clears has its own owner file
        owner = self._folder / f"owner-{self._clear_number}"
        if objects.create(owner, content := f"map_index={self._instance.map_index}".encode()):
            return
        if (other := objects.read(owner)) != content:
            raise PhotaInputError(
                "ledger_key",
                f"is {key!r} for two items of this mapped task ({other.decode()}, {content.decode()}): "
                "each needs a name of its own. Nothing was sent for this one.",
            )

    def _put_task(self, entry: Entry) -> None:
        if self._root.place.protocol not in OBJECT_STORES and not self._folder.exists():
            # an ID in an empty mount point would be lost once the disk is mounted again
            self._root.check(may_begin=self._may_begin is not False)
        objects.make_folder(self._folder)
        place = self._task_place(entry)
        if self._create(place, entry) or _holds_task(place, entry):
            return
        # the ID of another task has the name, and must not be replaced
        digest = hashlib.sha256((entry.phota_task_id or "").encode()).hexdigest()[:8]
        second_place = self._task_place(entry, f"-{digest}")
        if not (self._create(second_place, entry) or _holds_task(second_place, entry)):
            raise FileExistsError(str(second_place))

    def _create(self, place: Place, entry: Entry) -> bool:
        # the folder has a digest for a name: this says whose record it is, for those who list a ledger
        record = {**Record((entry,)).to_dict(), "instance": self._instance.to_dict()}
        return records.create(place, record)

    def _read_all(self, names: list[str]) -> Record:
        """Merges the files. A damaged intent is ignored if the ID of the same submit can be read."""
        record = Record()
        submits_with_id: set[str] = set()
        damaged: dict[str, UnreadableRecord] = {}
        for name in names:
            try:
                part = _read(self._folder / name)
            except FileNotFoundError:
                continue  # its writer has just taken it back
            except UnreadableRecord as problem:
                damaged[name] = problem
                continue
            record = record.merged(part)
            if part.phota_task_ids:
                submits_with_id.add(_submit_in(name))
        for name, damage in damaged.items():
            if name.endswith("-task.json") or _submit_in(name) not in submits_with_id:
                raise damage
            log.warning("%s. It is not needed: the ID of its task is on record.", damage)
        return record

    def _now(self) -> float:
        """Returns the time by the store's clock, from an object that is written for this."""
        clock = self._folder / f"clock-{uuid4().hex[:8]}"
        objects.create(clock, clock.name.encode())
        try:
            return objects.modified_at(clock)
        finally:
            objects.remove(clock)

    def _intent_place(self, entry: Entry) -> Place:
        return self._folder / f"{_name_of(entry)}-intent.json"

    def _task_place(self, entry: Entry, suffix: str = "") -> Place:
        return self._folder / f"{_name_of(entry)}-task{suffix}.json"


def _name_of(entry: Entry) -> str:
    return f"{entry.fingerprint[:16]}-{entry.generation}"


def _submit_in(name: str) -> str:
    """Returns the part of a file name that an intent and its task have in common."""
    return name.rpartition("-intent")[0] or name.rpartition("-task")[0]


def _read(place: Place) -> Record:
    try:
        return records.read(place, Record.from_dict)
    except records.DamagedRecord as damage:
        raise UnreadableRecord(
            f"{damage}. It may name a paid task.\n"
            "Restore it from a copy. Or look for the ID in the logs of this Airflow task, delete the file, "
            "and set adopt_phota_task_id. If nothing was paid, delete the file"
        ) from None


def _holds_task(place: Place, entry: Entry) -> bool:
    with suppress(UnreadableRecord):
        return entry.phota_task_id in _read(place).phota_task_ids
    return False

"""Where the ledger is kept: Airflow's task state store, or small objects in object storage."""

from __future__ import annotations

import hashlib
import json
import logging
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol
from uuid import uuid4

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.ledger.records import Entry, Identity, Record, UnreadableRecord
from airflow_provider_phota.ledger.roots import Root
from airflow_provider_phota.storage import objects
from airflow_provider_phota.storage.paths import OBJECT_STORES, Place

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import ObjectStoragePath

log = logging.getLogger(__name__)

_KEY = "airflow_provider_phota"
#: `{fingerprint}-{generation}-intent.json`, and `-task.json` of the same submit.
_NAME = re.compile(r".+-(intent|task)(-[0-9a-f]{8})?\.json")


class Taken(Exception):
    """Another process has recorded a submit of the same generation: this one must not be sent."""


class Discarded(Exception):
    """The store had a record of earlier attempts, perhaps of a paid task, and Airflow threw it away."""


class Store(Protocol):
    """A place for one task instance's record. Every method may raise whatever its backend raises."""

    def read(self) -> Record:
        """What is written; an empty record if nothing is.

        Raises:
            UnreadableRecord: something is there that cannot be read.
        """

    def put(self, entry: Entry) -> None:
        """Write an intent, or the ID of its task.

        Raises:
            Taken: another process's intent is there. An ID is always written.
        """

    def remove(self, entry: Entry) -> None:
        """Take an intent back: it was provably never acted on."""

    def age(self, entry: Entry) -> float | None:
        """Seconds since an intent was written, by the store's own clock; None if the store shows no clock."""


class TaskStateStore:
    """Airflow's own memory of a task instance (3.3 and later): it outlives retries.

    Airflow itself keeps two attempts apart: one that was given up can neither read nor write it any more.

    Args:
        accessor: `context["task_state_store"]`.
        may_be_discarded: whether a store without a record may have lost it: every attempt leaves one, if
            only an empty one.
    """

    def __init__(self, accessor: Any, *, may_be_discarded: bool = False) -> None:
        self._accessor = accessor
        self._may_be_discarded = may_be_discarded

    def __str__(self) -> str:
        return "Airflow's task state store"

    def read(self) -> Record:
        value = self._accessor.get(_KEY)
        if value is not None:
            return Record.from_dict(value)
        if self._may_be_discarded:
            raise Discarded
        self._accessor.set(_KEY, Record().to_dict())
        return Record()

    def put(self, entry: Entry) -> None:
        # an ID is never overwritten by an intent
        self._accessor.set(_KEY, self.read().merged(Record((entry,))).to_dict())

    def remove(self, entry: Entry) -> None:
        record = self.read()
        if entry in record.entries:
            self._accessor.set(_KEY, record.without(entry).to_dict())

    def age(self, entry: Entry) -> float | None:  # noqa: ARG002  # the store shows no time
        return None


class ObjectStorageStore:
    """One object for each intent and each paid task, created once: two writers never overwrite each other.

    Args:
        root: the ledger's directory, shared by all tasks.
        identity: whose record it is.
        clear_number: how often something of the run was cleared: after a clear an item with a key may have
            another place in the list.
        may_begin: whether a ledger without a marker may be a new one. Only the first try of a task can know
            that no earlier one has paid; the marker is there once it has looked, and one that is gone after
            that is another place's. Left out, it is decided by the try number of an intent.
    """

    def __init__(
        self,
        root: ObjectStoragePath,
        identity: Identity,
        *,
        clear_number: int = 0,
        may_begin: bool | None = None,
    ) -> None:
        self._root = Root(Place.of(root))
        self._folder = self._root.place / identity.digest
        self._identity = identity
        self._clear_number = clear_number
        self._may_begin = may_begin

    def __str__(self) -> str:
        return str(self._root.place)

    def read(self) -> Record:
        names = objects.names(self._folder)
        if not names:
            self._begin()
        if self._identity.key is not None:
            self._claim_key(self._identity.key)
        return self._record([name for name in names if _NAME.fullmatch(name)])

    def put(self, entry: Entry) -> None:
        if entry.phota_task_id is not None:
            self._put_task(entry)
            return
        first_try = entry.try_number == 1 if self._may_begin is None else self._may_begin
        self._prepare(may_begin=first_try)
        if not objects.create(self._intent(entry), _content(entry)):
            raise Taken

    def remove(self, entry: Entry) -> None:
        place = self._intent(entry)
        # the file is only ever removed by who created it, so that it cannot become another one's meanwhile
        with suppress(FileNotFoundError):
            if entry in _parsed(place, objects.read(place)).entries:
                objects.remove(place)

    def age(self, entry: Entry) -> float | None:
        try:
            return max(self._now() - objects.modified_at(self._intent(entry)), 0.0)
        except FileNotFoundError:
            return None

    def _begin(self) -> None:
        """See that the marker is there from the first look on, whatever becomes of the attempt."""
        if not self._root.check(may_begin=self._may_begin is not False) and self._may_begin:
            self._root.begin()
        if self._may_begin:
            self._may_begin = False

    def _prepare(self, *, may_begin: bool) -> None:
        """Make sure that this is the ledger, before anything is written to it."""
        if not self._root.check(may_begin=may_begin):
            self._root.begin()
        self._root.check_exclusive()
        self._make_folder()

    def _make_folder(self) -> None:
        if self._root.place.protocol not in OBJECT_STORES:
            with suppress(FileExistsError):
                self._folder.fs.mkdir(self._folder.path, create_parents=False)

    def _claim_key(self, key: str) -> None:
        """Refuse a second item of the same name; after a clear an item may have another place in the list."""
        self._prepare(may_begin=self._may_begin is not False)
        owner = self._folder / f"owner-{self._clear_number}"
        if objects.create(owner, content := f"map_index={self._identity.map_index}".encode()):
            return
        if (other := objects.read(owner)) != content:
            raise PhotaInputError(
                "ledger_key",
                f"is {key!r} for two items of this mapped task ({other.decode()}, {content.decode()}): "
                "each needs a name of its own. Nothing was sent for this one.",
            )

    def _put_task(self, entry: Entry) -> None:
        if self._root.place.protocol not in OBJECT_STORES and not self._folder.exists():
            self._root.check(
                may_begin=self._may_begin is not False
            )  # an empty mount point would take it, and lose it
        self._make_folder()
        place = self._task(entry)
        if objects.create(place, _content(entry)) or self._has(place, entry):
            return
        # an ID never takes the place of another one
        digest = hashlib.sha256((entry.phota_task_id or "").encode()).hexdigest()[:8]
        another = self._task(entry, f"-{digest}")
        if not (objects.create(another, _content(entry)) or self._has(another, entry)):
            raise FileExistsError(str(another))

    def _has(self, place: Place, entry: Entry) -> bool:
        with suppress(UnreadableRecord):
            return entry.phota_task_id in _parsed(place, objects.read(place)).phota_task_ids
        return False

    def _record(self, names: list[str]) -> Record:
        record = Record()
        whole: set[str] = set()
        damaged: dict[str, UnreadableRecord] = {}
        for name in names:
            try:
                found = self._read(name)
            except UnreadableRecord as problem:
                damaged[name] = problem
                continue
            record = record.merged(found)
            if found.phota_task_ids:
                whole.add(_submit(name))
        for name, unreadable in damaged.items():
            if name.endswith("-task.json") or _submit(name) not in whole:
                raise unreadable
            log.warning("%s. It is not needed: the ID of its task is whole.", unreadable)
        return record

    def _read(self, name: str) -> Record:
        place = self._folder / name
        try:
            return _parsed(place, objects.read(place))
        except FileNotFoundError:
            return Record()  # taken back a moment ago

    def _now(self) -> float:
        """The store's time: that of an object written this moment."""
        clock = self._folder / f"clock-{uuid4().hex[:8]}"
        objects.create(clock, clock.name.encode())
        try:
            return objects.modified_at(clock)
        finally:
            objects.remove(clock)

    def _intent(self, entry: Entry) -> Place:
        return self._folder / f"{_name(entry)}-intent.json"

    def _task(self, entry: Entry, another: str = "") -> Place:
        return self._folder / f"{_name(entry)}-task{another}.json"


def _name(entry: Entry) -> str:
    return f"{entry.fingerprint[:16]}-{entry.generation}"


def _submit(name: str) -> str:
    """What an intent and its task have in common."""
    return name.rpartition("-intent")[0] or name.rpartition("-task")[0]


def _content(entry: Entry) -> bytes:
    return json.dumps(Record((entry,)).to_dict()).encode()


def _parsed(place: Place, content: bytes) -> Record:
    try:
        return Record.from_dict(json.loads(content))
    except UnreadableRecord as problem:
        detail = str(problem)
    except ValueError:
        detail = "it is not JSON"
    raise UnreadableRecord(
        f"{place.command} cannot be read: {detail}. It may name a paid task.\n"
        "Restore it from a copy. Or look for the ID in the logs of this task, delete the file, and set "
        "adopt_phota_task_id. Where nothing was paid, delete the file"
    )

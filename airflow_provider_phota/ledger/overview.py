"""Reads a whole ledger in object storage, for people who want to see all of it. It writes nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from airflow_provider_phota.ledger.ledger import LONGEST_CALL
from airflow_provider_phota.ledger.object_storage import FILE_NAME
from airflow_provider_phota.ledger.records import Entry, InstanceName, Record
from airflow_provider_phota.ledger.roots import Root
from airflow_provider_phota.storage import calls, objects, records
from airflow_provider_phota.storage.paths import Place

T = TypeVar("T")

#: Objects that are read at once.
_AT_ONCE = 16
_FOLDER = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Owned:
    """Is an entry, and the task instance that it belongs to; None if an older version has written it."""

    entry: Entry
    instance: InstanceName | None


@dataclass
class Overview:
    """Is what a ledger holds.

    Attributes:
        owned: the entries of all files: an intent stays next to the ID of its task.
        damaged: what is wrong with files that cannot be read.
        is_begun: False if no attempt has used the directory as a ledger yet.
    """

    owned: list[Owned] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    is_begun: bool = True


def read_ledger(root: Root) -> Overview:
    """Returns what a whole ledger holds.

    Raises:
        UnreadableRecord: The directory itself does not exist.
    """
    if not root.is_begun():
        return Overview(is_begun=False)
    folders = [root.place / name for name in objects.names(root.place) if _FOLDER.fullmatch(name)]
    return _read([file for files in _at_once(_files, folders) for file in files])


def read_instance(root: Root, instance: InstanceName) -> Overview:
    """Returns what a ledger holds of one task instance."""
    overview = _read(_files(root.place / instance.digest))
    overview.owned = [Owned(each.entry, instance) for each in overview.owned]
    return overview


def _files(folder: Place) -> list[Place]:
    return [folder / name for name in objects.names(folder) if FILE_NAME.fullmatch(name)]


def _read(files: list[Place]) -> Overview:
    overview = Overview()
    for found in _at_once(_owned_in, files):
        if isinstance(found, records.DamagedRecord):
            overview.damaged.append(str(found))
        else:
            overview.owned += found
    return overview


def _owned_in(place: Place) -> list[Owned] | records.DamagedRecord:
    try:
        return records.read(place, _parse)
    except FileNotFoundError:
        return []  # its writer has just taken it back
    except records.DamagedRecord as damage:
        return damage


def _parse(fields: Any) -> list[Owned]:
    entries = Record.from_dict(fields).entries
    named = fields.get("instance")
    instance = InstanceName.from_dict(named) if named else None
    return [Owned(entry, instance) for entry in entries]


def _at_once(call: Callable[[Place], T], places: Iterable[Place]) -> Iterator[T]:
    for _, future in calls.at_once(_AT_ONCE, call, places):
        yield future.result(LONGEST_CALL)

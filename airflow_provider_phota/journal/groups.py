"""Reads the groups of events of a journal: from segments, and from the archives that segments are moved to.

An archive holds segments as they were, each after a line with its name and length.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from airflow_provider_phota.api.errors import PhotaLedgerUnusable
from airflow_provider_phota.journal.events import Event, from_line
from airflow_provider_phota.journal.names import is_group
from airflow_provider_phota.storage import calls, objects
from airflow_provider_phota.storage.paths import Place

T = TypeVar("T")
K = TypeVar("K")

#: Objects that are read at once: on S3 each takes a request, and most of its time is waiting.
AT_ONCE = 16
#: Seconds that reading or removing one object may take.
LONGEST_READ = 60.0


@dataclass(frozen=True, slots=True)
class Group:
    """Is the content of a segment.

    Attributes:
        name: of the segment.
        place: the object that it was read from: the segment or an archive.
    """

    name: str
    content: bytes
    place: Place

    def events(self) -> list[Event]:
        """Returns the events in it.

        Raises:
            PhotaLedgerError: it is damaged.
        """
        try:
            if not self.content.endswith(b"\n"):
                raise ValueError("its end is missing")
            return [from_line(line) for line in self.content.splitlines()]
        except ValueError as error:
            raise damaged(self.place, f"segment {self.name}: {error}") from None


def damaged(place: Place, damage: str) -> PhotaLedgerUnusable:
    return PhotaLedgerUnusable(
        "The journal of this batch cannot be read; nothing was sent.\n"
        f"{place.command} is damaged ({damage}). It may name paid tasks.\n"
        "Restore it from a copy, or from an older version of the object. Without one, look for the IDs of "
        "paid tasks in the logs of this Airflow task, delete the whole journal, and adopt them."
    )


def to_archive(groups: Iterable[Group]) -> bytes:
    """Returns the content of an archive of these groups."""
    parts: list[bytes] = []
    for group in groups:
        header = {"segment": group.name, "bytes": len(group.content)}
        parts += [json.dumps(header).encode(), b"\n", group.content]
    return b"".join(parts)


def from_archive(place: Place, content: bytes) -> Iterator[Group]:
    """Yields the groups of an archive.

    Raises:
        PhotaLedgerError: it is damaged.
    """
    begin = 0
    while begin < len(content):
        end_of_header = content.find(b"\n", begin)
        try:
            header = json.loads(content[begin:end_of_header])
            name, length = str(header["segment"]), int(header["bytes"])
        except (ValueError, KeyError, TypeError):
            raise damaged(place, "the name of a segment is missing") from None
        begin = end_of_header + 1 + length
        if not is_group(name) or length < 1 or begin > len(content):
            raise damaged(place, f"segment {name} is cut off")
        yield Group(name, content[end_of_header + 1 : begin], place)


def read_places(places: Iterable[Place]) -> Iterator[tuple[Place, bytes | None]]:
    """Yields the content of objects in their order; None for one that is gone. Several are read at once."""
    return at_once(_read_or_none, places)


def at_once(call: Callable[[K], T], keys: Iterable[K]) -> Iterator[tuple[K, T]]:
    """Yields each key and its result, in order. Only a few calls run at once, and a few results are kept."""
    for key, future in calls.at_once(AT_ONCE, call, keys):
        yield key, future.result(LONGEST_READ)


def _read_or_none(place: Place) -> bytes | None:
    try:
        return objects.read(place)
    except FileNotFoundError:
        return None

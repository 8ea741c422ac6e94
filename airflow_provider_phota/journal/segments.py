"""Keeps the events of a journal as segments: small objects that are created once and never overwritten.

Each process writes segments with the number of its lease, so an overtaken process can still record the IDs
that it gets. When there are many, they are moved into archives.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from uuid import uuid4

from airflow_provider_phota.api.errors import PhotaLedgerUnusable
from airflow_provider_phota.journal.events import Ended, Event, to_line
from airflow_provider_phota.journal.groups import Group, at_once, from_archive, read_places, to_archive
from airflow_provider_phota.journal.leases import make_folders
from airflow_provider_phota.journal.names import ARCHIVES, SEGMENTS, group_name, is_group, position_of
from airflow_provider_phota.journal.state import BatchState
from airflow_provider_phota.storage import objects
from airflow_provider_phota.storage.paths import Place

#: From so many segments on, they are moved into an archive.
MANY = 200
#: Bytes of an archive, about.
_ARCHIVE = 4_000_000
#: Listings until a segment counts as lost: a listing that is made while others write may leave one out.
_LOOKS = 5
_PAUSE = 0.3
#: Seconds by which the difference of two times may be wrong: S3 tells whole seconds.
_COARSE = 1.0


class LeaseIsShared(PhotaLedgerUnusable):
    """Another process writes under the same lease, as happens if the store lets both create it."""

    def __init__(self, place: Place) -> None:
        super().__init__(
            "Another process writes to the journal of this batch under the same lease; nothing was sent.\n"
            f"{place.command} is not of this process. This store lets two processes create the same object, "
            "so it cannot hold the journal of a batch."
        )


class Segments:
    """Holds the segments of a journal.

    Args:
        folder: the journal's.
        lease_number: of the lease whose holder this is; 0 to read only.
    """

    def __init__(self, folder: Place, lease_number: int) -> None:
        self._folder = folder
        self._lease = lease_number
        self._number = 0
        self._archive_number = 0
        #: Contents that may have been written under the next name, although the store did not say so.
        self._maybe_written: list[bytes] = []
        #: Segments that were read or written here, and the places they were read from.
        self._known: dict[str, Place] = {}
        self._known_archives: set[str] = set()
        if lease_number:
            make_folders(folder, SEGMENTS, ARCHIVES)

    def write(self, events: Sequence[Event]) -> str:
        """Writes events as one segment. After an error, it is safe to call it again, with more events too.

        Returns:
            The name of the segment.

        Raises:
            LeaseIsShared: another process has written under this lease.
        """
        content = b"".join(map(to_line, events))
        if content not in self._maybe_written:
            self._maybe_written.append(content)
        while True:
            number = self._number + 1
            name = group_name(self._lease, number)
            place = self._folder / SEGMENTS / name
            is_written = objects.create(place, content)
            if not is_written and objects.read(place) not in self._maybe_written:
                raise LeaseIsShared(place)
            self._number = max(number, self._number)
            self._known[name] = place
            if is_written:
                self._maybe_written.clear()
                return name

    def read_all(self) -> Iterator[tuple[str, Event]]:
        """Yields every event with the name of its segment, also if segments are being archived meanwhile.

        The segments of a lease come in their order, as a rule, and older leases first. Nothing depends on it.

        Raises:
            PhotaLedgerError: a segment or an archive is damaged or missing.
        """
        known: dict[str, Place] = {}
        known_archives: set[str] = set()
        for group in self._new_groups(known, known_archives):
            for event in group.events():
                yield group.name, event
        self._add_known(known, known_archives)

    def read_new(self) -> list[tuple[str, Event]]:
        """Returns the events of segments that were neither read nor written here yet.

        Raises:
            PhotaLedgerError: a segment or an archive is damaged or missing. The next call reads all again.
        """
        # copies, since meanwhile another thread may write, and since all is read again if this fails
        known, known_archives = dict(self._known), set(self._known_archives)
        groups = self._new_groups(known, known_archives)
        found = [(group.name, event) for group in groups for event in group.events()]
        self._add_known(known, known_archives)
        return found

    def ends(self, state: BatchState | None = None) -> Iterator[Ended]:
        """Yields the end of each item that has ended, in the order in which they were written.

        Args:
            state: the state by all segments. Without one, they are read twice.
        """
        if state is None:
            state = BatchState()
            for name, event in Segments(self._folder, 0).read_all():
                state.apply(event, name)
        for group in self._new_groups({}, set()):
            ends: dict[str, Ended] = {}
            for event in group.events():
                if isinstance(event, Ended) and _counts(state, event.item, group.name):
                    ends[event.item] = event
            yield from ends.values()

    def compact(self) -> None:
        """Moves the segments into archives if there are many."""
        names = self._names(SEGMENTS)
        if len(names) <= MANY:
            return
        places = [self._folder / SEGMENTS / name for name in names]
        archived = [place for place in places if place.name in self._known and not self._is_here(place)]
        self._remove(archived)  # an earlier call was ended before it could
        batch: list[Group] = []
        size = 0
        for place, content in read_places(place for place in places if place not in archived):
            if content is not None:
                batch.append(Group(place.name, content, place))
                size += len(content)
            if size > _ARCHIVE:
                self._archive(batch)
                batch, size = [], 0
        self._archive(batch)

    def now(self) -> float:
        """Returns the time by the store's clock, from an object that is written for this."""
        clock = self._folder / f"clock-{uuid4().hex[:8]}"
        objects.create(clock, clock.name.encode())
        try:
            return objects.modified_at(clock)
        finally:
            objects.remove(clock)

    def written_at(self, name: str) -> float:
        """Returns when a segment was written by the store's clock, or later if it was archived since."""
        for place in (self._folder / SEGMENTS / name, self._known.get(name)):
            with suppress(FileNotFoundError):
                if place is not None:
                    return objects.modified_at(place)
        # another process has just archived it: it is older than the last archive
        times = [objects.modified_at(self._folder / ARCHIVES / each) for each in self._names(ARCHIVES)]
        if not times:
            raise PhotaLedgerUnusable(
                "A segment of the journal is gone; nothing was sent.\n"
                f"{(self._folder / SEGMENTS / name).command}"
            )
        return max(times)

    def age(self, name: str) -> float:
        """Returns how many seconds ago a segment was written, or fewer."""
        return age_between(self.written_at(name), self.now())

    def _archive(self, groups: Sequence[Group]) -> None:
        if not groups:
            return
        self._archive_number += 1
        place = self._folder / ARCHIVES / group_name(self._lease, self._archive_number)
        if not objects.create(place, to_archive(groups)):
            raise LeaseIsShared(place)
        self._known_archives.add(place.name)
        for group in groups:
            if group.name in self._known:
                self._known[group.name] = place
            else:
                self._known_archives.discard(place.name)  # it has something that is not read yet
        self._remove([group.place for group in groups])

    def _add_known(self, known: dict[str, Place], known_archives: set[str]) -> None:
        for name, place in known.items():
            self._known.setdefault(name, place)  # what was archived meanwhile has another place
        self._known_archives |= known_archives

    def _is_here(self, place: Place) -> bool:
        """Returns True if the segment was read as such, and not in an archive."""
        return self._known[place.name].path == place.path

    @staticmethod
    def _remove(places: Iterable[Place]) -> None:
        for _ in at_once(objects.remove, places):
            pass

    def _new_groups(self, known: dict[str, Place], known_archives: set[str]) -> Iterator[Group]:
        """Yields the groups that are not known, and adds them to those that are."""
        for look in range(_LOOKS):
            if look:
                time.sleep(_PAUSE)
            # first the segments: one that is archived between the two listings is then in the second one
            segments, archives = self._names(SEGMENTS), self._names(ARCHIVES)
            yield from self._read_archives(archives, known, known_archives)
            new = [self._folder / SEGMENTS / name for name in segments if name not in known]
            gone = False
            for place, content in read_places(new):
                if content is None:
                    gone = True
                elif place.name not in known:
                    known[place.name] = place
                    yield Group(place.name, content, place)
            missing = _missing(known)
            if not gone and not missing:
                return
        raise PhotaLedgerUnusable(
            "Objects of the journal of this batch are missing; nothing was sent.\n"
            f"In {self._folder.command}/{SEGMENTS} there is no {', '.join(missing[:3]) or 'stable listing'}, "
            "and it is in no archive. It may name paid tasks.\n"
            "Does a rule of the bucket delete old objects? Restore it from a copy or from an older version. "
            "Without one, look for the IDs of paid tasks in the logs of this Airflow task, delete the whole "
            "journal, and adopt them."
        )

    def _read_archives(
        self, names: Iterable[str], known: dict[str, Place], known_archives: set[str]
    ) -> Iterator[Group]:
        new = [self._folder / ARCHIVES / name for name in names if name not in known_archives]
        for place, content in read_places(new):
            if content is None:
                continue  # nobody removes an archive, so its segments will be missing
            for group in from_archive(place, content):
                if group.name not in known:
                    known[group.name] = place
                    yield group
            known_archives.add(place.name)

    def _names(self, folder: str) -> list[str]:
        names = [name for name in objects.names(self._folder / folder) if is_group(name)]
        return sorted(names, key=position_of)


def age_between(written_at: float, now: float) -> float:
    """Returns how many seconds there are at least between two times that a store has told."""
    return max(now - written_at - _COARSE, 0.0)


def _missing(known: Iterable[str]) -> list[str]:
    """Returns the names of segments that must exist, since their writers have gone on to the next number."""
    numbers: dict[int, set[int]] = {}
    for name in known:
        lease, number = position_of(name)
        numbers.setdefault(lease, set()).add(number)
    return [
        group_name(lease, number)
        for lease, found in sorted(numbers.items())
        if len(found) != max(found)
        for number in range(1, max(found))
        if number not in found
    ]


def _counts(state: BatchState, item_id: str, segment: str) -> bool:
    found = state.item(item_id)
    return found is not None and found.end is not None and found.end.position == position_of(segment)


def events_in(folder: Place) -> Iterator[Event]:
    """Yields all events of a journal.

    Args:
        folder: the journal's.
    """
    return (event for _, event in Segments(folder, 0).read_all())

"""Reads the rows of a batch page by page, from the `results.jsonl` that the batch has written."""

from __future__ import annotations

import json
import threading
from array import array
from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from airflow_provider_phota.api.costs import Cost
from airflow_provider_phota.journal.rows import Row, Status
from airflow_provider_phota.plugins.gallery.sheets import PAGE, Selection, Sheet, page_of
from airflow_provider_phota.plugins.gallery.stores import NotShown, place_of, within
from airflow_provider_phota.storage.drafts import open_for_streaming
from airflow_provider_phota.storage.paths import Place

#: The largest file of rows that is read, some 150,000 rows, and its longest line.
MOST_BYTES, _LONGEST_LINE = 100_000_000, 200_000
#: What the name of the rows has in it while their batch runs.
PARTIAL = ".partial"
#: Files whose rows are known by heart: where each one begins, and how it stands.
_MOST_KNOWN = 8
_STATUSES = tuple(status.value for status in Status)


@dataclass
class _Index:
    """Says where each row of a file begins, and how it stands.

    Attributes:
        offsets: of the rows, and of the end of the file.
        statuses: the place of each row's status among all statuses.
    """

    offsets: array[int] = field(default_factory=lambda: array("Q"))
    statuses: bytearray = field(default_factory=bytearray)
    usd: Decimal | None = None
    credits: float | None = None

    def add(self, offset: int, fields: Mapping[str, Any]) -> None:
        self.offsets.append(offset)
        self.statuses.append(_STATUSES.index(fields["status"]))
        cost = Cost.from_dict(fields["cost"])
        if cost.usd is not None:
            self.usd = (self.usd or Decimal(0)) + cost.usd
        if cost.credits is not None:
            self.credits = (self.credits or 0.0) + cost.credits


class Rows:
    """Is the rows of one batch, in the order of its items.

    Attributes:
        place: of the file.
        is_whole: False if they are those of a batch that still runs.
    """

    def __init__(self, place: Place, index: _Index, *, is_whole: bool) -> None:
        self.place = place
        self.is_whole = is_whole
        self._index = index

    @property
    def counts(self) -> Mapping[str, int]:
        """How many rows have each status."""
        return {_STATUSES[status]: number for status, number in Counter(self._index.statuses).items()}

    @property
    def cost(self) -> Cost:
        return Cost(self._index.usd, self._index.credits)

    def sheet(self, selection: Selection) -> Sheet[Row]:
        """Returns one page of rows.

        Raises:
            NotShown: The file cannot be read.
        """
        statuses = self._index.statuses
        wanted = _STATUSES.index(selection.status) if selection.status in _STATUSES else None
        numbers = [at for at, status in enumerate(statuses) if wanted in (None, status)]
        page, pages = page_of(len(numbers), selection.page)
        shown = numbers[(page - 1) * PAGE : page * PAGE]
        chosen = Selection(selection.status if wanted is not None else "", page)
        return Sheet(self._read(shown), len(statuses), self.counts, chosen, pages)

    def row(self, number: int) -> Row:
        """Returns the row of an item.

        Args:
            number: its place in the file, from 1.

        Raises:
            NotShown: There is no such row, or the file cannot be read.
        """
        if not 1 <= number <= len(self._index.statuses):
            raise NotShown(f"The batch has no row {number}.")
        return self._read([number - 1])[0]

    def _read(self, numbers: Sequence[int]) -> list[Row]:
        offsets = self._index.offsets

        def read() -> list[Row]:
            with open_for_streaming(self.place) as file:
                rows = []
                for at in numbers:
                    file.seek(offsets[at])
                    rows.append(_row(file.read(offsets[at + 1] - offsets[at]), at + 1))
                return rows

        return within(read, self.place) if numbers else []


class KnownBatches:
    """Finds the rows of batches. It remembers where rows begin, as long as their file stays the same."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str], _Index] = OrderedDict()
        self._lock = threading.Lock()

    def rows(self, paths: Sequence[str]) -> Rows:
        """Returns the rows of a batch.

        Args:
            paths: where they may be, the final ones first.

        Raises:
            NotShown: None of them can be read.
        """
        problems = []
        for path in paths:
            try:
                place = place_of(path)
                return Rows(place, self._index(place), is_whole=PARTIAL not in place.name)
            except NotShown as problem:
                problems.append(problem)
        raise problems[0] if problems else NotShown("The batch has not said where its rows are.")

    def _index(self, place: Place) -> _Index:
        info: Mapping[str, Any] = within(lambda: dict(place.fs.info(place.path)), place)
        size = int(info.get("size") or 0)
        if size > MOST_BYTES:
            raise NotShown(f"{place} has {size:,} bytes, too many to show. read_results() reads it in a DAG.")
        version = (place.url, "/".join(str(info.get(name)) for name in _VERSIONS))
        with self._lock:
            if version in self._known:
                self._known.move_to_end(version)
                return self._known[version]
        index = within(lambda: _indexed(place), place)
        with self._lock:
            self._known[version] = index
            while len(self._known) > _MOST_KNOWN:
                self._known.popitem(last=False)
        return index


#: What a store says of a file that changes if the file does.
_VERSIONS = ("size", "ETag", "etag", "mtime", "LastModified", "last_modified", "mtime_ns", "updated")


def _indexed(place: Place) -> _Index:
    index, offset = _Index(), 0
    with open_for_streaming(place) as file:
        for line in _lines(file):
            try:
                index.add(offset, json.loads(line))
            except (ValueError, KeyError, TypeError, RecursionError):
                number = len(index.statuses) + 1
                raise NotShown(f"Line {number} of {place} is not a row of results.") from None
            offset += len(line)
    index.offsets.append(offset)
    return index


def _lines(file: Any) -> Iterator[bytes]:
    read = 0
    while line := file.readline(_LONGEST_LINE + 1):
        read += len(line)
        if len(line) > _LONGEST_LINE or read > MOST_BYTES:
            raise NotShown("The file has a line that is too long for a row of results.")
        yield line


def _row(line: bytes, number: int) -> Row:
    try:
        fields = json.loads(line)
        # moments are texts in this file, and are shown as they are
        return Row.from_dict({**fields, "number": number, "submitted_at": None, "ended_at": None})
    except (ValueError, KeyError, TypeError, RecursionError):
        raise NotShown(f"Row {number} of the batch is not readable.") from None

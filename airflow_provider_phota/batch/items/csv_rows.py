"""Reads a manifest of comma-separated values, whose first line names the columns."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.batch.items.cells import value_of
from airflow_provider_phota.batch.items.lines import Line, lines_of
from airflow_provider_phota.batch.items.rows import MOST_BYTES, SourceRow, place_of
from airflow_provider_phota.storage.paths import Place

_STOPPED = "the rows after it were not read"


@dataclass(frozen=True)
class CsvRows:
    """Is a manifest whose cells are text. Empty lines are left out, and an empty cell is not given.

    Attributes:
        place: of the file.
        argument: that named it.
    """

    place: Place
    argument: str

    @property
    def name(self) -> str:
        return shown(self.place.url)

    @property
    def folder(self) -> Place:
        return self.place.parent

    def rows(self) -> Iterator[SourceRow]:
        records = _records(lines_of(self.place, self.argument))
        header = self._header(next(records, None))
        for number, record in enumerate(records, start=1):
            yield _row(number, record, header)

    def _header(self, record: _Record | None) -> list[str]:
        if record is None:
            return []
        if fault := record.fault or _fault_of(record.cells):
            raise PhotaInputError(self.argument, f"{self.name}: the line with the columns {fault}.")
        columns = [cell.strip() for cell in record.cells]
        if "" in columns:
            raise PhotaInputError(self.argument, f"{self.name}: column {columns.index('') + 1} has no name.")
        name, count = Counter(columns).most_common(1)[0]
        if count > 1:
            raise PhotaInputError(self.argument, f"{self.name} has the column {shown(name)} twice.")
        return columns


@dataclass(frozen=True, slots=True)
class _Record:
    """Is one row of the file, which may have several lines.

    Attributes:
        cells: its texts.
        line: the number of its first line.
        fault: why it cannot be read; empty if it can.
    """

    cells: list[str]
    line: int
    fault: str = ""


class _TooLong(Exception):
    """A row has too many bytes; perhaps a quote was never closed."""


class _Feed:
    """Hands lines to the reader of the standard library, and counts what one row takes of them."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines = lines
        self._bytes = 0
        self.first = self.last = 0

    def begin_row(self) -> None:
        self._bytes = 0
        self.first = self.last + 1

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.last = line.number
        self._bytes += len(line.content)
        if self._bytes > MOST_BYTES or (line.fault and not line.content):
            raise _TooLong
        return line.content.decode(errors="surrogateescape")


def _records(lines: Iterator[Line]) -> Iterator[_Record]:
    feed = _Feed(lines)
    reader = csv.reader(feed, strict=True)
    while True:
        feed.begin_row()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except _TooLong:
            fault = f"has more than {MOST_BYTES} bytes, or a quote without its other half; {_STOPPED}"
            yield _Record([], feed.first, fault)
            return
        except csv.Error as error:
            is_open = feed.last > feed.first  # where the next row begins is then not known
            if "new-line" in str(error):  # the module's text advises its caller
                error = csv.Error("a line ends in CR alone: save it with line ends of Windows or Unix")
            yield _Record([], feed.first, f"is not CSV ({error})" + (f"; {_STOPPED}" if is_open else ""))
            if is_open:
                return
        else:
            if cells:
                yield _Record(cells, feed.first)


def _row(number: int, record: _Record, header: list[str]) -> SourceRow:
    where = place_of(number, record.line)
    if fault := record.fault or _fault_of(record.cells):
        return SourceRow(number, where=where, fault=fault)
    if len(record.cells) != len(header):
        counts = f"has {len(record.cells)} cells, and there are {len(header)} columns"
        return SourceRow(number, where=where, fault=counts)
    try:
        cells = zip(header, record.cells, strict=True)
        return SourceRow(number, {column: value_of(column, text) for column, text in cells}, where)
    except PhotaInputError as error:
        return SourceRow(number, where=where, fault=str(error))


def _fault_of(cells: list[str]) -> str:
    text = "".join(cells)
    if text.isascii():
        return "has a NUL character in it" if "\0" in text else ""
    try:
        text.encode()
    except UnicodeEncodeError:
        return "has bytes in it that are not UTF-8"
    return "has a NUL character in it" if "\0" in text else ""

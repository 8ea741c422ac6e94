"""Keeps the lines of a plan on this machine until all items are checked."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from airflow_provider_phota.batch.items.item import Item
from airflow_provider_phota.batch.items.lines_of_plan import to_line

#: What one chunk has at most.
_LINES, _BYTES = 1000, 8_000_000
#: Hex digits that name a plan.
_DIGITS = 32


class Spool:
    """Collects lines in a file without a name, and cuts them into chunks. It is a context manager.

    Args:
        head: what the digest begins with.
    """

    def __init__(self, head: str) -> None:
        self.count = 0
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  # `__exit__` closes it
        self._digest = hashlib.sha256(head.encode())
        self._ends: list[int] = []
        self._hashes: list[str] = []
        self._lines, self._bytes, self._chunk = 0, 0, hashlib.sha256()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    @property
    def digest(self) -> str:
        return self._digest.hexdigest()[:_DIGITS]

    @property
    def chunks(self) -> tuple[str, ...]:
        """The SHA-256 of each chunk, in hex. After it is asked for, no item is added."""
        self._end_chunk()
        return tuple(self._hashes)

    def add(self, item: Item) -> None:
        """Adds the line of an item."""
        line = to_line(item)
        if self._lines == _LINES or self._bytes + len(line) > _BYTES:
            self._end_chunk()
        self._file.write(line)
        self._digest.update(line)
        self._chunk.update(line)
        self._lines += 1
        self._bytes += len(line)
        self.count += 1

    def _end_chunk(self) -> None:
        if self._lines:
            self._ends.append(self._file.tell())
            self._hashes.append(self._chunk.hexdigest())
            self._lines, self._bytes, self._chunk = 0, 0, hashlib.sha256()

    def contents(self) -> Iterator[bytes]:
        """Yields the chunks, one after the other."""
        self._end_chunk()
        self._file.seek(0)
        begin = 0
        for end in self._ends:
            yield self._file.read(end - begin)
            begin = end

"""Files that are never there as a whole: one that is written, and one that is read."""

from __future__ import annotations

import io
import os
from collections.abc import Generator
from typing import Any


class Frame(io.RawIOBase):
    """Takes what `zipfile` writes, and keeps it unless it is a photo.

    Attributes:
        keeps: False while a photo is written.
    """

    def __init__(self) -> None:
        super().__init__()
        self.keeps = True
        self._kept: dict[int, bytes] = {}
        self._place = 0

    def taken(self) -> bytes:
        """Returns what was kept since it was last asked, in the order in which it stands in the ZIP."""
        kept, self._kept = self._kept, {}
        return b"".join(kept[place] for place in sorted(kept))

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        if whence != os.SEEK_SET:
            raise io.UnsupportedOperation
        self._place = offset
        return offset

    def tell(self) -> int:
        return self._place

    def write(self, data: Any) -> int:
        if self.keeps:
            # in front of a file it writes twice: the second time it knows the checksum
            self._kept[self._place] = bytes(data)
        self._place += len(data)
        return len(data)


class Reader(io.RawIOBase):
    """Reads what a generator yields."""

    def __init__(self, pieces: Generator[bytes, None, None]) -> None:
        super().__init__()
        self._pieces = pieces
        self._piece = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._piece:
            try:
                self._piece = memoryview(next(self._pieces))
            except StopIteration:
                return 0
        size = min(len(buffer), len(self._piece))
        buffer[:size] = self._piece[:size]
        self._piece = self._piece[size:]
        return size

    def close(self) -> None:
        self._pieces.close()
        super().close()

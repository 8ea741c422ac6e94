"""A JPEG without what is not picture: Exif, colour profiles, thumbnails and comments decide nothing."""

from __future__ import annotations

import io
import os
from typing import IO

_MARKER = 0xFF
_SOI, _EOI, _SOS, _COMMENT = 0xD8, 0xD9, 0xDA, 0xFE
_APPLICATION = range(0xE0, 0xF0)
#: Markers that stand alone: nothing belongs to them.
_ALONE = frozenset({0x01, _SOI, *range(0xD0, 0xD8)})
#: What only looks like a marker: a byte that is stuffed, and one that fills.
_NO_MARKER = frozenset({0x00, _MARKER})


def without_metadata(file: IO[bytes]) -> IO[bytes]:
    """A view of a JPEG in which the segments of applications and comments are missing.

    Raises:
        EOFError: it ends before its first scan.
    """
    file.seek(2)
    head = bytearray((_MARKER, _SOI))
    while (code := _next_marker(file)) not in (_SOS, _EOI):
        segment = b"" if code in _ALONE else _segment(file)
        if code not in _APPLICATION and code != _COMMENT:
            head += bytes((_MARKER, code)) + segment
    return io.BufferedReader(_Spliced(bytes(head), file, file.tell() - 2))


def _next_marker(file: IO[bytes]) -> int:
    while True:
        while _byte(file) != _MARKER:
            pass
        while (code := _byte(file)) == _MARKER:
            pass
        if code not in _NO_MARKER:
            return code


def _segment(file: IO[bytes]) -> bytes:
    length = file.read(2)
    size = int.from_bytes(length) - 2
    body = file.read(max(size, 0))
    if len(length) < 2 or len(body) != size:
        raise EOFError
    return length + body


def _byte(file: IO[bytes]) -> int:
    byte = file.read(1)
    if not byte:
        raise EOFError
    return byte[0]


class _Spliced(io.RawIOBase):
    """Some bytes, and then a file from a place in it on."""

    def __init__(self, head: bytes, file: IO[bytes], start: int) -> None:
        super().__init__()
        self._head = head
        self._file = file
        self._start = start
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        if whence == os.SEEK_END:
            offset += len(self._head) + self._file.seek(0, os.SEEK_END) - self._start
        self._place = offset + (self._place if whence == os.SEEK_CUR else 0)
        return self._place

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed takes any buffer
        data = self._head[self._place : self._place + len(buffer)]
        if not data:
            self._file.seek(self._start + self._place - len(self._head))
            data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        self._place += len(data)
        return len(data)

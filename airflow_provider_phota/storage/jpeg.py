"""Reads a JPEG without its metadata, so that damage in Exif data or a thumbnail does not matter."""

from __future__ import annotations

import io
import os
from typing import IO

_MARKER = 0xFF
#: Start of the image, end of the image, start of a scan, a comment.
_SOI, _EOI, _SOS, _COMMENT = 0xD8, 0xD9, 0xDA, 0xFE
#: Segments of applications: Exif, colour profiles, thumbnails.
_APPLICATIONS = range(0xE0, 0xF0)
#: Markers without a segment after them.
_WITHOUT_SEGMENT = frozenset({0x01, _SOI, *range(0xD0, 0xD8)})
#: Bytes after 0xFF that do not make a marker: the stuffed zero, and 0xFF again, which only fills space.
_NOT_A_MARKER = frozenset({0x00, _MARKER})


def without_metadata(file: IO[bytes]) -> IO[bytes]:
    """Returns a view of a JPEG in which comments and the segments of applications are left out.

    Raises:
        EOFError: the file ends before its first scan.
    """
    file.seek(2)
    head = bytearray((_MARKER, _SOI))
    while (code := _next_marker(file)) not in (_SOS, _EOI):
        segment = b"" if code in _WITHOUT_SEGMENT else _read_segment(file)
        if code not in _APPLICATIONS and code != _COMMENT:
            head += bytes((_MARKER, code)) + segment
    return io.BufferedReader(_SplicedFile(bytes(head), file, file.tell() - 2))


def _next_marker(file: IO[bytes]) -> int:
    while True:
        while _read_byte(file) != _MARKER:
            pass
        while (code := _read_byte(file)) == _MARKER:
            pass
        if code not in _NOT_A_MARKER:
            return code


def _read_segment(file: IO[bytes]) -> bytes:
    length = file.read(2)
    size = int.from_bytes(length) - 2
    body = file.read(max(size, 0))
    if len(length) < 2 or len(body) != size:
        raise EOFError
    return length + body


def _read_byte(file: IO[bytes]) -> int:
    byte = file.read(1)
    if not byte:
        raise EOFError
    return byte[0]


class _SplicedFile(io.RawIOBase):
    """Reads as some bytes, followed by the rest of a file from an offset on."""

    def __init__(self, head: bytes, file: IO[bytes], start: int) -> None:
        super().__init__()
        self._head = head
        self._file = file
        self._start = start
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        if whence == os.SEEK_END:
            offset += len(self._head) + self._file.seek(0, os.SEEK_END) - self._start
        self._position = offset + (self._position if whence == os.SEEK_CUR else 0)
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed takes any buffer
        data = self._head[self._position : self._position + len(buffer)]
        if not data:
            self._file.seek(self._start + self._position - len(self._head))
            data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)

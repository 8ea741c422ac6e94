"""The container of a WebP: how large the picture is, and whether all of the file is there."""

from __future__ import annotations

from typing import IO

_HEAD = 12
#: What the picture is in, by the length of what comes before its size.
_LOSSY, _LOSSLESS, _EXTENDED = b"VP8 ", b"VP8L", b"VP8X"


def size_of(file: IO[bytes]) -> tuple[int, int]:
    """Width and height in pixels.

    Raises:
        ValueError: it does not say.
    """
    file.seek(_HEAD)
    head = file.read(18)
    kind = head[:4]
    if kind == _LOSSY and head[11:14] == b"\x9d\x01\x2a":
        return _number(head[14:16]) & 0x3FFF, _number(head[16:18]) & 0x3FFF
    if kind == _LOSSLESS and head[8:9] == b"\x2f":
        bits = _number(head[9:13])
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == _EXTENDED and len(head) == 18:
        return _number(head[12:15]) + 1, _number(head[15:18]) + 1
    raise ValueError(kind)


def check_whole(file: IO[bytes], size: int) -> None:
    """Check that every part of the container has the length that it says.

    Raises:
        EOFError: one is shorter or longer.
    """
    file.seek(4)
    end = _number(file.read(4)) + 8
    place = _HEAD
    while place + 8 <= end:
        file.seek(place + 4)
        length = _number(file.read(4))
        place += 8 + length + length % 2
    if place not in (end, end + 1) or end > size:
        raise EOFError


def _number(data: bytes) -> int:
    return int.from_bytes(data, "little")

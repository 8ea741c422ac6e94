"""Reads the container of a WebP: the size of the picture, and whether the whole file is there."""

from __future__ import annotations

from typing import IO

#: Bytes before the first chunk.
_HEAD = 12
#: Kinds of the first chunk. Each has the picture's size at another offset.
_LOSSY, _LOSSLESS, _EXTENDED = b"VP8 ", b"VP8L", b"VP8X"


def size_of(file: IO[bytes]) -> tuple[int, int]:
    """Returns width and height in pixels.

    Raises:
        ValueError: the file does not say.
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
    """Checks that every chunk of the container is as long as it says.

    Args:
        file: the WebP.
        size: bytes of the file.

    Raises:
        EOFError: a chunk is shorter or longer.
    """
    file.seek(4)
    end = _number(file.read(4)) + 8
    position = _HEAD
    while position + 8 <= end:
        file.seek(position + 4)
        length = _number(file.read(4))
        position += 8 + length + length % 2
    if position not in (end, end + 1) or end > size:
        raise EOFError


def _number(data: bytes) -> int:
    return int.from_bytes(data, "little")

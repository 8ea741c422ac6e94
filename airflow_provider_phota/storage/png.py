"""Check a PNG by its own checksums, chunk by chunk; of what is compressed only the pixels are ever unfolded.

Not by Pillow: it unfolds text and colour profiles as it opens a file, and refuses a picture for their length.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import IO

_SIGNATURE = 8
_PIECE = 256 * 1024
_LARGEST_NUMBER = 2**31 - 1
#: Bytes that one byte of a deflate stream can unfold to, at most.
_TIGHTEST = 1032
_HIGHEST_FILTER = 4
#: Channels, and bits of each, by colour type.
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_PALETTE = 3
#: Where each pass of an interlaced picture begins, and its steps: x, y, x step, y step.
_ADAM7 = (
    *((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4)),
    *((0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)),
)


class Damaged(Exception):
    """The file is cut or damaged. The text says how, as a sentence with "it"."""


@dataclass(frozen=True)
class Header:
    """What a PNG says of itself.

    Attributes:
        bits: of one pixel, all channels together.
    """

    width: int
    height: int
    bits: int
    has_palette: bool
    is_interlaced: bool

    @cached_property
    def passes(self) -> list[tuple[int, int]]:
        """Bytes of a line, with the one that names its filter, and number of lines, for each pass."""
        if not self.is_interlaced:
            return [(self._line(self.width), self.height)]
        sizes = [
            (-(-(self.width - x) // x_step), -(-(self.height - y) // y_step))
            for x, y, x_step, y_step in _ADAM7
        ]
        return [(self._line(width), height) for width, height in sizes if width > 0 and height > 0]

    @property
    def unfolded(self) -> int:
        """Bytes of all its lines."""
        return sum(line * lines for line, lines in self.passes)

    def _line(self, width: int) -> int:
        return 1 + (width * self.bits + 7) // 8


def read_header(file: IO[bytes]) -> Header:
    """The header of a PNG.

    Raises:
        Damaged: it has none, or one that means nothing.
    """
    file.seek(_SIGNATURE)
    length, kind = struct.unpack(">I4s", _exactly(file, 8))
    if (length, kind) != (13, b"IHDR"):
        raise Damaged("it does not begin with a header")
    width, height, depth, colour, *methods, interlace = struct.unpack(">IIBBBBB", _exactly(file, 13))
    if not (0 < width <= _LARGEST_NUMBER and 0 < height <= _LARGEST_NUMBER):
        raise Damaged(f"it says that it has {width} x {height} pixels")
    if depth not in _DEPTHS.get(colour, ()) or any(methods) or interlace > 1:
        raise Damaged("its header is of no known kind")
    return Header(width, height, depth * _CHANNELS[colour], colour == _PALETTE, interlace == 1)


def verify(file: IO[bytes], header: Header, *, unfold: bool) -> None:
    """Check every checksum up to the end, and that the pixels can be there.

    Args:
        file: the PNG.
        header: of it.
        unfold: unfold the pixels as well, to be certain that they are there.

    Raises:
        Damaged: it is not whole.
    """
    file.seek(_SIGNATURE)
    lines = _Lines(header)
    packed, last = 0, b""
    seen: set[bytes] = set()
    for kind, piece in _pieces(file):
        if kind == b"IDAT":
            packed += len(piece)
            if unfold and (last == b"IDAT" or kind not in seen):  # what follows another chunk is not read
                lines.take(piece)
        if not piece:
            _check_order(kind, header, seen)
            seen.add(kind)
        last = kind
    if header.unfolded > packed * _TIGHTEST:
        raise Damaged(f"{header.width} x {header.height} pixels do not fit into {packed} bytes")
    if unfold and not lines.are_whole:
        raise Damaged("its pixels end too early")


def _check_order(kind: bytes, header: Header, seen: set[bytes]) -> None:
    """What must come once, or before another; whatever else there is tells nothing about the pixels."""
    if kind == b"IHDR" and seen:
        raise Damaged("it has two headers")
    if kind == b"IDAT" and header.has_palette and b"PLTE" not in seen:
        raise Damaged("it has no palette")
    if kind == b"IEND" and b"IDAT" not in seen:
        raise Damaged("it has no pixels")


def _pieces(file: IO[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """The kind of each chunk with its data in pieces, an empty one last; what follows IEND is not read."""
    kind = b""
    while kind != b"IEND":
        left, kind = struct.unpack(">I4s", _exactly(file, 8))
        if left > _LARGEST_NUMBER or not kind.isalpha():
            raise Damaged("a part of it is not a chunk")
        checksum = zlib.crc32(kind)
        while left:
            piece = _exactly(file, min(left, _PIECE))
            checksum = zlib.crc32(piece, checksum)
            left -= len(piece)
            yield kind, piece
        if int.from_bytes(_exactly(file, 4)) != checksum:
            raise Damaged("a checksum in it is wrong")
        yield kind, b""


def _exactly(file: IO[bytes], size: int) -> bytes:
    data = file.read(size)
    if len(data) < size:
        raise Damaged("it ends too early")
    return data


class _Lines:
    """Unfolds pixels and forgets them: line by line, as many as the header says."""

    def __init__(self, header: Header) -> None:
        self._stream = zlib.decompressobj()
        self._passes = iter(header.passes)
        self._line = self._left = self._place = 0
        self._next_pass()

    @property
    def are_whole(self) -> bool:
        return not self._left

    def take(self, packed: bytes) -> None:
        """Take in what comes next; what comes after the last line is not looked at."""
        try:
            while packed and self._left and not self._stream.eof:
                self._count(self._stream.decompress(packed, _PIECE))
                packed = self._stream.unconsumed_tail
        except zlib.error:
            raise Damaged("its pixels cannot be unfolded") from None

    def _count(self, data: bytes) -> None:
        view = memoryview(data)
        while view and self._left:
            size = min(len(view), self._left)
            if max(view[-self._place % self._line : size : self._line], default=0) > _HIGHEST_FILTER:
                raise Damaged("a line of it has an unknown filter")
            self._place += size
            self._left -= size
            view = view[size:]
            if not self._left:
                self._next_pass()

    def _next_pass(self) -> None:
        line, lines = next(self._passes, (1, 0))
        self._line, self._left, self._place = line, line * lines, 0

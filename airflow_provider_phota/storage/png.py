"""Checks a PNG by its own checksums, chunk by chunk.

Pillow is not used: it decompresses text and colour profiles as it opens a file, and refuses a picture if they
are long. Here nothing but the pixels is ever decompressed.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import IO

#: Bytes of the signature that every PNG begins with.
_SIGNATURE = 8
#: Bytes that are read, or decompressed, at a time.
_PIECE = 256 * 1024
_LARGEST_NUMBER = 2**31 - 1
#: The most bytes that one byte of a deflate stream can become.
_HIGHEST_RATIO = 1032
#: Every line begins with the number of its filter, from 0 to this.
_HIGHEST_FILTER = 4
#: Colour type -> channels of a pixel, and bits that a channel may have.
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_PALETTE = 3
#: First pixel and steps of each pass of an interlaced picture: x, y, x step, y step.
_ADAM7 = (
    *((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4)),
    *((0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)),
)


class Damaged(Exception):
    """The file is cut or damaged. The text is a sentence about "it"."""


@dataclass(frozen=True)
class Header:
    """Holds what the header of a PNG says.

    Attributes:
        bits: bits of one pixel, in all channels together.
    """

    width: int
    height: int
    bits: int
    has_palette: bool
    is_interlaced: bool

    @cached_property
    def passes(self) -> list[tuple[int, int]]:
        """Bytes of a line (with the byte for its filter) and number of lines, for each pass."""
        if not self.is_interlaced:
            return [(self._line_bytes(self.width), self.height)]
        sizes = [
            (-(-(self.width - x) // x_step), -(-(self.height - y) // y_step))
            for x, y, x_step, y_step in _ADAM7
        ]
        return [(self._line_bytes(width), height) for width, height in sizes if width > 0 and height > 0]

    @property
    def decompressed_size(self) -> int:
        """Bytes of all lines."""
        return sum(line_bytes * lines for line_bytes, lines in self.passes)

    def _line_bytes(self, width: int) -> int:
        return 1 + (width * self.bits + 7) // 8


def read_header(file: IO[bytes]) -> Header:
    """Reads the header of a PNG.

    Raises:
        Damaged: the header is missing or makes no sense.
    """
    file.seek(_SIGNATURE)
    length, kind = struct.unpack(">I4s", _read_exactly(file, 8))
    if (length, kind) != (13, b"IHDR"):
        raise Damaged("it does not begin with a header")
    width, height, depth, colour, *methods, interlace = struct.unpack(">IIBBBBB", _read_exactly(file, 13))
    if not (0 < width <= _LARGEST_NUMBER and 0 < height <= _LARGEST_NUMBER):
        raise Damaged(f"it says that it has {width} x {height} pixels")
    if depth not in _DEPTHS.get(colour, ()) or any(methods) or interlace > 1:
        raise Damaged("its header is of an unknown kind")
    return Header(width, height, depth * _CHANNELS[colour], colour == _PALETTE, interlace == 1)


def verify(file: IO[bytes], header: Header, *, decompress: bool) -> None:
    """Checks every checksum up to the end, and that the file is long enough for its pixels.

    Args:
        file: the PNG.
        header: the header of that file.
        decompress: decompress the pixels as well, to be certain that all of them are there.

    Raises:
        Damaged: the file is not whole.
    """
    file.seek(_SIGNATURE)
    pixels = _PixelCounter(header)
    compressed_size, last = 0, b""
    seen: set[bytes] = set()
    for kind, piece in _pieces(file):
        if kind == b"IDAT":
            compressed_size += len(piece)
            # decoders ignore pixels that follow a chunk of another kind
            if decompress and (last == b"IDAT" or kind not in seen):
                pixels.add(piece)
        if not piece:
            _check_order(kind, header, seen)
            seen.add(kind)
        last = kind
    if header.decompressed_size > compressed_size * _HIGHEST_RATIO:
        raise Damaged(f"{header.width} x {header.height} pixels do not fit into {compressed_size} bytes")
    if decompress and not pixels.are_whole:
        raise Damaged("its pixels end too early")


def _check_order(kind: bytes, header: Header, seen: set[bytes]) -> None:
    """Checks the order of the chunks that the pixels need. Other chunks may be anywhere."""
    if kind == b"IHDR" and seen:
        raise Damaged("it has two headers")
    if kind == b"IDAT" and header.has_palette and b"PLTE" not in seen:
        raise Damaged("it has no palette")
    if kind == b"IEND" and b"IDAT" not in seen:
        raise Damaged("it has no pixels")


def _pieces(file: IO[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Yields the kind of each chunk up to IEND, with its data in pieces and an empty piece at its end."""
    kind = b""
    while kind != b"IEND":
        left, kind = struct.unpack(">I4s", _read_exactly(file, 8))
        if left > _LARGEST_NUMBER or not kind.isalpha():
            raise Damaged("a part of it is not a chunk")
        checksum = zlib.crc32(kind)
        while left:
            piece = _read_exactly(file, min(left, _PIECE))
            checksum = zlib.crc32(piece, checksum)
            left -= len(piece)
            yield kind, piece
        if int.from_bytes(_read_exactly(file, 4)) != checksum:
            raise Damaged("a checksum in it is wrong")
        yield kind, b""


def _read_exactly(file: IO[bytes], size: int) -> bytes:
    data = file.read(size)
    if len(data) < size:
        raise Damaged("it ends too early")
    return data


class _PixelCounter:
    """Decompresses pixels and counts them, line by line, up to the number that the header says."""

    def __init__(self, header: Header) -> None:
        self._stream = zlib.decompressobj()
        self._passes = iter(header.passes)
        self._line_bytes = self._left = self._position = 0
        self._begin_next_pass()

    @property
    def are_whole(self) -> bool:
        return not self._left

    def add(self, compressed: bytes) -> None:
        """Counts the next piece. What comes after the last line is ignored."""
        try:
            while compressed and self._left and not self._stream.eof:
                self._count(self._stream.decompress(compressed, _PIECE))
                compressed = self._stream.unconsumed_tail
        except zlib.error:
            raise Damaged("its pixels cannot be decompressed") from None

    def _count(self, data: bytes) -> None:
        view = memoryview(data)
        while view and self._left:
            size = min(len(view), self._left)
            filters = view[-self._position % self._line_bytes : size : self._line_bytes]
            if max(filters, default=0) > _HIGHEST_FILTER:
                raise Damaged("a line of it has an unknown filter")
            self._position += size
            self._left -= size
            view = view[size:]
            if not self._left:
                self._begin_next_pass()

    def _begin_next_pass(self) -> None:
        line_bytes, lines = next(self._passes, (1, 0))
        self._line_bytes, self._left, self._position = line_bytes, line_bytes * lines, 0

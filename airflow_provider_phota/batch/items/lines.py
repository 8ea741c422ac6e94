"""Reads a text file of a store line by line, with little of it in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedIOBase, BufferedReader, RawIOBase
from typing import IO, cast

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.batch.items.rows import MOST_BYTES
from airflow_provider_phota.inputs.sources import reading
from airflow_provider_phota.storage.drafts import open_for_streaming
from airflow_provider_phota.storage.paths import Place

#: Bytes that are taken from fsspec's buffer at once.
_BUFFER = 256 * 1024
_BOM = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Line:
    """Is one line of a file.

    Attributes:
        number: from 1.
        content: with its end; empty if the line is too long.
        fault: why it cannot be read; empty if it can.
    """

    number: int
    content: bytes
    fault: str = ""


def lines_of(place: Place, argument: str) -> Iterator[Line]:
    """Yields the lines of a file, without its byte order mark.

    Raises:
        PhotaInputError: It is not there, or it is UTF-16.
        PhotaUnreachable: The store could not be asked; a retry may help.
    """
    with reading(place, argument), open_for_streaming(place) as opened:
        file = _bounded(opened)
        number = 0
        while content := file.readline(MOST_BYTES + 1):
            number += 1
            if number == 1:
                content = _without_mark(content, place, argument)
            yield _line(number, content, file)


def _bounded(file: IO[bytes]) -> IO[bytes]:
    """Returns a file whose lines can be read in part; fsspec's own cannot."""
    return file if isinstance(file, BufferedIOBase) else BufferedReader(cast("RawIOBase", file), _BUFFER)


def _line(number: int, content: bytes, file: IO[bytes]) -> Line:
    if len(content) > MOST_BYTES:
        _skip_to_end_of_line(content, file)
        return Line(number, b"", f"has more than {MOST_BYTES} bytes")
    return Line(number, content, "has a NUL character in it" if b"\0" in content else "")


def _skip_to_end_of_line(content: bytes, file: IO[bytes]) -> None:
    while content and not content.endswith(b"\n"):
        content = file.readline(MOST_BYTES)


def _without_mark(content: bytes, place: Place, argument: str) -> bytes:
    if content.startswith(_UTF_16):
        raise PhotaInputError(argument, f"{shown(place.url)} is UTF-16: save it as UTF-8.")
    return content.removeprefix(_BOM)

"""Puts one file together from the answers of any number of tries."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import IO

import pendulum
import requests

#: Bytes that are read from an answer at a time.
PIECE = 256 * 1024
_GONE = frozenset({403, 404, 410})
#: Statuses below 500 after which the same request can succeed.
_TEMPORARY = frozenset({408, 416, 425, 429})


class Gone(Exception):
    """The URL is not served, or no longer. The text names the HTTP status.

    Attributes:
        at: when the server answered, by the server's clock; None if its answer has no date.
    """

    def __init__(self, answer: requests.Response) -> None:
        super().__init__(f"HTTP {answer.status_code}")
        self.at: pendulum.DateTime | None = None
        with suppress(ValueError):
            self.at = pendulum.instance(parsedate_to_datetime(answer.headers.get("Date", "")))


class Undelivered(Exception):
    """The file did not arrive. The text continues the sentence "A result ..." and never holds the URL."""


class Broken(Exception):
    """The file did not arrive in this try; another try may continue. The text is as that of `Undelivered`."""


class Arrival:
    """Writes one file as it arrives.

    Args:
        target: the file, which can be truncated.
        largest: bytes that the file may have at most.
    """

    def __init__(self, target: IO[bytes], largest: int) -> None:
        self._target = target
        self._largest = largest
        self._expected: int | None = None
        self._etag = ""

    @property
    def resume_headers(self) -> Mapping[str, str]:
        """The headers that ask for the rest of the file; empty if it could be the rest of another file."""
        if not (self._etag and self._target.tell()):
            return {}
        return {"Range": f"bytes={self._target.tell()}-", "If-Range": self._etag}

    def receive(self, answer: requests.Response) -> Iterator[int]:
        """Writes the body of an answer; before each piece it yields how many bytes of the body have come.

        Raises:
            Gone: the URL is not served.
            Broken: the body is incomplete, or is not what was asked for.
            Undelivered: another try would end the same way.
        """
        self._begin(answer)
        received = 0
        yield received
        while piece := answer.raw.read(PIECE, decode_content=False):
            self._write(piece)
            received += len(piece)
            self._check_size(self._target.tell())
            yield received
        if self._expected is not None and received != self._expected:
            raise Broken("was cut on its way")
        if not self._target.tell():
            raise Broken("came empty")

    def _begin(self, answer: requests.Response) -> None:
        _check_status(answer)
        if answer.status_code != 206 or not self._continues(answer):
            self._target.seek(0)
            self._target.truncate()
        etag = answer.headers.get("ETag", "")
        self._etag = etag if etag.startswith('"') else ""  # a weak one does not promise equal bytes
        self._expected = _length(answer)
        if self._expected is not None:
            self._check_size(self._target.tell() + self._expected)

    def _continues(self, answer: requests.Response) -> bool:
        begins = answer.headers.get("Content-Range", "").startswith(f"bytes {self._target.tell()}-")
        if begins and answer.headers.get("ETag") == self._etag:
            return True
        self._etag = ""  # the next try asks this server for the whole file
        raise Broken("was sent in the wrong part")

    def _write(self, piece: bytes) -> None:
        try:
            self._target.write(piece)
        except OSError as error:  # the disk is at fault, not the network: another try would end the same way
            raise Undelivered(f"could not be kept on this machine ({error.strerror})") from None

    def _check_size(self, size: int) -> None:
        if size > self._largest:
            raise Undelivered(f"is larger than max_bytes ({self._largest})")


def _check_status(answer: requests.Response) -> None:
    status = answer.status_code
    if status in _GONE:
        raise Gone(answer)
    if status >= 500 or status in _TEMPORARY:
        raise Broken(f"could not be downloaded (HTTP {status})")
    if status not in (200, 206):
        raise Undelivered(f"could not be downloaded (HTTP {status})")


def _length(answer: requests.Response) -> int | None:
    length = answer.headers.get("Content-Length", "")
    return int(length) if re.fullmatch(r"[0-9]{1,18}", length) else None

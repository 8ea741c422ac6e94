"""What has arrived of one file, over any number of tries, and what an answer that is none means."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import IO

import pendulum
import requests

PIECE = 256 * 1024
_GONE = frozenset({403, 404, 410})
_HEALS = frozenset({408, 416, 425, 429})


class Gone(Exception):
    """The URL is not served, or no longer. The text says by which answer.

    Attributes:
        at: when, by the clock of who answered; None if the answer did not say.
    """

    def __init__(self, answer: requests.Response) -> None:
        super().__init__(f"HTTP {answer.status_code}")
        self.at: pendulum.DateTime | None = None
        with suppress(ValueError):
            self.at = pendulum.instance(parsedate_to_datetime(answer.headers.get("Date", "")))


class Undelivered(Exception):
    """The bytes did not arrive. The text continues the sentence "A result …", and does not hold the URL."""


class Broken(Exception):
    """It did not arrive this time; another try may go on."""


class Arrival:
    """What has arrived of one file, over any number of tries."""

    def __init__(self, target: IO[bytes], largest: int) -> None:
        self._target = target
        self._largest = largest
        self._expected: int | None = None
        self._etag = ""

    @property
    def resuming(self) -> Mapping[str, str]:
        """The headers that ask for the rest, if it is certain to be the rest of the same file."""
        if not (self._etag and self._target.tell()):
            return {}
        return {"Range": f"bytes={self._target.tell()}-", "If-Range": self._etag}

    def _begin(self, answer: requests.Response) -> None:
        _check_status(answer)
        if answer.status_code != 206 or not self._goes_on(answer):
            self._target.seek(0)
            self._target.truncate()
        etag = answer.headers.get("ETag", "")
        self._etag = etag if etag.startswith('"') else ""  # a weak one promises no equal bytes
        self._expected = _length(answer)
        if self._expected is not None:
            self._check_size(self._target.tell() + self._expected)

    def taken(self, answer: requests.Response) -> Iterator[int]:
        """Take in an answer to its end; yields how many of its bytes have come, before each piece."""
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

    def _goes_on(self, answer: requests.Response) -> bool:
        begins = answer.headers.get("Content-Range", "").startswith(f"bytes {self._target.tell()}-")
        if begins and answer.headers.get("ETag") == self._etag:
            return True
        self._etag = ""  # such a server is asked for the whole
        raise Broken("was sent in the wrong part")

    def _write(self, piece: bytes) -> None:
        try:
            self._target.write(piece)
        except OSError as error:  # no fault of the network's: another try would end alike
            raise Undelivered(f"could not be kept on this machine ({error.strerror})") from None

    def _check_size(self, size: int) -> None:
        if size > self._largest:
            raise Undelivered(f"is larger than max_bytes ({self._largest})")


def _check_status(answer: requests.Response) -> None:
    status = answer.status_code
    if status in _GONE:
        raise Gone(answer)
    if status >= 500 or status in _HEALS:
        raise Broken(f"could not be downloaded (HTTP {status})")
    if status not in (200, 206):
        raise Undelivered(f"could not be downloaded (HTTP {status})")


def _length(answer: requests.Response) -> int | None:
    length = answer.headers.get("Content-Length", "")
    return int(length) if re.fullmatch(r"[0-9]{1,18}", length) else None

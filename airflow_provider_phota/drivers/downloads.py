"""Downloads from hosts that nobody vouches for: without the key, guarded, bounded, resumed if they break."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from types import TracebackType
from typing import IO, Self
from urllib.parse import SplitResult, urljoin, urlsplit

import pendulum
import requests
from requests.utils import get_environ_proxies, select_proxy

from airflow_provider_phota import __version__
from airflow_provider_phota.api.addresses import Reach, RefusedUrl, check_reach, checked_url, reaches
from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.drivers.failures import transport_error
from airflow_provider_phota.drivers.flight import WatchingAdapter, flying

PIECE = 256 * 1024
REDIRECTS = 3
#: How often one picture is asked for, and the seconds before the second time; twice as many before the third.
TRIES = 4
_PAUSE = 0.5
#: Seconds for connection and head of an answer.
_HEAD = 60.0
#: Seconds of grace, and bytes a second that a download must make on average after them.
_GRACE = 30.0
_SLOWEST = 32 * 1024
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


class _Broken(Exception):
    """It did not arrive this time; another try may go on."""


class Downloads:
    """Fetches results; may be used by several threads at once. A context manager.

    Args:
        settings: of the connection: its proxy is used, and what its own host is decides what else is allowed.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._own = urlsplit(settings.base_url)
        self._own_reach: set[Reach] | None = None
        self._breaking_off = threading.Event()
        self._session = requests.Session()
        self._session.trust_env = False  # no .netrc: nobody's credentials go to a result host
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, WatchingAdapter())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    def break_off(self) -> None:
        """End what is under way, in whatever thread."""
        self._breaking_off.set()

    def fetch(self, url: str, target: IO[bytes], largest: int) -> None:
        """Write what a URL serves to a file that is empty.

        Args:
            url: as the service gave it; it is checked, as is every redirect.
            target: can be truncated.
            largest: bytes that are taken at most.

        Raises:
            Gone: the URL is no longer served.
            RefusedUrl: it, or what it redirects to, is not fetched from.
            Undelivered: it did not arrive whole.
        """
        download = _Download(target, largest, self._breaking_off)
        for number in range(TRIES):
            if number and self._breaking_off.wait(_PAUSE * 2 ** (number - 1)):
                break
            try:
                return self._try(url, download)
            except _Broken as broken:
                problem = broken
        raise Undelivered(f"{problem}, {TRIES} times") from None

    def is_served(self, url: str) -> bool:
        """Whether a URL would be served; False where that cannot be found out."""
        try:
            with self._asked("HEAD", checked_url(url, plain_http=self._own.scheme == "http")) as answer:
                return answer.status_code == 200
        except (requests.RequestException, RefusedUrl, OSError, _Broken):
            return False

    def _try(self, url: str, download: _Download) -> None:
        for _ in range(REDIRECTS + 1):
            location = self._hop(checked_url(url, plain_http=self._own.scheme == "http"), download)
            if location is None:
                return
            url = urljoin(url, location)
        raise Undelivered(f"is behind more than {REDIRECTS} redirects")

    def _hop(self, url: SplitResult, download: _Download) -> str | None:
        """One request; returns where it is redirected to, None where the bytes have come."""
        try:
            with self._asked("GET", url, download.resuming) as answer:
                if answer.is_redirect:
                    return answer.headers["Location"]
                download.take(answer)
                return None
        except (_Broken, Gone, Undelivered, RefusedUrl):
            raise
        except Exception as error:
            # its text may hold the URL, which is a bearer link
            raise _Broken(f"did not arrive ({transport_error(error, sent=True)})") from None

    @contextmanager
    def _asked(
        self, method: str, url: SplitResult, headers: Mapping[str, str] | None = None
    ) -> Iterator[requests.Response]:
        """The head of an answer, in time; its body is still to come."""
        proxies = self._proxies(url)
        if select_proxy(url.geturl(), proxies):
            self._check_literal(url)  # what a name means is the proxy's to find out
        with (
            flying(None, _HEAD, self._addresses) as flight,
            self._session.request(
                method,
                url.geturl(),
                headers={**_HEADERS, **(headers or {})},
                timeout=(self._settings.connect_timeout, self._settings.read_timeout),
                stream=True,
                allow_redirects=False,
                verify=self._authorities(url),
                proxies=proxies,
            ) as answer,
        ):
            flight.on_time()
            if flight.late:  # an answer whose head was cut looks like one without a body
                raise _Broken(f"did not begin to arrive within {_HEAD:.0f} s")
            yield answer

    def _addresses(self, host: str, port: int) -> list[str]:
        """The addresses of a host, each of which may be connected to: nobody looks a name up after this.

        Raises:
            RefusedUrl: one of them must not be.
        """
        found = _resolved(host, port)
        check_reach(reaches(found), self._reach_of_own_host())
        return found

    def _reach_of_own_host(self) -> set[Reach]:
        if self._own_reach is None:
            try:
                self._own_reach = reaches(_resolved(self._own.hostname or "", self._own.port or 443))
            except OSError:  # behind a proxy its name need not mean anything here
                self._own_reach = set()
        return self._own_reach

    def _check_literal(self, url: SplitResult) -> None:
        try:
            numbers = _resolved(url.hostname or "", url.port or 443, socket.AI_NUMERICHOST)
        except OSError:
            return
        check_reach(reaches(numbers), self._reach_of_own_host())

    def _authorities(self, url: SplitResult) -> str | bool:
        # the connection's own authorities vouch for its own host, not for a public CDN
        return (self._settings.ca_bundle if url.hostname == self._own.hostname else None) or True

    def _proxies(self, url: SplitResult) -> dict[str, str]:
        if self._settings.proxy:
            return {"http": self._settings.proxy, "https": self._settings.proxy}
        proxies: dict[str, str] = get_environ_proxies(url.geturl())
        return proxies


class _Download:
    """What has arrived of one file, over any number of tries."""

    def __init__(self, target: IO[bytes], largest: int, breaking_off: threading.Event) -> None:
        self._target = target
        self._largest = largest
        self._breaking_off = breaking_off
        self._etag = ""

    @property
    def resuming(self) -> Mapping[str, str]:
        """The headers that ask for the rest, if it is certain to be the rest of the same file."""
        if not (self._etag and self._target.tell()):
            return {}
        return {"Range": f"bytes={self._target.tell()}-", "If-Range": self._etag}

    def take(self, answer: requests.Response) -> None:
        """Take in an answer to its end."""
        _check_status(answer)
        if answer.status_code != 206 or not self._goes_on(answer.headers.get("Content-Range", "")):
            self._target.seek(0)
            self._target.truncate()
        etag = answer.headers.get("ETag", "")
        self._etag = etag if etag.startswith('"') else ""  # a weak one promises no equal bytes
        expected = _length(answer)
        if expected is not None:
            self._check_size(self._target.tell() + expected)
        self._read(answer, expected)

    def _goes_on(self, content_range: str) -> bool:
        if content_range.startswith(f"bytes {self._target.tell()}-"):
            return True
        self._etag = ""  # such a server is asked for the whole
        raise _Broken("was sent in the wrong part")

    def _read(self, answer: requests.Response, expected: int | None) -> None:
        began, received = time.monotonic(), 0
        while piece := answer.raw.read1(PIECE, decode_content=False):
            self._write(piece)
            received += len(piece)
            self._check_size(self._target.tell())
            if self._breaking_off.is_set():
                raise Undelivered("was broken off on its way")
            if received < (time.monotonic() - began - _GRACE) * _SLOWEST:
                raise _Broken(f"came at less than {_SLOWEST // 1024} KiB a second")
        if expected is not None and received != expected:
            raise _Broken("was cut on its way")
        if not self._target.tell():
            raise _Broken("came empty")

    def _write(self, piece: bytes) -> None:
        try:
            self._target.write(piece)
        except OSError as error:  # no fault of the network's: another try would end alike
            raise Undelivered(f"could not be kept on this machine ({error.strerror})") from None

    def _check_size(self, size: int) -> None:
        if size > self._largest:
            raise Undelivered(f"is larger than max_bytes ({self._largest})")


_HEADERS = {
    "Accept": "image/png, image/jpeg, image/webp",
    "Accept-Encoding": "identity",  # what is read is counted: nothing may unfold after that
    "User-Agent": f"airflow-provider-phota/{__version__}",
}


def _check_status(answer: requests.Response) -> None:
    status = answer.status_code
    if status in _GONE:
        raise Gone(answer)
    if status >= 500 or status in _HEALS:
        raise _Broken(f"could not be downloaded (HTTP {status})")
    if status not in (200, 206):
        raise Undelivered(f"could not be downloaded (HTTP {status})")


def _length(answer: requests.Response) -> int | None:
    length = answer.headers.get("Content-Length", "")
    return int(length) if re.fullmatch(r"[0-9]{1,18}", length) else None


def _resolved(host: str, port: int, flags: int = 0) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))

"""Downloads from hosts that nobody vouches for: without the key, guarded, bounded, resumed if they break."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from types import TracebackType
from typing import IO, Self
from urllib.parse import SplitResult, urljoin, urlsplit

import requests
from requests.structures import CaseInsensitiveDict
from requests.utils import get_environ_proxies, select_proxy

from airflow_provider_phota import __version__
from airflow_provider_phota.api.addresses import (
    Reach,
    RefusedUrl,
    check_characters,
    check_reach,
    checked_url,
    reaches,
)
from airflow_provider_phota.api.errors import PhotaConfigurationError
from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.api.urls import header_text
from airflow_provider_phota.downloads.arrival import PIECE, Arrival, Broken, Gone, Undelivered
from airflow_provider_phota.drivers.failures import transport_error
from airflow_provider_phota.drivers.flight import Flight, Watch, WatchingAdapter, current
from airflow_provider_phota.drivers.trust import tls_context

REDIRECTS = 3
#: How often one picture is asked for, and the seconds before the second time; twice as many before the third.
TRIES = 4
_PAUSE = 0.5
#: Seconds for connection and head of an answer.
_HEAD = 60.0
#: Seconds of grace, and bytes a second that a download must make on average after them.
_GRACE = 30.0
_SLOWEST = 32 * 1024
#: Seconds between two looks at whose time is over.
_LOOK = 0.1
_LATE = f"came at less than {_SLOWEST // 1024} KiB a second"


class Downloads:
    """Fetches results; may be used by several threads at once. A context manager.

    Args:
        settings: of the connection: its proxy is used, and what its own host is decides what else is allowed.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._own = urlsplit(settings.base_url)
        self._own_reach: set[Reach] | None = None
        self._watch = Watch(_LOOK)
        # no session: no .netrc, no cookies, so that nobody's credentials can go to a result host
        self._adapters: dict[bool, WatchingAdapter] = {}
        self._making = threading.Lock()

    def __enter__(self) -> Self:
        self._watch.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._watch.stop()
        for adapter in self._adapters.values():
            adapter.close()

    def break_off(self) -> None:
        """End what is under way, in whatever thread."""
        self._watch.cut_all()

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
        download = Arrival(target, largest)
        for number in range(TRIES):
            if number and self._watch.all_cut.wait(_PAUSE * 2 ** (number - 1)):
                break
            try:
                return self._try(url, download)
            except Broken as broken:
                problem = broken
        if self._watch.all_cut.is_set():
            raise Undelivered("was broken off on its way")
        raise Undelivered(f"{problem}, {TRIES} times") from None

    def is_served(self, url: str) -> bool:
        """Whether a URL would be served; False where that cannot be found out."""
        try:
            with self._asked("HEAD", checked_url(url, plain_http=self._own.scheme == "http")) as (answer, _):
                return answer.status_code == 200
        except Exception:
            return False

    def _try(self, url: str, download: Arrival) -> None:
        for _ in range(REDIRECTS + 1):
            location = self._hop(checked_url(url, plain_http=self._own.scheme == "http"), download)
            if location is None:
                return
            url = urljoin(url, location)
        raise Undelivered(f"is behind more than {REDIRECTS} redirects")

    def _hop(self, url: SplitResult, download: Arrival) -> str | None:
        """One request; returns where it is redirected to, None where the bytes have come."""
        try:
            with self._asked("GET", url, download.resuming) as (answer, flight):
                if answer.is_redirect:
                    location = header_text(answer.headers["Location"])
                    check_characters(location)  # before it is joined, which drops some
                    return location
                began = time.monotonic()
                for received in download.taken(answer):
                    # so much has come: by then the next piece must have
                    due = _GRACE + (received + PIECE) / _SLOWEST
                    self._watch.expect(flight, began + due - time.monotonic())
                return None
        except (Broken, Gone, Undelivered, RefusedUrl):
            raise
        except PhotaConfigurationError as error:  # its text is ours, and a certificate may be being rotated
            raise Broken(f"cannot be downloaded ({str(error).rstrip('.')})") from None
        except Exception as error:
            # its text may hold the URL, which is a bearer link
            raise Broken(f"did not arrive ({transport_error(error, sent=True)})") from None

    @contextmanager
    def _asked(
        self, method: str, url: SplitResult, headers: Mapping[str, str] | None = None
    ) -> Iterator[tuple[requests.Response, Flight]]:
        """The head of an answer, in time; its body is still to come, over the flight's socket."""
        proxies = self._proxies(url)
        if select_proxy(url.geturl(), proxies):
            self._check_literal(url)  # what a name means is the proxy's to find out
        flight = Flight(addresses=self._addresses)
        with (
            self._in_time(flight),
            self._adapter(url).send(
                _request(method, url, headers or {}),
                stream=True,
                timeout=(self._settings.connect_timeout, self._settings.read_timeout),
                proxies=proxies,
            ) as answer,
        ):
            yield answer, flight

    @contextmanager
    def _in_time(self, flight: Flight) -> Iterator[None]:
        """Have it cut when its time is over, and say so."""
        try:
            with current(flight), self._watch.watching(flight, _HEAD):
                yield
            if flight.late:  # what was cut may look like an answer that has ended
                raise Broken(_LATE)
        except Exception:
            if flight.late:
                raise Broken(_LATE) from None
            raise

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
        host = (url.hostname or "").rstrip(".")
        if host == "localhost" or host.endswith(".localhost"):
            host = "127.0.0.1"
        try:
            numbers = _resolved(host, url.port or 443, socket.AI_NUMERICHOST)
        except OSError:
            return
        check_reach(reaches(numbers), self._reach_of_own_host())

    def _adapter(self, url: SplitResult) -> WatchingAdapter:
        # the connection's own authorities vouch for its own host, not for a public CDN
        own = url.hostname == self._own.hostname
        with self._making:
            if own not in self._adapters:
                trusting = self._settings if own else replace(self._settings, ca_bundle=None)
                self._adapters[own] = WatchingAdapter(tls_context(trusting))
            return self._adapters[own]

    def _proxies(self, url: SplitResult) -> dict[str, str]:
        if self._settings.proxy:
            return {"http": self._settings.proxy, "https": self._settings.proxy}
        return _environ_proxies(url.scheme, url.netloc)


_HEADERS = {
    "Accept": "image/png, image/jpeg, image/webp",
    "Accept-Encoding": "identity",  # what is read is counted: nothing may unfold after that
    "User-Agent": f"airflow-provider-phota/{__version__}",
}


def _request(method: str, url: SplitResult, headers: Mapping[str, str]) -> requests.PreparedRequest:
    """A request as it is; what `prepare()` would look up and add is neither wanted nor cheap."""
    request = requests.PreparedRequest()
    request.method = method
    request.url = url.geturl()
    request.headers = CaseInsensitiveDict({**_HEADERS, **headers})
    request.prepare_cookies({})
    request.prepare_hooks({})
    return request


@lru_cache(maxsize=64)  # looking through the environment takes longer than a small picture
def _environ_proxies(scheme: str, netloc: str) -> dict[str, str]:
    proxies: dict[str, str] = get_environ_proxies(f"{scheme}://{netloc}/")
    return proxies


def _resolved(host: str, port: int, flags: int = 0) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))

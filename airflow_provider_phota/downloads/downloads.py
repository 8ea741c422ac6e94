"""Downloads results from untrusted hosts: without the key, checked, bounded, resumed if they break."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from types import TracebackType
from typing import IO, Self
from urllib.parse import SplitResult, urljoin, urlsplit

import requests
from requests.structures import CaseInsensitiveDict
from requests.utils import get_environ_proxies, select_proxy

from airflow_provider_phota import __version__
from airflow_provider_phota.api.addresses import RefusedUrl, check_characters, checked_url
from airflow_provider_phota.api.errors import PhotaConfigurationError
from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.api.urls import header_text
from airflow_provider_phota.downloads.arrival import PIECE, Arrival, Broken, Gone, Undelivered
from airflow_provider_phota.downloads.guard import AddressGuard
from airflow_provider_phota.drivers.failures import transport_error
from airflow_provider_phota.drivers.flight import Flight, Watchdog, reporting_to
from airflow_provider_phota.drivers.tracking import TrackingAdapter
from airflow_provider_phota.drivers.trust import tls_context

#: Redirects that are followed at most.
REDIRECTS = 3
#: How often one picture is asked for at most.
TRIES = 4
_HEADERS = {
    "Accept": "image/png, image/jpeg, image/webp",
    "Accept-Encoding": "identity",  # received bytes are counted: a compressed body could grow after that
    "User-Agent": f"airflow-provider-phota/{__version__}",
}


@dataclass(frozen=True)
class Timing:
    """Says how long a download may take.

    Attributes:
        pause: seconds before the second try; twice as many before the third, and so on.
        head: seconds for the connection and the head of an answer.
        grace: seconds of a body in which its speed does not count.
        slowest: bytes a second that the body must reach on average after that.
        look: seconds between two looks at the deadlines.
    """

    pause: float = 0.5
    head: float = 60.0
    grace: float = 30.0
    slowest: int = 32 * 1024
    look: float = 0.1

    def due(self, received: int) -> float:
        """Returns by which second of a body the next piece must have come, after that many bytes."""
        return self.grace + (received + PIECE) / self.slowest


DEFAULT_TIMING = Timing()


class Downloads:
    """Fetches results. Several threads may use it at once; use it as a context manager.

    Args:
        settings: the PHOTA account. Its proxy is used; its host decides which private networks are allowed.
        timing: how long a download may take.
        guard: checks the addresses of hosts; for tests.
        connections: how many are kept open to each host.
    """

    def __init__(
        self,
        settings: Settings,
        timing: Timing | None = None,
        guard: AddressGuard | None = None,
        connections: int = 10,
    ) -> None:
        self._settings = settings
        self._connections = connections
        self._timing = timing or DEFAULT_TIMING
        self._own = urlsplit(settings.base_url)
        self._guard = guard or AddressGuard(self._own)
        self._watchdog = Watchdog(self._timing.look)
        # no requests.Session: it would send cookies, and credentials from .netrc, to the hosts of results
        self._adapters: dict[bool, TrackingAdapter] = {}
        self._adapters_lock = threading.Lock()

    def __enter__(self) -> Self:
        self._watchdog.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._watchdog.stop()
        for adapter in self._adapters.values():
            adapter.close()

    def break_off(self) -> None:
        """Ends all downloads, those that are under way and those that would begin, in all threads."""
        self._watchdog.cut_all()

    def fetch(self, url: str, target: IO[bytes], largest: int) -> None:
        """Writes what a URL serves to an empty file.

        Args:
            url: the URL as the service gave it. It is checked, and so is every redirect.
            target: the file, which can be truncated.
            largest: bytes that the file may have at most.

        Raises:
            Gone: the URL is no longer served.
            RefusedUrl: the URL, or a redirect of it, must not be fetched from.
            Undelivered: the file did not arrive whole.
        """
        arrival = Arrival(target, largest)
        for number in range(TRIES):
            pause = self._timing.pause * 2 ** (number - 1) if number else 0.0
            if self._watchdog.all_cut.wait(pause):
                break
            try:
                return self._follow(url, arrival)
            except Broken as broken:
                problem = broken
        if self._watchdog.all_cut.is_set():
            raise Undelivered("was broken off on its way")
        raise Undelivered(f"{problem}, {TRIES} times") from None

    def is_served(self, url: str) -> bool:
        """True if a URL is served; False if it is not, or if that cannot be found out."""
        try:
            with self._request("HEAD", self._checked(url)) as (answer, _):
                return answer.status_code == 200
        except Exception:
            return False

    def _checked(self, url: str) -> SplitResult:
        return checked_url(url, plain_http=self._own.scheme == "http")

    def _follow(self, url: str, arrival: Arrival) -> None:
        """Receives what a URL serves, behind redirects or not."""
        for _ in range(REDIRECTS + 1):
            location = self._receive(self._checked(url), arrival)
            if location is None:
                return
            url = urljoin(url, location)
        raise Undelivered(f"is behind more than {REDIRECTS} redirects")

    def _receive(self, url: SplitResult, arrival: Arrival) -> str | None:
        """Sends one request; returns where it is redirected to, or None once the file has come."""
        try:
            with self._request("GET", url, arrival.resume_headers) as (answer, flight):
                if answer.is_redirect:
                    location = header_text(answer.headers["Location"])
                    check_characters(location)  # before it is joined to the URL, which drops some characters
                    return location
                began = time.monotonic()
                for received in arrival.receive(answer):
                    self._watchdog.allow(flight, began + self._timing.due(received) - time.monotonic())
                return None
        except (Broken, Gone, Undelivered, RefusedUrl):
            raise
        except PhotaConfigurationError as error:  # its text is ours; a certificate may just be replaced
            raise Broken(f"cannot be downloaded ({str(error).rstrip('.')})") from None
        except Exception as error:
            # the text of the error may hold the URL, by which anyone can read the picture
            raise Broken(f"did not arrive ({transport_error(error, sent=True)})") from None

    @contextmanager
    def _request(
        self, method: str, url: SplitResult, headers: Mapping[str, str] | None = None
    ) -> Iterator[tuple[requests.Response, Flight]]:
        """Sends a request; yields the answer, with its body unread, and the flight that brings it."""
        proxies = self._proxies(url)
        if select_proxy(url.geturl(), proxies):
            self._guard.check_literal(url)  # the proxy looks names up: only a literal address is known here
        flight = Flight(lookup=self._guard.addresses)
        with (
            self._cut_when_late(flight),
            self._adapter(url).send(
                _prepared(method, url, headers or {}),
                stream=True,
                timeout=(self._settings.connect_timeout, self._settings.read_timeout),
                proxies=proxies,
            ) as answer,
        ):
            yield answer, flight

    @contextmanager
    def _cut_when_late(self, flight: Flight) -> Iterator[None]:
        """Cuts a flight when its time is over, and raises that as the reason."""
        late = Broken(f"came at less than {self._timing.slowest // 1024} KiB a second")
        try:
            with reporting_to(flight), self._watchdog.watch(flight, self._timing.head):
                yield
            if flight.late:  # an answer that was cut may look like one that has ended
                raise late
        except Exception:
            if flight.late:
                raise late from None
            raise

    def _adapter(self, url: SplitResult) -> TrackingAdapter:
        # the authorities of the connection vouch for its own host, not for the public host of a result
        own = url.hostname == self._own.hostname
        with self._adapters_lock:
            if own not in self._adapters:
                trusting = self._settings if own else replace(self._settings, ca_bundle=None)
                self._adapters[own] = TrackingAdapter(tls_context(trusting), self._connections)
            return self._adapters[own]

    def _proxies(self, url: SplitResult) -> dict[str, str]:
        if self._settings.proxy:
            return {"http": self._settings.proxy, "https": self._settings.proxy}
        return _environment_proxies(url.scheme, url.netloc)


def _prepared(method: str, url: SplitResult, headers: Mapping[str, str]) -> requests.PreparedRequest:
    """Builds a request without `prepare()`, which changes the URL, adds headers and takes time."""
    request = requests.PreparedRequest()
    request.method = method
    request.url = url.geturl()
    request.headers = CaseInsensitiveDict({**_HEADERS, **headers})
    request.prepare_cookies({})
    request.prepare_hooks({})
    return request


@lru_cache(maxsize=64)  # looking through the environment takes longer than a small picture
def _environment_proxies(scheme: str, netloc: str) -> dict[str, str]:
    proxies: dict[str, str] = get_environ_proxies(f"{scheme}://{netloc}/")
    return proxies

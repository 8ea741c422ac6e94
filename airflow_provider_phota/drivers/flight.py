"""A request on its way over `requests`: when its first byte leaves, and when its time is over.

urllib3 says neither, so its connections are made to: the flight of the moment is a context variable, since a
connection is made and used in the thread that sends.
"""

from __future__ import annotations

import contextlib
import errno
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

#: Says which addresses a host and port may be connected at, or raises.
Addresses = Callable[[str, int], Sequence[str]]


@dataclass
class Flight:
    """One request on its way: whether a byte of it left, over which socket, and whether its time is over."""

    before_sending: Callable[[], None] | None = None
    addresses: Addresses | None = None
    held_back: Exception | None = None
    sent: bool = False
    connecting: bool = False
    late: bool = False
    sock: Any = None

    @contextlib.contextmanager
    def cut_after(self, seconds: float) -> Iterator[None]:
        """Shut the socket down after so many seconds: a read timeout never ends an answer that drips."""
        timer = threading.Timer(seconds, self.cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def goes_over(self, sock: Any) -> None:
        """Take note of the socket; the time may have been over before there was one to shut down.

        Raises:
            TimeoutError: it was.
        """
        self.sock = sock
        if self.late:
            raise TimeoutError(errno.ETIMEDOUT, "no time left")

    def leaves(self) -> None:
        """The connection stands, and the first byte of the request goes out next."""
        if self.before_sending is not None:
            try:
                self.before_sending()
            except Exception as error:
                self.held_back = error
                raise
        self.sent = True

    def cut(self) -> None:
        """Its time is over: whoever reads from the socket, in whatever thread, reads no more."""
        self.late = True
        if self.sock is not None:
            # TLS inside the TLS of a proxy is no socket, but has one
            sock = getattr(self.sock, "socket", self.sock)
            with contextlib.suppress(OSError):
                # not SSLSocket.shutdown, which drops the TLS state the reading thread is using
                socket.socket.shutdown(sock, socket.SHUT_RDWR)


class Watch:
    """Cuts any number of flights when their time is over, with one thread for all of them."""

    def __init__(self, look: float) -> None:
        self._look = look
        self._deadlines: dict[int, tuple[Flight, float]] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="phota-watch", daemon=True)
        #: Set where all have been cut, whatever time they had.
        self.all_cut = threading.Event()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    @contextlib.contextmanager
    def watching(self, flight: Flight, seconds: float) -> Iterator[None]:
        """Give a flight so many seconds from now."""
        self.expect(flight, seconds)
        try:
            yield
        finally:
            del self._deadlines[id(flight)]

    def expect(self, flight: Flight, seconds: float) -> None:
        """Give a flight that is watched so many seconds from now instead."""
        self._deadlines[id(flight)] = (flight, time.monotonic() + seconds)

    def cut_all(self) -> None:
        self.all_cut.set()

    def _run(self) -> None:
        while not self._over.wait(self._look):
            now = time.monotonic()
            for flight, deadline in list(self._deadlines.values()):
                if now > deadline or self.all_cut.is_set():
                    flight.cut()


_flight: ContextVar[Flight] = ContextVar("flight")


@contextlib.contextmanager
def flying(before_sending: Callable[[], None] | None, seconds: float) -> Iterator[Flight]:
    """Make a flight of so many seconds the current one."""
    flight = Flight(before_sending)
    with current(flight), flight.cut_after(seconds):
        yield flight


@contextlib.contextmanager
def current(flight: Flight) -> Iterator[None]:
    """Make it the one that this thread's connections report to."""
    token = _flight.set(flight)
    try:
        yield
    finally:
        _flight.reset(token)


class _Watched:
    """Mixin of a urllib3 connection: marks the flight when the first byte of a request goes out.

    Where the flight names the addresses, they are what is connected to: a name that is looked up again could
    mean another one by then.
    """

    sock: Any
    port: int
    proxy: Any
    _dns_host: str

    def _new_conn(self) -> socket.socket:
        addresses = _flight.get().addresses
        if addresses is None or self.proxy:
            return super()._new_conn()  # type: ignore[misc,no-any-return]  # the other base has it
        name = self._dns_host
        try:
            return self._first_to_answer(addresses(name, self.port))
        finally:
            self._dns_host = name  # by which the certificate is checked

    def _first_to_answer(self, addresses: Sequence[str]) -> socket.socket:
        *others, last = addresses
        for address in others:
            self._dns_host = address
            with contextlib.suppress(OSError, HTTPError):
                return super()._new_conn()  # type: ignore[misc,no-any-return]  # the other base has it
        self._dns_host = last
        return super()._new_conn()  # type: ignore[misc,no-any-return]  # the other base has it

    def connect(self) -> None:
        flight = _flight.get()
        flight.connecting = True  # what a proxy is sent to open a tunnel is not the request
        super().connect()  # type: ignore[misc]  # the other base has it
        flight.connecting = False

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        flight = _flight.get()
        flight.goes_over(self.sock)
        if not (flight.connecting or flight.sent):
            flight.leaves()
        super().send(data)  # type: ignore[misc]  # the other base has it


class _PlainConnection(_Watched, HTTPConnection):
    pass


class _TlsConnection(_Watched, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class WatchingAdapter(HTTPAdapter):
    """An adapter without retries of its own whose connections mark when a request leaves.

    Args:
        trusted: what every connection trusts; None for connections without TLS.
    """

    _POOLS = {"http": _PlainPool, "https": _TlsPool}  # noqa: RUF012  # never changed

    def __init__(self, trusted: ssl.SSLContext | None = None) -> None:
        self.trusted = trusted
        self._tls: dict[str, Any] = {"ssl_context": trusted} if trusted else {}
        # a retry here would repeat a paid POST after damaged TLS: urllib3 ignores the method then
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **(kwargs | self._tls))
        self.poolmanager.pool_classes_by_scheme = self._POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(
            proxy, **(kwargs | self._tls | {"proxy_ssl_context": self.trusted})
        )
        manager.pool_classes_by_scheme = self._POOLS
        return manager

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Whom to trust is in the context: requests would add certifi's authorities to it."""
        super().cert_verify(conn, url, verify, cert)  # type: ignore[no-untyped-call]  # its stubs leave it so
        conn.ca_certs = conn.ca_cert_dir = None

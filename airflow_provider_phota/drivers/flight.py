"""Follows a request on its way over `requests`: when its first byte is sent, and when its time is over.

urllib3 reports neither, so the connections of `tracking.py` report both to the flight of the moment. That is
a context variable, since a connection is made and used in the thread that sends.
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

from airflow_provider_phota.api.errors import NotSent
from airflow_provider_phota.api.wire import BeforeSending
from airflow_provider_phota.drivers.failures import CLOSED_TOO_EARLY

#: Why a driver without an event loop refuses what is to be done before a request is sent.
NEEDS_LOOP = "before_sending must be a plain function without an event loop"

#: Returns the addresses at which a host and port may be connected to, or raises.
AddressLookup = Callable[[str, int], Sequence[str]]


@dataclass
class Flight:
    """Follows one request on its way.

    Attributes:
        before_sending: called once the connection is established, before the first byte is sent.
        lookup: finds the addresses to connect to, in place of the operating system.
        stopped_by: what `before_sending` raised.
        sent: True once a byte of the request may have been sent.
        connecting: True while a connection is made. What a proxy is sent then is not the request.
        late: True once its time is over.
        sock: the socket over which it goes, once there is one.
    """

    before_sending: BeforeSending | None = None
    lookup: AddressLookup | None = None
    stopped_by: Exception | None = None
    sent: bool = False
    connecting: bool = False
    late: bool = False
    sock: Any = None

    @contextlib.contextmanager
    def cut_after(self, seconds: float) -> Iterator[None]:
        """Cuts the flight after this many seconds: a read timeout never ends an answer that drips on."""
        timer = threading.Timer(seconds, self.cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def use_socket(self, sock: Any) -> None:
        """Remembers the socket to shut down when the time is over.

        Raises:
            TimeoutError: the time was over before there was a socket.
        """
        self.sock = sock
        if self.late:
            raise TimeoutError(errno.ETIMEDOUT, "no time left")

    def start_sending(self) -> None:
        """Calls `before_sending`, then marks the request as sent: its first byte is sent next."""
        if self.before_sending is not None:
            try:
                _call(self.before_sending)
            except Exception as error:
                self.stopped_by = error
                raise
            if _is_closed(self.sock):
                raise NotSent(CLOSED_TOO_EARLY)
        self.sent = True

    def cut(self) -> None:
        """Ends the flight: a thread that reads from its socket gets no more bytes."""
        self.late = True
        if self.sock is not None:
            # TLS inside the TLS of a proxy is not a socket itself, but has one
            sock = getattr(self.sock, "socket", self.sock)
            with contextlib.suppress(OSError):
                # not SSLSocket.shutdown, which drops the TLS state that the reading thread is using
                socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _call(before_sending: BeforeSending) -> None:
    if (coroutine := before_sending()) is not None:
        coroutine.close()
        raise TypeError(NEEDS_LOOP)


def _is_closed(sock: Any) -> bool:
    """Returns True if the service has ended a connection, or sent something, before it was asked anything."""
    timeout = sock.gettimeout()
    sock.settimeout(0.0)
    try:
        sock.recv(1)
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    except OSError:
        return True
    finally:
        sock.settimeout(timeout)
    return True


class Watchdog:
    """Cuts any number of flights when their time is over, with one thread for all of them.

    Args:
        look: seconds between two looks at the deadlines.
    """

    def __init__(self, look: float) -> None:
        self._look = look
        self._deadlines: dict[int, tuple[Flight, float]] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="phota-watchdog", daemon=True)
        #: Set once all flights are to be cut, whatever time they have left.
        self.all_cut = threading.Event()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    @contextlib.contextmanager
    def watch(self, flight: Flight, seconds: float) -> Iterator[None]:
        """Gives a flight this many seconds from now."""
        self.allow(flight, seconds)
        try:
            yield
        finally:
            del self._deadlines[id(flight)]

    def allow(self, flight: Flight, seconds: float) -> None:
        """Gives a flight that is watched this many seconds from now, in place of what it had."""
        self._deadlines[id(flight)] = (flight, time.monotonic() + seconds)

    def cut_all(self) -> None:
        """Cuts the flights that are under way, and those that begin later."""
        self.all_cut.set()

    def _run(self) -> None:
        while not self._stopped.wait(self._look):
            now = time.monotonic()
            for flight, deadline in list(self._deadlines.values()):
                if now > deadline or self.all_cut.is_set():
                    flight.cut()


_current: ContextVar[Flight] = ContextVar("flight")


def current_flight() -> Flight:
    """Returns the flight to which this thread's connections report."""
    return _current.get()


@contextlib.contextmanager
def reporting_to(flight: Flight) -> Iterator[None]:
    """Makes this thread's connections report to a flight."""
    token = _current.set(flight)
    try:
        yield
    finally:
        _current.reset(token)


@contextlib.contextmanager
def timed_flight(before_sending: BeforeSending | None, seconds: float) -> Iterator[Flight]:
    """Starts a flight to which connections report, and which is cut after this many seconds."""
    flight = Flight(before_sending)
    with reporting_to(flight), flight.cut_after(seconds):
        yield flight

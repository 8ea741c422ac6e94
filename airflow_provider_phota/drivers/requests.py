"""The worker's driver: a conversation over `requests`, blocking."""

from __future__ import annotations

import contextlib
import errno
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from types import TracebackType
from typing import Any, Self, TypeVar

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from airflow_provider_phota.api.errors import MaybeSent, TransportError
from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.api.wire import Conversation, FileForm, Request, Response, Sleep
from airflow_provider_phota.drivers.failures import transport_error
from airflow_provider_phota.drivers.outgoing import incoming, outgoing, pieces, proxy_for, tls_context

T = TypeVar("T")


class RequestsDriver:
    """Runs conversations one after the other; close it, or use it as a context manager."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._session = requests.Session()
        # no .netrc, no environment: what may be read from there is read in outgoing.py, for both drivers
        self._session.trust_env = False
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        if settings.ca_bundle:
            tls_context(settings)  # requests finds out at the first request only, and as an OSError
        self._session.verify = settings.ca_bundle or True
        self._adapter = _WatchingAdapter()
        self._session.mount("http://", self._adapter)
        self._session.mount("https://", self._adapter)
        proxy = proxy_for(settings)
        self._session.proxies = {"http": proxy, "https": proxy} if proxy else {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._session.close()

    def run(self, conversation: Conversation[T]) -> T:
        """Carry a conversation to its end and return what it returns."""
        try:
            step = next(conversation)
            while True:
                try:
                    answer = self._take(step)
                except TransportError as failure:
                    step = conversation.throw(failure)
                else:
                    step = conversation.send(answer)
        except StopIteration as end:
            result: T = end.value
            return result

    def _take(self, step: Request | Sleep) -> Response | None:
        if isinstance(step, Request):
            return self._exchange(step)
        time.sleep(step.seconds)
        return None

    def _exchange(self, request: Request) -> Response:
        if request.billed:
            # a kept-alive connection may be closed by the other side as the request goes out, and then
            # nobody knows whether it was received: a submit gets a connection of its own
            self._adapter.close()
        flight = _Flight(request.before_sending)
        token = _flight.set(flight)
        try:
            with flight.cut_after(self._settings.time_allowed(request)):
                return self._send(request)
        except TransportError:
            raise
        except Exception as error:
            if error is flight.held_back:
                raise
            raise transport_error(error, sent=flight.sent) from None
        finally:
            _flight.reset(token)

    def _send(self, request: Request) -> Response:
        out = outgoing(request, self._settings)
        body = _Pieces(request.body) if isinstance(request.body, FileForm) else request.body
        with self._session.request(
            request.method,
            out.url,
            headers=out.headers,
            auth=_Keep(),
            data=body,
            timeout=(self._settings.connect_timeout, self._settings.read_timeout),
            allow_redirects=False,
            stream=True,
        ) as answer:
            received = _read_capped(answer, request.max_answer)
            return incoming(answer.status_code, answer.headers.items(), received, self._settings)


def _read_capped(answer: requests.Response, limit: int) -> bytes:
    body = bytearray()
    while piece := answer.raw.read(65536, decode_content=False):
        body += piece
        if len(body) > limit:
            raise MaybeSent(f"the answer is longer than {limit} bytes")
    expected = answer.headers.get("Content-Length", "")
    if expected.isdigit() and len(body) < int(expected):
        raise MaybeSent("the answer was cut")
    return bytes(body)


class _Keep(AuthBase):
    """Authentication that leaves our own header alone; without one, requests asks ~/.netrc for another."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


class _Pieces:
    """A form as requests likes to stream it: iterable, its length in the headers already."""

    def __init__(self, form: FileForm) -> None:
        self._form = form

    def __len__(self) -> int:
        return self._form.length

    def __iter__(self) -> Iterator[bytes]:
        return pieces(self._form)


@dataclass
class _Flight:
    """One request on its way: whether a byte of it left, over which socket, and whether its time is over."""

    before_sending: Callable[[], None] | None = None
    held_back: Exception | None = None
    sent: bool = False
    connecting: bool = False
    late: bool = False
    sock: Any = None

    @contextlib.contextmanager
    def cut_after(self, seconds: float) -> Iterator[None]:
        """Shut the socket down after so many seconds: a read timeout never ends an answer that drips."""
        timer = threading.Timer(seconds, self._cut)
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

    def _cut(self) -> None:
        self.late = True
        if self.sock is not None:
            # TLS inside the TLS of a proxy is no socket, but has one
            sock = getattr(self.sock, "socket", self.sock)
            with contextlib.suppress(OSError):
                # not SSLSocket.shutdown, which drops the TLS state the reading thread is using
                socket.socket.shutdown(sock, socket.SHUT_RDWR)


_flight: ContextVar[_Flight] = ContextVar("flight")


class _Watched:
    """Mixin of a urllib3 connection: marks the flight when the first byte of a request goes out."""

    sock: Any

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


class _WatchingAdapter(HTTPAdapter):
    """An adapter without retries of its own whose connections mark when a request leaves."""

    _POOLS = {"http": _PlainPool, "https": _TlsPool}  # noqa: RUF012  # never changed

    def __init__(self) -> None:
        # a retry here would repeat a paid POST after damaged TLS: urllib3 ignores the method then
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = self._POOLS
        return manager

"""The triggerer's driver: a conversation over `aiohttp`, awaitable."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from io import BytesIO
from types import TracebackType
from typing import Protocol, Self, TypeVar

import aiohttp
from yarl import URL

from airflow_provider_phota.api.errors import MaybeSent, TransportError
from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.api.wire import Conversation, FileForm, Request, Response
from airflow_provider_phota.drivers.failures import transport_error
from airflow_provider_phota.drivers.outgoing import incoming, outgoing, pieces, proxy_for
from airflow_provider_phota.drivers.trust import tls_to_service

T = TypeVar("T")

#: Connections that one session holds at most.
CONNECTIONS = 50
#: Seconds for which a connection is kept without being used.
KEPT_ALIVE = 75.0
#: What is raised before a connection stands.
_NOT_CONNECTED = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ClientHttpProxyError,
)


class Carrier(Protocol):
    """Who sends the requests of a conversation, and lets its time pass."""

    async def exchange(self, request: Request) -> Response:
        """Send one request and read its answer; raises `TransportError` if there is none."""

    def sleep(self, seconds: float) -> Awaitable[None]:
        """Let so many seconds pass."""


async def carried(conversation: Conversation[T], carrier: Carrier) -> T:
    """Carry a conversation to its end and return what it returns."""
    try:
        step = next(conversation)
        while True:
            answer = None
            try:
                if isinstance(step, Request):
                    answer = await carrier.exchange(step)
                else:
                    await carrier.sleep(step.seconds)
            except TransportError as failure:
                step = conversation.throw(failure)
            else:
                step = conversation.send(answer)
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        conversation.close()  # of one that is cancelled the frames may live on for a while


class AiohttpDriver:
    """Runs any number of conversations at once over one session; use it as an async context manager."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._proxy = proxy_for(settings)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = self._new_session()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def run(self, conversation: Conversation[T]) -> T:
        """Carry a conversation to its end and return what it returns."""
        return await carried(conversation, self)

    def sleep(self, seconds: float) -> Awaitable[None]:
        return asyncio.sleep(seconds)

    async def exchange(self, request: Request) -> Response:
        """Send one request and read its answer.

        Raises:
            TransportError: there is none that is complete.
        """
        if self._session is None:
            raise RuntimeError("use AiohttpDriver as an async context manager")
        if request.billed:
            return await self._submit(request)
        try:
            return await self._send(self._session, request)
        except TransportError:
            raise
        except Exception as error:
            # whether a free question left is no matter of money: the exception's class is good enough
            raise transport_error(error, sent=not isinstance(error, _NOT_CONNECTED)) from None

    async def _submit(self, request: Request) -> Response:
        flight = _Flight(request.before_sending)
        try:
            # a submit gets a connection of its own: see the requests driver
            async with self._new_session(flight) as session:
                return await self._send(session, request)
        except TransportError:
            raise
        except Exception as error:
            if error is flight.held_back:
                raise
            raise transport_error(error, sent=flight.sent) from None

    async def _send(self, session: aiohttp.ClientSession, request: Request) -> Response:
        out = outgoing(request, self._settings)
        # for each request: a session may be older than the certificate authorities on disk
        trusted = tls_to_service(self._settings, self._proxy)
        async with session.request(
            request.method,
            URL(out.url, encoded=True),
            headers=out.headers,
            data=_body(request),
            proxy=self._proxy,
            ssl=True if trusted is None else trusted,
            timeout=aiohttp.ClientTimeout(
                total=self._settings.time_allowed(request),
                sock_connect=self._settings.connect_timeout,
                sock_read=self._settings.read_timeout,
            ),
            allow_redirects=False,
        ) as answer:
            body = await _read_capped(answer, request.max_answer)
            return incoming(answer.status, answer.headers.items(), body, self._settings)

    def _new_session(self, flight: _Flight | None = None) -> aiohttp.ClientSession:
        """For one submit, whose flight is traced; or, without one, for any number of questions."""
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=CONNECTIONS,
                # between two questions of a lone wait, so that each does not open a connection
                keepalive_timeout=None if flight else KEPT_ALIVE,
                force_close=flight is not None,
            ),
            trace_configs=[flight.trace()] if flight else None,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
        )


@dataclass
class _Flight:
    """One request on its way: whether a byte of it left."""

    before_sending: Callable[[], None] | None = None
    held_back: Exception | None = None
    sent: bool = False

    def trace(self) -> aiohttp.TraceConfig:
        trace = aiohttp.TraceConfig()
        trace.on_connection_create_end.append(self._connected)
        trace.on_request_headers_sent.append(self._left)
        return trace

    async def _connected(self, *_: object) -> None:
        if self.before_sending is None:
            return
        try:
            await asyncio.to_thread(self.before_sending)
        except Exception as error:
            self.held_back = error
            raise

    async def _left(self, *_: object) -> None:
        self.sent = True


async def _read_capped(answer: aiohttp.ClientResponse, limit: int) -> bytes:
    body = bytearray()
    while piece := await answer.content.readany():
        body += piece
        if len(body) > limit:
            raise MaybeSent(f"the answer is longer than {limit} bytes")
    return bytes(body)


def _body(request: Request) -> AsyncIterator[bytes] | BytesIO | None:
    if isinstance(request.body, FileForm):
        return _streamed(request.body)
    # as plain bytes, a body above 1 MiB draws a ResourceWarning
    return BytesIO(request.body) if request.body is not None else None


async def _streamed(form: FileForm) -> AsyncIterator[bytes]:
    """The form's pieces, each read from disk in a thread: the event loop is everybody's."""
    source = pieces(form)
    while piece := await asyncio.to_thread(next, source, b""):
        yield piece

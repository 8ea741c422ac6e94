"""Runs conversations on an event loop, over `aiohttp`: the triggerer's driver."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from io import BytesIO
from types import TracebackType
from typing import Self, TypeVar

import aiohttp
from aiohttp.connector import Connection
from aiohttp.tracing import Trace
from yarl import URL

from airflow_provider_phota.api.errors import MaybeSent, NotSent, TransportError
from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.api.wire import BeforeSending, Conversation, FileForm, Request, Response
from airflow_provider_phota.drivers.carrying import carry
from airflow_provider_phota.drivers.failures import CLOSED_TOO_EARLY, transport_error
from airflow_provider_phota.drivers.outgoing import incoming, outgoing, pieces, proxy_for
from airflow_provider_phota.drivers.trust import tls_for_request

T = TypeVar("T")

#: Connections that one session opens at most.
CONNECTIONS = 50
#: Seconds for which an unused connection is kept.
KEPT_ALIVE = 75.0
#: What aiohttp raises before a connection is established.
_NOT_CONNECTED = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ClientHttpProxyError,
)


class AiohttpDriver:
    """Runs any number of conversations at once over one session. Use it as an async context manager.

    Args:
        settings: the PHOTA account.
    """

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
        """Carries a conversation to its end and returns its result."""
        return await carry(conversation, self)

    def sleep(self, seconds: float) -> Awaitable[None]:
        """Lets this many seconds pass."""
        return asyncio.sleep(seconds)

    async def exchange(self, request: Request) -> Response:
        """Sends one request and returns its answer.

        Raises:
            TransportError: no complete answer came.
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
            # no money depends on whether a free question was sent: the exception's class is enough
            raise transport_error(error, sent=not isinstance(error, _NOT_CONNECTED)) from None

    async def _submit(self, request: Request) -> Response:
        flight = _Flight(request.before_sending)
        try:
            # a submit gets a connection of its own: the requests driver says why
            async with self._new_session(flight) as session:
                return await self._send(session, request)
        except TransportError:
            raise
        except Exception as error:
            if error is flight.stopped_by:
                raise
            raise transport_error(error, sent=flight.sent) from None

    async def _send(self, session: aiohttp.ClientSession, request: Request) -> Response:
        out = outgoing(request, self._settings)
        # asked for each request, since the certificate authorities on disk may be newer than the session
        trusted = tls_for_request(self._settings, self._proxy)
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
        """Opens a session for one submit, whose flight it traces, or, without a flight, for any questions."""
        connector = _SubmitConnector if flight else aiohttp.TCPConnector
        return aiohttp.ClientSession(
            connector=connector(
                limit=CONNECTIONS,
                # longer than the pause of a single wait, so that not every question opens a connection
                keepalive_timeout=None if flight else KEPT_ALIVE,
                force_close=flight is not None,
            ),
            trace_configs=[flight.trace()] if flight else None,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
        )


class _SubmitConnector(aiohttp.TCPConnector):
    """Opens connections that still stand when `before_sending`, which may take its time, has been called."""

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109  # aiohttp's own signature
    ) -> Connection:
        connection = await super().connect(req, traces, timeout)
        if connection.transport is None or connection.transport.is_closing():
            connection.close()
            raise NotSent(CLOSED_TOO_EARLY)
        return connection


@dataclass
class _Flight:
    """Follows one submit on its way.

    Attributes:
        before_sending: called once the connection is established, before the first byte is sent.
        stopped_by: what `before_sending` raised.
        sent: True once a byte of the request may have been sent.
    """

    before_sending: BeforeSending | None = None
    stopped_by: Exception | None = None
    sent: bool = False

    def trace(self) -> aiohttp.TraceConfig:
        """Returns the hooks by which aiohttp reports to this flight."""
        trace = aiohttp.TraceConfig()
        trace.on_connection_create_end.append(self._on_connected)
        trace.on_request_headers_sent.append(self._on_sent)
        return trace

    async def _on_connected(self, *_: object) -> None:
        if self.before_sending is None:
            return
        try:
            if inspect.iscoroutinefunction(self.before_sending):
                await self.before_sending()  # many may wait at once, for which there are too few threads
            elif (unfinished := await asyncio.to_thread(self.before_sending)) is not None:
                await unfinished  # of a plain function that has only made a coroutine
        except Exception as error:
            self.stopped_by = error
            raise

    async def _on_sent(self, *_: object) -> None:
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
        return _stream(request.body)
    # aiohttp warns (ResourceWarning) about plain bytes above 1 MiB
    return BytesIO(request.body) if request.body is not None else None


async def _stream(form: FileForm) -> AsyncIterator[bytes]:
    """Yields the pieces of a form; each is read in a thread, since a disk must not block the event loop."""
    source = pieces(form)
    while piece := await asyncio.to_thread(next, source, b""):
        yield piece

"""Runs conversations one after the other, over `requests`: the worker's driver."""

from __future__ import annotations

import inspect
import ssl
import time
from collections.abc import Iterator
from http.cookiejar import DefaultCookiePolicy
from types import TracebackType
from typing import Self, TypeVar

import requests
from requests.auth import AuthBase

from airflow_provider_phota.api.errors import MaybeSent, TransportError
from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.api.wire import Conversation, FileForm, Request, Response, Sleep
from airflow_provider_phota.drivers.failures import transport_error
from airflow_provider_phota.drivers.flight import NEEDS_LOOP, timed_flight
from airflow_provider_phota.drivers.outgoing import incoming, outgoing, pieces, proxy_for
from airflow_provider_phota.drivers.tracking import TrackingAdapter
from airflow_provider_phota.drivers.trust import speaks_tls, tls_context, tls_for_request

T = TypeVar("T")


class RequestsDriver:
    """Runs conversations one after the other. Close it, or use it as a context manager.

    Args:
        settings: the PHOTA account.

    Raises:
        PhotaConfigurationError: the certificate authorities that it names cannot be read.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._session = requests.Session()
        # requests reads neither .netrc nor the environment: outgoing.py reads what counts, for both drivers
        self._session.trust_env = False
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._proxy = proxy_for(settings)
        self._session.proxies = {"http": self._proxy, "https": self._proxy} if self._proxy else {}
        if speaks_tls(settings, self._proxy):
            tls_context(settings)  # reports unreadable certificate authorities before anything is tried
        self._trust(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._session.close()

    def run(self, conversation: Conversation[T]) -> T:
        """Carries a conversation to its end and returns its result."""
        try:
            step = next(conversation)
            while True:
                try:
                    answer = self._take_step(step)
                except TransportError as failure:
                    step = conversation.throw(failure)
                else:
                    step = conversation.send(answer)
        except StopIteration as end:
            result: T = end.value
            return result

    def _take_step(self, step: Request | Sleep) -> Response | None:
        if isinstance(step, Request):
            return self._exchange(step)
        time.sleep(step.seconds)
        return None

    def _exchange(self, request: Request) -> Response:
        if inspect.iscoroutinefunction(request.before_sending):
            raise TypeError(NEEDS_LOOP)
        if request.billed:
            # the other side may close a kept-alive connection just as the request goes out, and then it is
            # not known whether the service got the request: a submit gets a connection of its own
            self._adapter.close()
        trusted = tls_for_request(self._settings, self._proxy)
        if trusted is not self._adapter.trusted:
            self._trust(trusted)
        with timed_flight(request.before_sending, self._settings.time_allowed(request)) as flight:
            try:
                return self._send(request)
            except TransportError:
                raise
            except Exception as error:
                if error is flight.stopped_by:
                    raise
                raise transport_error(error, sent=flight.sent) from None

    def _trust(self, trusted: ssl.SSLContext | None) -> None:
        """Makes all further connections trust these certificate authorities."""
        self._session.close()
        self._adapter = TrackingAdapter(trusted)
        self._session.mount("http://", self._adapter)
        self._session.mount("https://", self._adapter)

    def _send(self, request: Request) -> Response:
        out = outgoing(request, self._settings)
        body = _FormBody(request.body) if isinstance(request.body, FileForm) else request.body
        with self._session.request(
            request.method,
            out.url,
            headers=out.headers,
            auth=_KeepHeader(),
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


class _KeepHeader(AuthBase):
    """Leaves our Authorization header alone. Without an `auth`, requests replaces it by one from ~/.netrc."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


class _FormBody:
    """Gives requests a form to stream: an iterable whose length is in the headers already."""

    def __init__(self, form: FileForm) -> None:
        self._form = form

    def __len__(self) -> int:
        return self._form.length

    def __iter__(self) -> Iterator[bytes]:
        return pieces(self._form)

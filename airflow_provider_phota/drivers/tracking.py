"""Makes the connections of `requests` report to the current flight when a request is sent."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Sequence
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from airflow_provider_phota.drivers.flight import current_flight


class _Tracked:
    """Tells the current flight when the first byte of a request is sent; a mixin for urllib3's connections.

    Where the flight has a lookup, only the addresses that it returns are connected to: a second lookup of the
    same name could return another address, which was never checked.
    """

    sock: Any
    port: int
    proxy: Any
    _dns_host: str

    def _new_conn(self) -> socket.socket:
        lookup = current_flight().lookup
        if lookup is None or self.proxy:
            return super()._new_conn()  # type: ignore[misc,no-any-return]  # the other base has it
        name = self._dns_host
        try:
            return self._connect_to_any(lookup(name, self.port))
        finally:
            self._dns_host = name  # the name by which the certificate is checked

    def _connect_to_any(self, addresses: Sequence[str]) -> socket.socket:
        """Connects to the first address that answers; the error of the last one is raised."""
        *others, last = addresses
        for address in others:
            self._dns_host = address
            with contextlib.suppress(OSError, HTTPError):
                return super()._new_conn()  # type: ignore[misc,no-any-return]  # the other base has it
        self._dns_host = last
        return super()._new_conn()  # type: ignore[misc,no-any-return]  # the other base has it

    def connect(self) -> None:
        flight = current_flight()
        flight.connecting = True  # what a proxy is sent to open a tunnel is not the request
        super().connect()  # type: ignore[misc]  # the other base has it
        flight.connecting = False

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        flight = current_flight()
        flight.use_socket(self.sock)
        if not (flight.connecting or flight.sent):
            flight.start_sending()
        super().send(data)  # type: ignore[misc]  # the other base has it


class _PlainConnection(_Tracked, HTTPConnection):
    pass


class _TlsConnection(_Tracked, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _PlainConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class TrackingAdapter(HTTPAdapter):
    """Sends requests over tracked connections, and never retries by itself.

    Args:
        trusted: the TLS context of every connection; None for connections without TLS.
        connections: how many are kept open to each host.
    """

    _POOLS = {"http": _PlainPool, "https": _TlsPool}  # noqa: RUF012  # never changed

    def __init__(self, trusted: ssl.SSLContext | None = None, connections: int = 10) -> None:
        self.trusted = trusted
        self._tls: dict[str, Any] = {"ssl_context": trusted} if trusted else {}
        # with retries, urllib3 would repeat even a paid POST after damaged TLS: it ignores the method then
        super().__init__(pool_maxsize=connections, max_retries=0)

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
        """Leaves the TLS context as it is, to which requests would add certifi's authorities."""
        super().cert_verify(conn, url, verify, cert)  # type: ignore[no-untyped-call]  # its stubs leave it so
        conn.ca_certs = conn.ca_cert_dir = None

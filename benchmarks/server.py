"""Serves HTTP/1.1 over TLS as cheaply as possible: `python -m benchmarks.server`.

It does not use a framework, since it shares the machine with the process that is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import signal
import ssl
import sys
from pathlib import Path
from typing import cast

from benchmarks.jobs import DURATIONS, PROGRESS, Workload
from benchmarks.service import SEEN, Service

#: Connections that may wait to be accepted, since thousands of waits may begin at once.
_BACKLOG = 4096


class Connection(asyncio.Protocol):
    """Serves one client's connection until the client closes it."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._unread = b""
        self._is_counted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        if self._is_counted:
            self._service.tally.disconnected()

    def data_received(self, data: bytes) -> None:
        self._unread += data
        while request := self._next_request():
            self._count(request[0])
            self._transport.write(self._service.answer(*request))

    def _next_request(self) -> tuple[bytes, bytes] | None:
        """Returns the path and the body of the next request, or None until the whole request is there."""
        end = self._unread.find(b"\r\n\r\n")
        if end < 0:
            return None
        head = self._unread[:end]
        whole = end + 4 + _length_of_body(head)
        if len(self._unread) < whole:
            return None
        body, self._unread = self._unread[end + 4 : whole], self._unread[whole:]
        return head.split(b" ", 2)[1], body

    def _count(self, path: bytes) -> None:
        if not self._is_counted and self._service.has_begun and path != SEEN:
            self._is_counted = True
            self._service.tally.connected()


def _length_of_body(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"\r\ncontent-length:")
    return int(rest.split(b"\r\n", 1)[0]) if found else 0


async def _serve(workload: Workload, certificate: Path) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    loop, stopping, service = asyncio.get_running_loop(), asyncio.Event(), Service(workload)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    server = await loop.create_server(lambda: Connection(service), "127.0.0.1", 0, ssl=tls, backlog=_BACKLOG)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await stopping.wait()
    server.close()


def allow_many_connections() -> None:
    """Lets this process have as many connections as the system allows."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.server", description=__doc__)
    ask = parser.add_argument
    ask("--waits", type=int, required=True)
    ask("--durations", choices=DURATIONS, required=True)
    ask("--spread", type=float, required=True)
    ask("--seed", type=int, required=True)
    ask("--progress", choices=PROGRESS, required=True)
    ask("--estimate", type=int, required=True)
    ask("--certificate", type=Path, required=True)
    options = vars(parser.parse_args())
    certificate = options.pop("certificate")
    allow_many_connections()
    asyncio.run(_serve(Workload(**options), certificate))


if __name__ == "__main__":
    main()

"""Provides networks that break during a submit. Each trial has a server of plain sockets instead of the service."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.certificates import Certificates
from tests.http_text import ACCEPTED, TASK_ID, answer, head, refusal
from tests.raw_server import (
    Behaviour,
    Peer,
    RawServer,
    answers,
    breaks_tls_after_the_request,
    closed_port,
    closes_in_the_handshake,
    closes_on_accept,
    drips,
    full_backlog,
    hangs_in_the_handshake,
    resets_in_the_body,
    resets_in_the_handshake,
    resets_on_accept,
    stalls,
)

#: More bytes than socket buffers take at once, so that the connection can break in the middle of them.
BIG = 8_000_000


@dataclass(frozen=True)
class Network:
    """Describes the network that a trial uses.

    Attributes:
        host: the base URL.
        extra: the extra of the PHOTA connection.
        billed: returns what may be billed by now: a made-up ID for each submit that came in full.
    """

    host: str
    extra: Mapping[str, Any] = field(default_factory=dict)
    billed: Callable[[], tuple[str, ...]] = tuple


Opening = Callable[[Path], AbstractContextManager[Network]]


def _no_address(_: Path) -> AbstractContextManager[Network]:
    @contextmanager
    def open_network() -> Iterator[Network]:
        yield Network("https://phota.invalid")

    return open_network()


def _port(port: Callable[[], AbstractContextManager[int]]) -> Opening:
    @contextmanager
    def open_network(_: Path) -> Iterator[Network]:
        with port() as number:
            yield Network(f"http://127.0.0.1:{number}", {"connect_timeout": 0.5})

    return open_network


def _server(*behaviours: Behaviour, refused: int = 0, accepted: bool = False) -> Opening:
    """Returns a server without TLS, which refuses the first `refused` submits. The others may be billed."""

    @contextmanager
    def open_network(_: Path) -> Iterator[Network]:
        with RawServer(behaviours) as server:
            yield Network(server.url, billed=lambda: _ids(server, refused, accepted=accepted))

    return open_network


def _over_tls(behaviour: Behaviour, *, name: str = "127.0.0.1", trusted: bool = True) -> Opening:
    """Returns a server that plays its behaviour before any handshake."""

    @contextmanager
    def open_network(folder: Path) -> Iterator[Network]:
        certificates = Certificates(folder)
        extra = {"connect_timeout": 0.5} | ({"ca_bundle": str(certificates.bundle)} if trusted else {})
        with RawServer((behaviour,), certificates.server(name), handshake=False) as server:
            yield Network(server.url, extra, lambda: _ids(server, 0, accepted=False))

    return open_network


def _ids(server: RawServer, refused: int, *, accepted: bool) -> tuple[str, ...]:
    count = max(len(server.posts()) - refused, 0)
    return (TASK_ID,) * count if accepted else tuple(f"never-arrived-{number}" for number in range(count))


def _refuses_the_first_submit(peer: Peer) -> None:
    """Refuses everything but a second submit, and closes the connection that it has promised to keep."""
    if request := peer.receive():
        is_accepted = request.method == "POST" and len(peer.server.posts()) > 1
        refused = refusal(429, "", "slow down", "Connection: keep-alive")
        peer.sock.sendall(ACCEPTED if is_accepted else refused)


def _shakes_hands(peer: Peer) -> None:
    """Shakes hands, and answers only if the client trusts the certificate."""
    try:
        peer.shake_hands()
    except ssl.SSLError:
        return
    answers(ACCEPTED)(peer)


def _redirects(status: int) -> Opening:
    return _server(answers(answer(status, {}, "Location: /elsewhere")))


NETWORKS: Mapping[str, Opening] = {
    "no address": _no_address,
    "refused": _port(closed_port),
    "full backlog": _port(full_backlog),
    "untrusted certificate": _over_tls(_shakes_hands, trusted=False),
    "certificate of another host": _over_tls(_shakes_hands, name="other.example"),
    "handshake hangs": _over_tls(hangs_in_the_handshake),
    "RST in the handshake": _over_tls(resets_in_the_handshake),
    "FIN in the handshake": _over_tls(closes_in_the_handshake),
    "FIN on accept": _server(closes_on_accept),
    "RST on accept": _server(resets_on_accept),
    "RST in the body": _server(resets_in_the_body),
    "write stalls": _server(stalls),
    "TLS garbage": _over_tls(breaks_tls_after_the_request(b"\x17\x03\x03\x00\x10" + b"x" * 16)),
    "closes a kept connection": _server(_refuses_the_first_submit, refused=1, accepted=True),
    "headers cut": _server(answers(b"HTTP/1.1 200 OK\r\nContent-Ty")),
    "chunks cut": _server(answers(head(200, "Transfer-Encoding: chunked") + b'9\r\n{"id": "t\r\n')),
    "drips": _server(drips(head(200, "Content-Length: 9999"))),
    "102 first": _server(answers(head(102) + ACCEPTED), accepted=True),
    **{f"{status}": _redirects(status) for status in (301, 302, 303, 307, 308)},
}

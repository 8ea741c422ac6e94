"""Serves over bare sockets what no HTTP library would send, and counts what it received in full.

A behaviour is a function of one accepted connection. The server plays its behaviours in the order in which
connections come, and the last one again and again; when a behaviour returns, the connection ends with a FIN.
"""

import hashlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Self

PIECE = 64 * 1024


@dataclass(frozen=True)
class Received:
    """Describes a request that came in full; its body is kept as size and digest."""

    method: str
    target: str
    headers: Mapping[str, str]
    size: int
    digest: str


class Peer:
    """Is one accepted connection, from the server's side."""

    def __init__(self, server: "RawServer", sock: socket.socket) -> None:
        self.server = server
        self.sock = sock
        self._unread = b""

    def shake_hands(self) -> None:
        """Uses TLS from here on."""
        assert self.server.tls is not None
        self.sock = self.server.tls.wrap_socket(self.sock, server_side=True)

    def receive(self) -> Received | None:
        """Reads one request in full and records it; returns None if the connection ends first."""
        head = self.receive_head()
        if head is None:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ", 2)
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        digest, left = hashlib.sha256(), int(headers.get("content-length", 0))
        size = left
        while left:
            piece = self._unread or self.sock.recv(min(left, PIECE))
            self._unread = b""
            if not piece:
                return None
            digest.update(piece)
            left -= len(piece)
        request = Received(method, target, headers, size, digest.hexdigest())
        self.server.received.append(request)
        return request

    def receive_head(self) -> bytes | None:
        while b"\r\n\r\n" not in self._unread:
            piece = self.sock.recv(PIECE)
            if not piece:
                return None
            self._unread += piece
        head, _, self._unread = self._unread.partition(b"\r\n\r\n")
        return head

    def hang(self) -> None:
        """Does nothing until the other side leaves or the server is stopped."""
        while not self.server.stopping.wait(0.02):
            self.sock.settimeout(0.0)
            with suppress(BlockingIOError, ssl.SSLWantReadError):
                if not self.sock.recv(PIECE):
                    return

    def reset(self) -> None:
        """Ends the connection with a RST."""
        # lingering for zero seconds makes the close a RST instead of a FIN
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


Behaviour = Callable[[Peer], None]


@dataclass
class RawServer:
    """Listens on a free loopback port while it is used as a context manager."""

    behaviours: tuple[Behaviour, ...]
    tls: ssl.SSLContext | None = None
    #: Whether every connection begins with a TLS handshake before its behaviour is played.
    handshake: bool = True
    #: Any address of the loopback network.
    host: str = "127.0.0.1"
    connections: int = 0
    received: list[Received] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)
    port: int = 0
    _last: object = None
    _serving: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._listener = socket.create_server((self.host, 0))
        self.port = self._listener.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept)
        self._acceptor.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stops, and waits for every connection: what was received is final after this."""
        self.stopping.set()
        with socket.socket() as last:
            # connections are accepted in the order they came: after this one there are no more to count
            last.bind((self.host, 0))
            self._last = last.getsockname()
            last.connect((self.host, self.port))
            self._acceptor.join()
        for thread in self._serving:
            thread.join()
        self._listener.close()

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.host}:{self.port}"

    def posts(self) -> list[Received]:
        return [request for request in self.received if request.method == "POST"]

    def _accept(self) -> None:
        while True:
            sock, address = self._listener.accept()
            if address == self._last:
                sock.close()
                return
            behaviour = self.behaviours[min(self.connections, len(self.behaviours) - 1)]
            self.connections += 1
            self._serving.append(threading.Thread(target=self._serve, args=(sock, behaviour)))
            self._serving[-1].start()

    def _serve(self, sock: socket.socket, behaviour: Behaviour) -> None:
        sock.settimeout(20.0)
        peer = Peer(self, sock)
        with suppress(OSError):
            if self.tls and self.handshake:
                peer.shake_hands()
            behaviour(peer)
        with suppress(OSError):
            peer.sock.close()


def answers(*raw: bytes) -> Behaviour:
    """Receives a request and sends bytes, for each of them, over one connection."""

    def play(peer: Peer) -> None:
        for answer in raw:
            if peer.receive():
                peer.sock.sendall(answer)

    return play


def resets_after(raw: bytes) -> Behaviour:
    def play(peer: Peer) -> None:
        peer.receive()
        peer.sock.sendall(raw)
        peer.reset()

    return play


def drips(head: bytes, drop: bytes = b" ") -> Behaviour:
    """Receives a request, sends the head, then a drop now and then without end."""

    def play(peer: Peer) -> None:
        peer.receive()
        peer.sock.sendall(head)
        while not peer.server.stopping.wait(0.05):
            peer.sock.sendall(drop)

    return play


def hangs_after(raw: bytes) -> Behaviour:
    def play(peer: Peer) -> None:
        peer.receive()
        peer.sock.sendall(raw)
        peer.hang()

    return play


def closes_on_accept(peer: Peer) -> None:
    """Leaves without having read a byte."""


def resets_on_accept(peer: Peer) -> None:
    peer.reset()


def closes_in_the_body(peer: Peer) -> None:
    peer.receive_head()


def resets_in_the_body(peer: Peer) -> None:
    peer.receive_head()
    peer.reset()


def answers_a_handshake_in_plain(peer: Peer) -> None:
    peer.sock.recv(PIECE)
    peer.sock.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    peer.hang()


def stalls(peer: Peer) -> None:
    """Reads the head, then no more, so that the other side's writes block."""
    peer.receive_head()
    peer.server.stopping.wait()


def hangs_in_the_handshake(peer: Peer) -> None:
    peer.sock.recv(PIECE)
    peer.hang()


def resets_in_the_handshake(peer: Peer) -> None:
    peer.sock.recv(PIECE)
    peer.reset()


def closes_in_the_handshake(peer: Peer) -> None:
    peer.sock.recv(PIECE)


def breaks_tls_after_the_request(raw: bytes) -> Behaviour:
    """Answers a request that came over TLS with bytes that are not TLS."""

    def play(peer: Peer) -> None:
        with peer.sock.dup() as below:
            peer.shake_hands()
            peer.receive()
            below.sendall(raw)
            peer.hang()

    return play


@contextmanager
def full_backlog() -> Iterator[int]:
    """Yields a port on which no further connection is accepted or refused."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(8):
            waiting = stack.enter_context(socket.socket())
            waiting.settimeout(0.0)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


@contextmanager
def closed_port() -> Iterator[int]:
    """Yields a port that refuses connections: bound, so that no other process takes it, but not listening."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()[1]

"""Behaviours of a raw server that is an HTTP proxy."""

import select
import socket
from contextlib import suppress

from raw_server import PIECE, Behaviour, Peer


def tunnels(peer: Peer) -> None:
    """Answer CONNECT and carry bytes to where it points until either side leaves."""
    request = peer.receive()
    assert request is not None
    host, _, port = request.target.rpartition(":")
    with socket.create_connection((host, int(port))) as far:
        peer.sock.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        _relay(peer, far)


def answers_connect(raw: bytes) -> Behaviour:
    """Answer CONNECT with the bytes, then hang."""

    def play(peer: Peer) -> None:
        peer.receive()
        peer.sock.sendall(raw)
        peer.hang()

    return play


def _relay(peer: Peer, far: socket.socket) -> None:
    ways = {peer.sock: far, far: peer.sock}
    with suppress(OSError):
        while not peer.server.stopping.is_set():
            for source in select.select(list(ways), [], [], 0.05)[0]:
                piece = source.recv(PIECE)
                if not piece:
                    return
                ways[source].sendall(piece)

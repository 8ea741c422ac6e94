"""Serves the files of a folder over HTTPS, as fast as a link of a given speed would: a process of its own."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from benchmarks.processes import ROOT

_PIECE = 16 * 1024


class Link:
    """Lets bytes of all connections pass, one piece after the other.

    Args:
        bytes_per_second: of the link; there is no limit if this is None.
    """

    def __init__(self, bytes_per_second: float | None) -> None:
        self._speed = bytes_per_second
        self._lock = threading.Lock()
        self._free_at = 0.0

    def wait_for(self, count: int) -> None:
        if self._speed is None:
            return
        with self._lock:
            self._free_at = max(self._free_at, time.monotonic()) + count / self._speed
            pause = self._free_at - time.monotonic()
        time.sleep(max(pause, 0.0))


def serve(folder: Path, certificate: Path, megabits: float | None) -> None:
    """Serves until the process is ended. The first line that it writes is its port."""
    link = Link(megabits and megabits * 1e6 / 8)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:  # the name that the server calls
            content = (folder / Path(self.path).name).read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            for begin in range(0, len(content), _PIECE):
                piece = content[begin : begin + _PIECE]
                link.wait_for(len(piece))
                self.wfile.write(piece)

        def log_message(self, *_: object) -> None: ...

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        sys.stdout.write(f"{server.server_port}\n")
        sys.stdout.flush()
        server.serve_forever()


@contextmanager
def serving(folder: Path, certificate: Path, megabits: float | None) -> Iterator[str]:
    """Runs the server, and gives its URL."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.paced_server",
        *map(str, (folder, certificate, megabits or "")),
    ]
    with subprocess.Popen(command, cwd=ROOT, env=os.environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield f"https://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


if __name__ == "__main__":
    serve(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]) if sys.argv[3] else None)

import subprocess
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from emulator_client import Client, archive, picture

from airflow_provider_phota.emulator import Emulator


@pytest.fixture
def client(phota_emulator: Emulator) -> Client:
    return Client(phota_emulator.url, phota_emulator.key)


class _Files(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        content = {"/photo.png": picture(), "/faces.zip": archive(picture()), "/text": b"no picture"}.get(
            self.path
        )
        self.send_response(200 if content else 302 if self.path == "/moved" else 404)
        if self.path == "/moved":
            self.send_header("Location", "/photo.png")
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        self.wfile.write(content or b"")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@pytest.fixture
def files() -> Iterator[str]:
    """Runs a user's own file server on loopback, and returns its base URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Files)
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def run_shell() -> Callable[[str], str]:
    """Runs a line that a user would copy into a shell, and returns what it prints."""

    def run(line: str) -> str:
        done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run

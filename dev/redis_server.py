"""Starts and stops a Redis server on loopback, which tests may break."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from dev.processes import ProcessDiedError, Service, free_ports, kill, start, tail

MISSING = (
    "There is no `redis-server` on the PATH. Install it: apt-get install redis-server, or brew install redis."
)
START_LIMIT = 30.0


class RedisServer:
    """Runs a throw-away server in a temporary folder. It is a context manager."""

    def __init__(self) -> None:
        program = shutil.which("redis-server")
        if program is None:
            raise FileNotFoundError(MISSING)
        self._program = program
        self.folder = Path(tempfile.mkdtemp(prefix="phota-redis-"))
        self._port = free_ports(1)[0]
        self._server: Service | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._port}/0"

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Starts the server with what it had written, and returns when it answers."""
        options = {
            "bind": "127.0.0.1",
            "port": str(self._port),
            "dir": str(self.folder),
            "save": "",
            "appendonly": "yes",
            "appendfsync": "no",  # only a power cut would lose data
        }
        flags = [flag for name, value in options.items() for flag in (f"--{name}", value)]
        command = [self._program, *flags]
        self._server = start("redis", command, env=os.environ, cwd=self.folder, log=self._log)
        self._wait_until_ready(self._server)

    def kill(self) -> None:
        """Kills the server. It does no harm if it does not run."""
        if self._server:
            kill([self._server])
            self._server = None

    def forget(self) -> None:
        """Deletes what the server has written, as if its disk were gone. It must not run."""
        shutil.rmtree(self.folder / "appendonlydir", ignore_errors=True)

    @property
    def _log(self) -> Path:
        return self.folder / "log"

    def _wait_until_ready(self, server: Service) -> None:
        deadline = time.monotonic() + START_LIMIT
        while not self._answers():
            if server.process.poll() is not None or time.monotonic() > deadline:
                raise ProcessDiedError(f"Redis did not start:\n{tail(self._log)}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        # it takes connections before it has read its file, and answers -LOADING until then
        try:
            with socket.create_connection(("127.0.0.1", self._port), timeout=2) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False

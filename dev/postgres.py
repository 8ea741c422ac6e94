"""Starts and stops a PostgreSQL server on loopback, which tests may break."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from dev.processes import ProcessDiedError, free_ports, tail

MISSING = (
    "There is no PostgreSQL on this machine: `initdb` and `postgres` were found neither on the PATH, nor "
    "by `pg_config --bindir`, nor in /usr/lib/postgresql/*/bin. Install the package `postgresql`."
)
START_LIMIT = 60.0


class PostgresCluster:
    """Runs a throw-away cluster in a temporary folder. It is a context manager."""

    def __init__(self) -> None:
        self._bin = _find_programs()
        self._user = _server_user()
        self._folder: Path | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._port = free_ports(1)[0]

    @property
    def url(self) -> str:
        """The URL for SQLAlchemy."""
        return f"postgresql+psycopg2://airflow@127.0.0.1:{self._port}/postgres"

    @property
    def pid(self) -> int:
        """The process id of the server, which leads its own session."""
        if self._server is None:
            raise RuntimeError("the cluster does not run")
        return self._server.pid

    def __enter__(self) -> Self:
        # not below another temporary folder, since the server's user must be able to reach it
        self._folder = Path(tempfile.mkdtemp(prefix="phota-postgres-"))
        try:
            if self._user:
                shutil.chown(self._folder, self._user)
            self._initialise()
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop_at_once()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        """Starts the server, and returns when it takes connections."""
        options = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "port": str(self._port),
            "max_connections": "300",
            "fsync": "off",  # without it, only a power cut loses data
        }
        flags = [flag for name, value in options.items() for flag in ("-c", f"{name}={value}")]
        with self._log.open("ab") as out:
            self._server = subprocess.Popen(
                [str(self._bin / "postgres"), "-D", str(self._data), *flags],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd=self._data.parent,
                start_new_session=True,
                user=self._user,
            )
        self._wait_until_ready(self._server)

    def stop_at_once(self) -> None:
        """Cuts every connection, as `pg_ctl stop -m immediate` does. The next start recovers the data."""
        if self._server is None:
            return
        with suppress(ProcessLookupError):
            self._server.send_signal(signal.SIGQUIT)
        self._server.wait(timeout=30)
        self._server = None

    @property
    def _data(self) -> Path:
        if self._folder is None:
            raise RuntimeError("use the cluster in a with statement")
        return self._folder / "data"

    @property
    def _log(self) -> Path:
        return self._data.with_name("log")

    def _initialise(self) -> None:
        command = [str(self._bin / "initdb"), "-D", str(self._data), "-U", "airflow", "-A", "trust"]
        done = subprocess.run(
            [*command, "-E", "UTF8", "--no-sync"],
            capture_output=True,
            text=True,
            cwd=self._data.parent,
            user=self._user,
            check=False,
        )
        if done.returncode:
            raise ProcessDiedError(f"initdb ended with code {done.returncode}:\n{done.stderr}")

    def _wait_until_ready(self, server: subprocess.Popen[bytes]) -> None:
        ask = [str(self._bin / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self._port)]
        deadline = time.monotonic() + START_LIMIT
        while subprocess.run(ask, check=False).returncode:
            if server.poll() is not None or time.monotonic() > deadline:
                raise ProcessDiedError(f"PostgreSQL did not start:\n{tail(self._log)}")
            time.sleep(0.1)


def _find_programs() -> Path:
    from_pg_config = ""
    if shutil.which("pg_config"):
        from_pg_config = subprocess.run(
            ["pg_config", "--bindir"], capture_output=True, text=True, check=False
        ).stdout.strip()
    on_path = shutil.which("postgres")
    newest_first = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in (from_pg_config and Path(from_pg_config), on_path and Path(on_path).parent, *newest_first):
        if folder and all((folder / name).exists() for name in ("initdb", "postgres", "pg_isready")):
            return folder
    raise FileNotFoundError(MISSING)


def _server_user() -> str | None:
    """Returns the user to run the server as, since the server refuses to run as root."""
    if os.geteuid():
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in names)

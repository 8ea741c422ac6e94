"""A real Airflow on loopback: scheduler, triggerer, api-server and the like, started and stopped by us.

`airflow standalone` does the same in one command, but leaves processes behind when it is told to end.
"""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil
import requests

from dev.airflow_api import AirflowApi
from dev.airflow_environment import environment_of
from dev.airflow_major import AIRFLOW, VERSION
from dev.airflow_settings import Settings
from dev.processes import ProcessDiedError, Service, kill, members, start, stop, tail

TEMPLATES = Path(__file__).resolve().parents[1] / ".build" / "airflow-databases"
BOOT_LIMIT = 180.0


class AirflowStack(AirflowApi):
    """One Airflow; a context manager that is also the client of its REST API."""

    def __init__(
        self,
        home: Path,
        dags_folder: Path,
        *,
        env: Mapping[str, str] | None = None,
        parallelism: int = 8,
        database: str | None = None,
        executor: str = "LocalExecutor",
        restart: bool = False,
    ) -> None:
        """Describe it; nothing is started yet.

        Args:
            home: AIRFLOW_HOME, made if it is missing. Component logs go to `home/logs-components`.
            dags_folder: where the DAG files are.
            env: further environment of every component, such as `AIRFLOW_CONN_PHOTA_DEFAULT`.
            parallelism: how many tasks may occupy a worker at once.
            database: SQLAlchemy URL (`postgresql+psycopg2://...`); SQLite in `home` if it is left out.
            executor: name of the Airflow executor.
            restart: start a component again when it dies, as a service manager would.
        """
        self.home = home.resolve()
        self.settings = Settings(
            self.home, dags_folder.resolve(), executor, parallelism, database, dict(env or {})
        )
        super().__init__(self.settings.url, self.settings.user, self.settings.password)
        self._env = environment_of(self.settings)
        self._services: dict[str, Service] = {}
        self._lock = threading.Lock()
        self._back_at: dict[str, float] = {}
        self._stopping = threading.Event()
        self._keeper = threading.Thread(target=self._keep_alive, daemon=True) if restart else None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pids(self) -> dict[str, int]:
        """The process id of every component; each leads a session of its own."""
        return {name: service.pid for name, service in self._services.items()}

    @property
    def component_logs(self) -> Path:
        return self.home / "logs-components"

    def start(self) -> None:
        """Migrate the database, start the components, return when all of them are healthy."""
        self.home.mkdir(parents=True, exist_ok=True)
        AIRFLOW.write_login(self.settings)
        self._migrate()
        since = datetime.now(UTC)
        for name in AIRFLOW.components:
            self._spawn(name)
        self.wait_until_healthy(since)
        self.warm_up()
        if self._keeper:
            self._keeper.start()

    def stop(self) -> None:
        """End every process of every component; harmless when there is none."""
        self._stopping.set()
        with self._lock:
            stop(self._services.values())
            self._services.clear()
        self.close()

    def restart(self, component: str) -> None:
        """Stop one component and all it started, start it anew, wait until it is healthy."""
        since = datetime.now(UTC)
        with self._lock:
            stop([self._services.pop(component)], grace=20.0)
            self._spawn(component)
        self.wait_until_healthy(since if component != "api-server" else datetime.fromtimestamp(0, UTC))

    def kill(self, component: str, *, down_for: float = 0.0) -> None:
        """KILL one component and all it started; with `restart` it is back after so many seconds."""
        with self._lock:
            self._back_at[component] = time.monotonic() + down_for
            kill([self._services[component]])

    def freeze(self, component: str, seconds: float) -> None:
        """Stop one component and all it started for so many seconds, and let it go on."""
        frozen = members([self._services[component]])
        for process in frozen:
            process.suspend()
        time.sleep(seconds)
        for process in frozen:
            with suppress(psutil.NoSuchProcess):
                process.resume()

    def wait_for_dag(self, dag_id: str, timeout: float = 90.0) -> None:
        """Return when the DAG is parsed; an import error anywhere in the DAG folder is raised at once."""

        def is_parsed() -> bool:
            problems = self.import_problems()
            if problems:
                text = "\n".join(f"{each.filename}:\n{each.stack_trace}" for each in problems)
                raise RuntimeError(f"Airflow cannot import the DAG folder:\n{text}")
            return self.has_dag(dag_id)

        self._wait_until(is_parsed, timeout, f"no DAG {dag_id!r} in {self.settings.dags_folder}")

    def _spawn(self, name: str) -> None:
        command = [sys.executable, "-m", "airflow", *AIRFLOW.components[name]]
        log = self.component_logs / f"{name}.log"
        self._services[name] = start(name, command, env=self._env, cwd=self.home, log=log)

    def wait_until_healthy(self, since: datetime) -> None:
        """Return when the database and every component are healthy, with a heartbeat later than `since`."""

        def is_healthy() -> bool:
            with suppress(requests.RequestException):  # the api-server is not up yet
                health = self.health()
                # A heartbeat from before the start is a dead predecessor's.
                beats = [beat for beat in health.heartbeats.values() if beat >= since]
                return health.database_is_healthy and len(beats) == len(AIRFLOW.components) - 1
            return False

        self._wait_until(is_healthy, BOOT_LIMIT, f"Airflow is not healthy, see {self.component_logs}")

    def _wait_until(self, reached: Callable[[], bool], timeout: float, complaint: str) -> None:
        deadline = time.monotonic() + timeout
        while not reached():
            if not self._keeper or not self._keeper.is_alive():
                for service in list(self._services.values()):
                    service.require_alive()
            if time.monotonic() > deadline:
                raise TimeoutError(f"after {timeout:.0f} s: {complaint}")
            time.sleep(0.25)

    def _keep_alive(self) -> None:
        while not self._stopping.wait(0.5):
            with self._lock:
                now = time.monotonic()
                dead = [
                    service
                    for name, service in self._services.items()
                    if service.process.poll() is not None and now >= self._back_at.get(name, 0.0)
                ]
                for service in dead:
                    if not self._stopping.is_set():
                        stop([service])
                        self._spawn(service.name)

    def _migrate(self) -> None:
        """A migrated SQLite file is kept per Airflow version: copying it saves most of a minute of CPU."""
        template = TEMPLATES / f"airflow-{VERSION}.db"
        if self.settings.database or self.settings.sqlite_file.exists() or not template.exists():
            self._run_migration()
            if not self.settings.database and not template.exists():
                _copy_sqlite(self.settings.sqlite_file, template)
        else:
            shutil.copyfile(template, self.settings.sqlite_file)

    def _run_migration(self) -> None:
        log = self.component_logs / "migrate.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "airflow", "db", "migrate"]
        with log.open("ab") as out:
            done = subprocess.run(
                command,
                env=self._env,
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                check=False,
            )
        if done.returncode:
            raise ProcessDiedError(f"airflow db migrate ended with code {done.returncode}:\n{tail(log)}")


def _copy_sqlite(source: Path, target: Path) -> None:
    """Copy a database with what is still in its write-ahead log; whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.{id(source)}.part")
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(part)) as new:
        old.backup(new)
    part.replace(target)

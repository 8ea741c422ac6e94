"""Starts and stops a real Airflow on loopback: scheduler, triggerer, api-server and the like.

`airflow standalone` does the same in one command, but leaves processes behind when it ends.
"""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil
import requests

from dev.airflow_api import AirflowApi
from dev.airflow_components import commands_of
from dev.airflow_environment import environment_of
from dev.airflow_major import AIRFLOW, VERSION
from dev.airflow_settings import Settings
from dev.processes import ProcessDiedError, Service, kill, members, start, stop, tail

TEMPLATES = Path(__file__).resolve().parents[1] / ".build" / "airflow-databases"
BOOT_LIMIT = 180.0


class AirflowStack(AirflowApi):
    """Runs one Airflow. It is a context manager, and the client of the REST API as well."""

    def __init__(
        self,
        home: Path,
        dags_folder: Path,
        *,
        env: Mapping[str, str] | None = None,
        parallelism: int = 8,
        database: str | None = None,
        executor: str = "LocalExecutor",
        instances: Mapping[str, int] | None = None,
        restart: bool = False,
    ) -> None:
        """Describes the Airflow; nothing is started yet.

        Args:
            home: AIRFLOW_HOME, made if it is missing. Component logs go to `home/logs-components`.
            dags_folder: where the DAG files are.
            env: more variables for every component, such as `AIRFLOW_CONN_PHOTA_DEFAULT`.
            parallelism: how many tasks may occupy a worker at once.
            database: SQLAlchemy URL (`postgresql+psycopg2://...`); if it is None, SQLite in `home`.
            executor: name of the Airflow executor.
            instances: how often a component runs, if that is not once, such as `{"triggerer": 2}`. Its
                processes are then called `triggerer-1` and `triggerer-2`.
            restart: start a component again when it dies, as a service manager would.
        """
        self.home = home.resolve()
        self.settings = Settings(
            self.home, dags_folder.resolve(), executor, parallelism, database, dict(env or {})
        )
        super().__init__(self.settings.url, self.settings.user, self.settings.password)
        self._env = environment_of(self.settings)
        self._commands = commands_of(instances or {})
        self._own_env: dict[str, Mapping[str, str]] = {}
        self._services: dict[str, Service] = {}
        self._lock = threading.Lock()
        self._restart_at: dict[str, float] = {}
        self._stopping = threading.Event()
        self._restarter = (
            threading.Thread(target=self._restart_dead_components, daemon=True) if restart else None
        )

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
        """The process id of every component. Each component leads its own session."""
        return {name: service.pid for name, service in self._services.items()}

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment of the components, for commands that need this Airflow."""
        return self._env

    @property
    def component_logs(self) -> Path:
        return self.home / "logs-components"

    def start(self) -> None:
        """Migrates the database, starts the components, and returns when all of them are healthy."""
        self.home.mkdir(parents=True, exist_ok=True)
        AIRFLOW.write_login(self.settings)
        self._migrate()
        since = datetime.now(UTC)
        for name in self._commands:
            self._spawn(name)
        self.wait_until_healthy(since)
        self.warm_up()
        if self._restarter:
            self._restarter.start()

    def stop(self) -> None:
        """Ends every process of every component. It does no harm if nothing runs."""
        self._stopping.set()
        with self._lock:
            stop(self._services.values())
            self._services.clear()
        self.close()

    def restart(self, component: str) -> None:
        """Stops one component and all it started, starts it again, and waits until it is healthy."""
        since = datetime.now(UTC)
        with self._lock:
            stop([self._services.pop(component)], grace=20.0)
            self._spawn(component)
        self.wait_until_healthy(since if component != "api-server" else datetime.fromtimestamp(0, UTC))

    def kill(self, component: str, *, down_for: float = 0.0) -> None:
        """Kills one component and all it started. With `restart` it is back after `down_for` seconds."""
        with self._lock:
            self._restart_at[component] = time.monotonic() + down_for
            kill([self._services[component]])

    def freeze(self, component: str, seconds: float) -> None:
        """Stops one component and all it started for that many seconds, and lets it go on."""
        with self.frozen(component):
            time.sleep(seconds)

    @contextmanager
    def frozen(self, component: str) -> Iterator[None]:
        """Stops one component and all it started until the block ends, and lets it go on."""
        stopped = members([self._services[component]])
        for process in stopped:
            with suppress(psutil.NoSuchProcess):
                process.suspend()
        try:
            yield
        finally:
            for process in stopped:
                with suppress(psutil.NoSuchProcess):
                    process.resume()

    def use_environment(self, component: str, env: Mapping[str, str]) -> None:
        """Gives one component more variables, from its next start on."""
        self._own_env[component] = env

    def wait_for_dag(self, dag_id: str, timeout: float = 90.0) -> None:
        """Returns when the DAG is parsed. An import error anywhere in the DAG folder is raised at once."""

        def is_parsed() -> bool:
            problems = self.import_problems()
            if problems:
                text = "\n".join(f"{each.filename}:\n{each.stack_trace}" for each in problems)
                raise RuntimeError(f"Airflow cannot import the DAG folder:\n{text}")
            return self.has_dag(dag_id)

        self._wait_until(is_parsed, timeout, f"no DAG {dag_id!r} in {self.settings.dags_folder}")

    def _spawn(self, name: str) -> None:
        command = [sys.executable, "-m", "airflow", *self._commands[name]]
        log = self.component_logs / f"{name}.log"
        env = {**self._env, **self._own_env.get(name, {})}
        self._services[name] = start(name, command, env=env, cwd=self.home, log=log)

    def wait_until_healthy(self, since: datetime) -> None:
        """Returns when the database and every component are healthy, with a heartbeat later than `since`."""

        def is_healthy() -> bool:
            with suppress(requests.RequestException):  # the api-server is not up yet
                health = self.health()
                # a heartbeat from before the start is from a process that is dead
                beats = [beat for beat in health.heartbeats.values() if beat >= since]
                return health.database_is_healthy and len(beats) == len(AIRFLOW.components) - 1
            return False

        self._wait_until(is_healthy, BOOT_LIMIT, f"Airflow is not healthy, see {self.component_logs}")

    def _wait_until(self, reached: Callable[[], bool], timeout: float, complaint: str) -> None:
        deadline = time.monotonic() + timeout
        while not reached():
            if not self._restarter or not self._restarter.is_alive():
                for service in list(self._services.values()):
                    service.require_alive()
            if time.monotonic() > deadline:
                raise TimeoutError(f"after {timeout:.0f} s: {complaint}")
            time.sleep(0.25)

    def _restart_dead_components(self) -> None:
        while not self._stopping.wait(0.5):
            with self._lock:
                now = time.monotonic()
                dead = [
                    service
                    for name, service in self._services.items()
                    if service.process.poll() is not None and now >= self._restart_at.get(name, 0.0)
                ]
                for service in dead:
                    if not self._stopping.is_set():
                        stop([service])
                        self._spawn(service.name)

    def _migrate(self) -> None:
        """Makes the tables. A migrated SQLite file is kept and copied, which saves most of a minute."""
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
    """Copies a database with what is still in its write-ahead log, as a whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.{id(source)}.part")
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(part)) as new:
        old.backup(new)
    part.replace(target)

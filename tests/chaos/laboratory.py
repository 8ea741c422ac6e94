"""Provides what the cases need: an Airflow whose components restart, its database, and the PHOTA service."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self, TypeVar
from zipfile import ZipFile

import requests

from airflow_provider_phota.api.forms import file_form
from airflow_provider_phota.api.protocol import get_task, upload
from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.drivers.requests_driver import RequestsDriver
from dev.airflow_answers import AirflowApiError, TaskInstance
from dev.airflow_environment import inherited
from dev.airflow_major import AIRFLOW
from dev.airflow_stack import AirflowStack
from dev.postgres import PostgresCluster
from dev.processes import Service, free_ports, start, stop
from tests.chaos.budgets import TrialBudget
from tests.chaos.cases import STORES, Trial
from tests.chaos.object_store import S3Server
from tests.chaos.places import BucketPlace, DiskPlace, Place
from tests.chaos.roots import BucketRoot, DiskRoot, Root

T = TypeVar("T")

ROOT = Path(__file__).resolve().parents[2]
PICTURE = ROOT / "example_dags/pictures/mountain-lake.jpg"
KEY = "emu-chaos-0123456789"
#: Seconds for one submit. A retry waits that long, and 5 s more, for a sender that may be alive.
TOTAL_TIMEOUT = 5.0
#: Seconds that the command `settle` may take.
SETTLE_LIMIT = 120.0


@dataclass
class PhotaService:
    """Runs the emulator as a process that keeps its state over a restart."""

    folder: Path
    port: int = field(default_factory=lambda: free_ports(1)[0])
    options: tuple[str, ...] = ("--latency", "1..2")
    _process: Service | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def is_started(self) -> bool:
        return self._process is not None

    def start(self) -> None:
        options = ["--port", str(self.port), "--state", str(self.folder / "service.db"), *self.options]
        command = [sys.executable, "-m", "airflow_provider_phota.emulator", *options]
        env = {**inherited(), "PYTHONPATH": str(ROOT)}
        self._process = start("emulator", command, env=env, cwd=self.folder, log=self.folder / "service.log")
        patiently(self.billed, 30.0)

    def stop(self) -> None:
        if self._process:
            stop([self._process])

    def billed(self) -> list[dict[str, Any]]:
        """Returns every PHOTA task that was created and paid."""
        answer = requests.get(f"{self.url}/_emulator/ledger", timeout=10)
        answer.raise_for_status()
        tasks: list[dict[str, Any]] = answer.json()["tasks"]
        return tasks

    def script(self, faults: list[dict[str, Any]]) -> None:
        requests.post(f"{self.url}/_emulator/faults", json={"faults": faults}, timeout=10).raise_for_status()

    def forget_faults(self) -> None:
        """Forgets the faults that are still to come."""
        requests.delete(f"{self.url}/_emulator/faults", timeout=10).raise_for_status()

    def profile_ids(self, phota_task_id: str) -> tuple[str, ...]:
        """Returns the profiles that a PHOTA task has made."""
        with RequestsDriver(Settings(KEY, self.url)) as driver:
            return driver.run(get_task(phota_task_id)).profile_ids

    def upload(self, path: Path) -> str:
        with RequestsDriver(Settings(KEY, self.url)) as driver:
            return driver.run(upload(file_form(path))).url


def _connection(host: str, extra: Mapping[str, Any] | None = None, key: str = KEY) -> dict[str, Any]:
    """Returns the fields of a PHOTA connection."""
    all_extras = {"total_timeout": TOTAL_TIMEOUT, **(extra or {})}
    return {"conn_type": "phota", "password": key, "host": host, "extra": all_extras}


def _zipped(picture: Path, path: Path) -> Path:
    with ZipFile(path, "w") as archive:
        archive.write(picture, picture.name)
    return path


def patiently(ask: Callable[[], T], seconds: float = 120.0) -> T:
    """Asks until there is an answer, since the harness may have stopped what is asked."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return ask()
        except (requests.RequestException, AirflowApiError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.3)


def once(act: Callable[[], object]) -> None:
    """Asks for something that has a name. Airflow says that it exists (409) if an earlier answer was lost."""

    def attempt() -> None:
        try:
            act()
        except AirflowApiError as error:
            if error.status != 409:
                raise

    patiently(attempt)


class Laboratory:
    """Runs all servers that the trials need. It is a context manager.

    Attributes:
        service_options: of the emulator.
        awaited_dag: Airflow is ready for trials once it has parsed this DAG.
    """

    service_options = PhotaService.options
    awaited_dag = "chaos_naive_submit"

    def __init__(self, database: str) -> None:
        if database == "postgres" and find_spec("psycopg2") is None:
            raise ModuleNotFoundError("Airflow speaks to PostgreSQL by psycopg2: pip install psycopg2-binary")
        self.database = database
        self.folder = Path(tempfile.mkdtemp(prefix=f"phota-chaos-{database}-"))
        self._shared: dict[str, Root] = {}
        self.checkpoints = self.folder / "checkpoints"
        self._open = ExitStack()
        self.postgres: PostgresCluster | None = None

    def __enter__(self) -> Self:
        try:
            self.checkpoints.mkdir()
            if self.database == "postgres":
                self.postgres = self._open.enter_context(PostgresCluster())
            self.service = PhotaService(self.folder, options=self.service_options)
            self._open.callback(self.service.stop)
            self.service.start()
            self.picture = self.service.upload(PICTURE)
            self.archive = self.service.upload(_zipped(PICTURE, self.folder / "anna.zip"))
            self.s3 = self._open.enter_context(S3Server(self.folder))
            self._budgets = self._new_places("budgets")
            self._shared = {store: self._new_root(store, "journal") for store in STORES}
            self.airflow = self._open.enter_context(self._stack())
            self.airflow.wait_for_dag(self.awaited_dag)
        except BaseException:
            self._open.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def _stack(self) -> AirflowStack:
        env = {
            **AIRFLOW.early_notice,
            "PYTHONPATH": str(ROOT),
            "CHAOS_ROOT": str(ROOT),
            **self._connections(),
        }
        url = self.postgres.url if self.postgres else None
        dags = Path(__file__).parent / "dags"
        return AirflowStack(self.folder / "airflow", dags, env=env, parallelism=8, database=url, restart=True)

    def _connections(self) -> Mapping[str, str]:
        """Returns the connections of Airflow, as environment variables."""
        return {
            "AIRFLOW_CONN_AWS_DEFAULT": self.s3.connection,
            "AIRFLOW_CONN_PHOTA_DEFAULT": json.dumps(_connection(self.service.url)),
        }

    def connect(self, name: str, host: str, extra: Mapping[str, Any]) -> str:
        """Makes a connection that has the name of a trial and a key of its own, and returns the name.

        It is in Airflow's database, where the triggerer finds it too.
        """
        fields = _connection(host, extra, f"{KEY}-{name}")
        once(lambda: self.airflow.add_connection(name, {**fields, "extra": json.dumps(fields["extra"])}))
        return name

    def budget(self, trial: Trial) -> TrialBudget | None:
        """Returns the budget of a trial; None if it has none."""
        if not trial.has_budget:
            return None
        return TrialBudget(self._budgets[trial.store or "file"], f"trial-{trial.number}")

    def root(self, trial: Trial) -> Root | None:
        """Returns the root of the trial's ledger, or None if the ledger is not in object storage."""
        if not trial.store:
            return None
        if not trial.case.store:
            return self._shared[trial.store]
        root = self._new_root(trial.store, f"trial-{trial.number}")
        root.begin()
        return root

    def _new_root(self, store: str, name: str) -> Root:
        """Makes a directory or a bucket, since a ledger makes neither."""
        if store == "s3":
            self.s3.make_bucket(name)
            return BucketRoot(self.s3, name)
        folder = self.folder / name
        folder.mkdir()
        return DiskRoot(folder)

    def settle_budget(self, conn_id: str, *sources: str) -> None:
        """Settles the budget of a connection, by the command that its owner has for that.

        Args:
            conn_id: of the connection.
            sources: the arguments that name ledgers and journals.
        """
        command = [sys.executable, "-m", "airflow_provider_phota", "settle", "--conn-id", conn_id, *sources]
        env = dict(self.airflow.environment)
        done = subprocess.run(
            command,
            check=False,
            env=env,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=SETTLE_LIMIT,
        )
        if done.returncode:
            raise RuntimeError(f"{conn_id}: settle has failed: {done.stdout}{done.stderr}")

    def _new_places(self, name: str) -> Mapping[str, Place]:
        self.s3.make_bucket(name)
        return {"s3": BucketPlace(self.s3, name), "file": DiskPlace(self.folder / name)}

    def edits(self, dag_id: str, run_id: str) -> list[TaskInstance]:
        found = patiently(lambda: self.airflow.task_instances(dag_id, run_id))
        return [each for each in found if each.task_id == "edit"]

    def settle(self, since: datetime) -> None:
        """Waits until all components run again."""
        self.airflow.wait_until_healthy(since)

    @staticmethod
    def now() -> datetime:
        return datetime.now(UTC)

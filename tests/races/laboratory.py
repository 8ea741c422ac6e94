"""Provides what races need: the PHOTA service, the stores and Airflow's API, all on loopback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import requests

from airflow_provider_phota.api.forms import file_form
from airflow_provider_phota.api.protocol import upload
from airflow_provider_phota.api.settings import Settings as PhotaSettings
from airflow_provider_phota.drivers.requests_driver import RequestsDriver
from airflow_provider_phota.emulator import Emulator, Fault
from airflow_provider_phota.emulator.records import LedgerEntry
from airflow_provider_phota.ledger.records import Record
from dev.airflow_environment import environment_of
from dev.airflow_settings import Settings as AirflowSettings
from dev.processes import free_ports, start, stop
from tests.chaos.object_store import ROOT, S3Server
from tests.races.attempts import Attempt, Outcome, Settings, warm_up
from tests.races.ledgers import BUCKET, Ledger, ObjectStores, recorded_in_state

#: Seconds for one submit. Other attempts wait that long, and 5 s more, for a sender that may be alive.
TOTAL_TIMEOUT = 6.0
KEY = "airflow_provider_phota"
BOOT_LIMIT = 90.0


class Laboratory:
    """Runs all servers that the races need. It is a context manager."""

    def __init__(self, folder: Path, ledgers: list[Ledger]) -> None:
        self.folder = folder
        self._needs_s3 = any(ledger.store == "s3" for ledger in ledgers)
        self._needs_state = any(ledger.keeps_state for ledger in ledgers)
        self._open = ExitStack()
        self.api = f"http://127.0.0.1:{free_ports(1)[0]}"

    def __enter__(self) -> Self:
        try:
            self._start_all()
        except BaseException:
            self._open.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def _start_all(self) -> None:
        for name in ("ledger", "logs", "airflow"):
            (self.folder / name).mkdir()
        self.service = self._open.enter_context(Emulator(latency=(1.0, 1.0)))
        s3 = self._open.enter_context(S3Server(self.folder)) if self._needs_s3 else None
        if s3:
            s3.make_bucket(BUCKET)
        self.stores = ObjectStores(self.folder / "ledger", s3)
        with RequestsDriver(PhotaSettings(Emulator.key, self.service.url)) as driver:
            picture = ROOT / "example_dags/pictures/mountain-lake.jpg"
            self.picture = driver.run(upload(file_form(picture))).url
        home = AirflowSettings(self.folder / "airflow", self.folder / "airflow", "LocalExecutor", 1, None, {})
        self.environment = {**environment_of(home), **self._connections(s3), "PYTHONPATH": str(ROOT)}
        self.environment["PYTHONWARNINGS"] = "ignore"  # Airflow and its dependencies warn about each other
        for name in [each for each in os.environ if each.startswith("AIRFLOW")]:
            del os.environ[name]
        os.environ.update(self.environment)
        warm_up()
        if self._needs_state:
            self._start_airflow()

    def _connections(self, s3: S3Server | None) -> dict[str, str]:
        phota = {"conn_type": "phota", "host": self.service.url, "password": Emulator.key}
        extra = {"extra": {"total_timeout": TOTAL_TIMEOUT}}
        known = {"AIRFLOW_CONN_PHOTA_DEFAULT": json.dumps({**phota, **extra})}
        return {**known, "AIRFLOW_CONN_AWS_DEFAULT": s3.connection} if s3 else known

    def _start_airflow(self) -> None:
        migrate = [sys.executable, "-m", "airflow", "db", "migrate"]
        subprocess.run(migrate, env=self.environment, check=True, capture_output=True)
        command = [sys.executable, "-m", "tests.races.instances", self.api.rpartition(":")[2]]
        log = self.folder / "instances.log"
        airflow = start("instances", command, env=self.environment, cwd=self.folder, log=log)
        self._open.callback(stop, [airflow])
        deadline = time.monotonic() + BOOT_LIMIT
        while True:
            with suppress(requests.RequestException):
                if requests.get(f"{self.api}/health", timeout=5).ok:
                    return
            airflow.require_alive()
            if time.monotonic() > deadline:
                raise TimeoutError(f"Airflow's API did not start, see {log}")
            time.sleep(0.2)

    def ask(self, method: str, path: str) -> Any:
        """Asks Airflow's API, and returns its answer, or None for "not found"."""
        answer = requests.request(method, f"{self.api}/{path}", timeout=60)
        if answer.status_code == 404:
            return None
        answer.raise_for_status()
        return answer.json()


@dataclass
class Race:
    """Runs one task instance, whose attempts overtake each other.

    Attributes:
        name: the ID of its run, and the prompt, which tells its bills from those of other races.
    """

    lab: Laboratory
    ledger: Ledger
    name: str
    on_ambiguous: str
    attempts: list[Attempt] = field(default_factory=list)
    instance: str | None = None

    def __post_init__(self) -> None:
        if self.ledger.keeps_state:
            self.lab.ask("POST", f"races/runs/{self.name}")

    def attempt(self, *, freeze: str | None = None) -> Attempt:
        """Starts the next attempt. Airflow has given up the one before, whatever its process still does."""
        if self.ledger.keeps_state:
            self.instance = self.lab.ask("POST", f"races/runs/{self.name}/attempts")["ti_id"]
        number = len(self.attempts) + 1
        settings = Settings(
            number,
            self.name,
            self.lab.picture,
            self.lab.stores.path(self.ledger),
            self.instance if self.ledger.keeps_state else None,
            self.lab.api,
            self.lab.environment,
            self.on_ambiguous,
            freeze,
            self.lab.folder / "logs" / f"{self.name}-{number}.log",
        )
        self.attempts.append(Attempt(settings))
        return self.attempts[-1]

    def run(self) -> Outcome:
        """Runs the next attempt to its end."""
        return self.attempt().outcome()

    def script_submit(self, kind: str, **more: Any) -> None:
        """Scripts what the service does to the next submit."""
        self.lab.service.add_faults(Fault(on="submit", kind=kind, match={"prompt": self.name}, **more))

    def tasks(self) -> list[LedgerEntry]:
        """Returns the PHOTA tasks that the service has billed."""
        return [each for each in self.lab.service.ledger() if each.request["prompt"] == self.name]

    def record(self) -> Iterator[Record]:
        """Yields what the ledger holds."""
        yield from self.lab.stores.recorded(self.ledger, self.name)
        if self.instance:
            path = f"store/ti/{self.instance}/{KEY}"
            yield from recorded_in_state(lambda: (self.lab.ask("GET", path) or {}).get("value"))

    def end(self) -> None:
        """Kills the processes that still run."""
        for each in self.attempts:
            if each.process.is_alive():
                each.process.kill()

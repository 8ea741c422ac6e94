"""With KubernetesExecutor no disk of an attempt survives it: what was paid for is known from object storage alone.

Each attempt is a process with an empty HOME, AIRFLOW_HOME and TMPDIR, which are deleted when it is killed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path, PurePosixPath

import pytest

from airflow_provider_phota.emulator import Fault

#: Each attempt imports Airflow.
pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
MOMENT_LIMIT, ATTEMPT_LIMIT = 120.0, 180.0
EXTRA = {"total_timeout": 3.0, "budget": "1 USD / total", "budget_path": "s3://aws_ledger@pods/budget"}


class Pods:
    """Starts the attempts of one edit, one after the other."""

    def __init__(self, emulator, bucket, picture_url: str, folder: Path) -> None:
        self.emulator, self.bucket, self.folder, self.tries = emulator, bucket, folder, 0
        phota = {"conn_type": "phota", "password": emulator.key, "host": emulator.url, "extra": EXTRA}
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW_")},
            "AIRFLOW_CONN_AWS_LEDGER": os.environ["AIRFLOW_CONN_AWS_LEDGER"],
            "AIRFLOW_CONN_PHOTA_DEFAULT": json.dumps(phota),
            "PYTHONPATH": os.pathsep.join((str(HERE.parents[2]), str(HERE.parent))),
            "PYTHONWARNINGS": "ignore",
            "PICTURE": picture_url,
        }

    def attempt(self) -> subprocess.Popen[str]:
        """Starts the next attempt, with a disk of its own."""
        self.tries += 1
        disk = self.folder / f"disk-{self.tries}"
        disk.mkdir()
        own = {name: str(disk) for name in ("HOME", "AIRFLOW_HOME", "TMPDIR")}
        command = [sys.executable, str(HERE / "diskless_attempt.py"), str(self.tries)]
        out = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        return subprocess.Popen(command, env={**self.environment, **own}, cwd=disk, **out)

    def kill_when(self, is_time) -> None:
        """Runs an attempt, and kills it with its disk as soon as that is true."""
        process = self.attempt()
        end = time.monotonic() + MOMENT_LIMIT
        while not is_time():
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < end, "the moment has not come"
            time.sleep(0.02)
        process.kill()
        process.communicate()
        shutil.rmtree(self.folder / f"disk-{self.tries}")

    def output(self) -> str:
        """Runs an attempt to its end, and returns what it has written."""
        return self.attempt().communicate(timeout=ATTEMPT_LIMIT)[0]

    def billed(self) -> list[str]:
        return [entry.id for entry in self.emulator.ledger()]

    def records(self) -> str:
        return "".join(self._read(name) for name in self._names("ledger/") if name.endswith(".json"))

    def budget(self) -> dict:
        """Returns the last entry of the budget's log."""
        return json.loads(
            self._read(max(n for n in self._names("budget/") if PurePosixPath(n).stem.isdigit()))
        )

    def landed(self) -> list[str]:
        return [name for name in self._names("landed/") if ".phota" not in name and name.endswith(".png")]

    def _names(self, folder: str) -> list[str]:
        return [each.key for each in self.bucket.objects.filter(Prefix=folder)]

    def _read(self, name: str) -> str:
        return self.bucket.Object(name).get()["Body"].read().decode()


@pytest.fixture
def pods(emulator, s3, picture_url, tmp_path):
    bucket = s3.create_bucket(Bucket="pods")
    bucket.objects.all().delete()
    return Pods(emulator, bucket, picture_url, tmp_path)


def test_a_submit_that_was_killed_in_flight_is_not_paid_twice(pods):
    pods.emulator.add_faults(Fault(on="submit", kind="slow_body", seconds=30.0))
    pods.kill_when(pods.billed)
    assert "may have been created and billed" in pods.output()
    assert "may have been created and billed" in pods.output()
    assert len(pods.billed()) == 1
    assert pods.landed() == []
    assert len(pods.budget()["open"]) == 1  # the price stays reserved until a person decides


def test_what_a_killed_attempt_has_paid_for_is_brought_home_by_the_next_one(pods):
    pods.emulator.add_faults(Fault(on="submit", kind="latency", seconds=8.0))
    pods.kill_when(lambda: pods.billed() and pods.billed()[0] in pods.records())
    (paid,) = pods.billed()
    assert f"delivered {paid}" in pods.output()
    assert pods.billed() == [paid]
    assert len(pods.landed()) == 1
    assert pods.budget()["open"] == {}
    assert Decimal(pods.budget()["spent"]) == Decimal("0.05")

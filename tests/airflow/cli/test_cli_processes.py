"""The command line as processes of its own: both entry points, and a connection in Airflow's database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from cli_orders import KEY
from packaging.version import Version

HAS_PROVIDER_COMMANDS = Version(version("apache-airflow")) >= Version("3.2")
AIRFLOW = [sys.executable, "-m", "airflow"]
ENTRIES = {"python -m": [sys.executable, "-m", "airflow_provider_phota"]}
if HAS_PROVIDER_COMMANDS:
    ENTRIES["airflow phota"] = [*AIRFLOW, "phota"]
every_entry = pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES.keys())


def run(*words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("_AIRFLOW")}
    env = {**inherited, "NO_PROXY": "127.0.0.1", "PYTHONPATH": str(Path(__file__).parents[3]), **environment}
    command = [str(each) for each in words]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env=env, stdin=subprocess.DEVNULL
    )


@every_entry
def test_a_command_answers_and_its_output_is_nothing_but_json(connect, entry):
    done = run(*entry, "prices", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["usd_of_one_call"]["phota-image-edit"] == 0.05
    assert KEY not in done.stdout + done.stderr


@every_entry
def test_a_failure_has_its_exit_code_and_shows_no_traceback(connect, entry):
    connect(password="sk-of-another-service")
    done = run(*entry, "doctor")
    assert done.returncode == 1, done.stderr
    assert "failed" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert run(*entry, "adopt", "dag", "run", "edit", "a b").returncode == 2


@pytest.fixture
def stored(emulator, monkeypatch) -> Iterator[str]:
    """A connection in Airflow's database, and not in the environment."""
    monkeypatch.delenv("AIRFLOW_CONN_PHOTA_DEFAULT")
    name = "phota_in_database"
    parts = {"conn_type": "phota", "password": KEY, "host": emulator.url}
    added = run(*AIRFLOW, "connections", "add", name, "--conn-json", json.dumps(parts))
    assert added.returncode == 0, added.stderr
    yield name
    run(*AIRFLOW, "connections", "delete", name)


@every_entry
def test_a_connection_in_airflows_database_is_found(stored, entry):
    done = run(*entry, "doctor", "--json", "--conn-id", stored)
    assert done.returncode == 0, done.stdout + done.stderr
    assert KEY not in done.stdout + done.stderr


def test_what_begins_a_ledger_still_works(tmp_path):
    done = run(sys.executable, "-m", "airflow_provider_phota.ledger", "begin", f"file://{tmp_path}")
    assert (done.returncode, "is now a ledger" in done.stdout) == (0, True)


@pytest.mark.skipif(not HAS_PROVIDER_COMMANDS, reason="Airflow has commands of providers since 3.2")
def test_airflow_lists_the_commands():
    done = run(*AIRFLOW, "phota", "--help")
    assert done.returncode == 0, done.stderr
    assert all(
        name in done.stdout for name in ("doctor", "prices", "spend", "ledger", "adopt", "land", "edit")
    )
    assert run(*AIRFLOW, "phota", "ledger", "list", "--help").returncode == 0

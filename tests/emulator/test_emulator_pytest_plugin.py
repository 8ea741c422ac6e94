"""The fixture comes with the package: pytest finds it by itself, and it costs other projects nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from airflow_provider_phota.emulator import Emulator
from airflow_provider_phota.emulator.pytest_plugin import _with_loopback

USES_IT = "def test_it(phota_emulator):\n    assert phota_emulator.ledger() == []\n"
LOADED = """
import sys

def test_it():
    heavy = {"airflow", "aiohttp", "requests", "PIL", "fsspec"}
    assert not heavy & set(sys.modules)
    ours = {name for name in sys.modules if name.startswith("airflow_provider_phota")}
    assert ours == {
        "airflow_provider_phota",
        "airflow_provider_phota.emulator",
        "airflow_provider_phota.emulator.pytest_plugin",
    }
"""


def pytest_in(folder: Path, test: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the tests of a user's project in another pytest, where every warning is an error."""
    (folder / "test_of_a_user.py").write_text(test)
    (folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    foreign = ("PYTEST", "AIRFLOW")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    command = [sys.executable, "-W", "error", "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_it_is_registered_by_an_entry_point():
    (found,) = entry_points(group="pytest11", name="phota_emulator")
    assert found.value == "airflow_provider_phota.emulator.pytest_plugin"


def test_nothing_is_to_be_imported(tmp_path: Path):
    done = pytest_in(tmp_path, USES_IT)
    assert done.returncode == 0, done.stdout


def test_a_project_that_does_not_use_it_pays_nothing(tmp_path: Path):
    done = pytest_in(tmp_path, LOADED)
    assert done.returncode == 0, done.stdout


def test_it_can_be_left_out(tmp_path: Path):
    done = pytest_in(tmp_path, USES_IT, "-p", "no:phota_emulator")
    assert "fixture 'phota_emulator' not found" in done.stdout


@pytest.mark.parametrize(
    "conftest",
    [
        "from airflow_provider_phota.emulator.pytest_plugin import phota_emulator",
        "pytest_plugins = ['phota_emulator']",
    ],
)
def test_a_conftest_may_name_it_all_the_same(tmp_path: Path, conftest: str):
    (tmp_path / "conftest.py").write_text(conftest)
    done = pytest_in(tmp_path, USES_IT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_default_connection_leads_to_it(phota_emulator: Emulator):
    connection = json.loads(os.environ["AIRFLOW_CONN_PHOTA_DEFAULT"])
    assert connection == {
        "conn_type": "phota",
        "host": phota_emulator.url,
        "password": phota_emulator.key,
    }


def test_the_connection_of_before_is_back_after_the_test(tmp_path: Path):
    test = (
        "import os, pytest\n"
        "@pytest.fixture(scope='module', autouse=True)\n"
        "def before():\n"
        "    os.environ |= {'AIRFLOW_CONN_PHOTA_DEFAULT': 'phota://', 'NO_PROXY': 'example.com'}\n"
        "def test_with_it(phota_emulator):\n"
        "    assert os.environ['AIRFLOW_CONN_PHOTA_DEFAULT'] == phota_emulator.connection\n"
        "def test_without_it():\n"
        "    assert os.environ['AIRFLOW_CONN_PHOTA_DEFAULT'] == 'phota://'\n"
        "    assert os.environ['NO_PROXY'] == 'example.com'\n"
    )
    done = pytest_in(tmp_path, test)
    assert done.returncode == 0, done.stdout


@pytest.fixture(params=["no_proxy", "NO_PROXY"])
def proxied(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Sets a proxy, as on a company's machine. It must be requested before the emulator."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example.com:3128")
    monkeypatch.setenv(request.param, "example.org")


def test_a_proxy_of_the_environment_is_not_asked(proxied: None, phota_emulator: Emulator):
    assert urllib.request.proxy_bypass("127.0.0.1")
    assert urllib.request.proxy_bypass("example.org")
    assert not urllib.request.proxy_bypass("example.com")


@pytest.mark.parametrize(
    ("hosts", "then"), [("", "127.0.0.1"), ("example.com,.local", "example.com,.local,127.0.0.1"), ("*", "*")]
)
def test_what_goes_past_the_proxy_still_does(hosts: str, then: str):
    assert _with_loopback(hosts) == then

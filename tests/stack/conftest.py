"""One real Airflow for all tests of this folder, with a PHOTA emulator behind it.

`stack` has parallelism 1: the strictest setting serves every test, and it is what makes "the wait holds no
worker slot" visible: a wait that kept its slot would block everything behind it. Tests that need width, or
Airflow's default heartbeats, ask for `wide_stack`; they are `slow`, so that `make test` boots Airflow once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path

import pytest
import trustme
from stack_canary import CANARY

from airflow_provider_phota.api.forms import file_form
from airflow_provider_phota.api.protocol import upload
from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.drivers.requests_driver import RequestsDriver
from airflow_provider_phota.emulator import Emulator
from dev.airflow_environment import FAST_HEARTBEAT
from dev.airflow_major import AIRFLOW
from dev.airflow_stack import AirflowStack
from dev.postgres import PostgresCluster

ROOT = Path(__file__).resolve().parents[2]
HAS_HUMANS = version("apache-airflow") >= "3.1"
CONSOLE = "https://console.example/tasks/{phota_task_id}"
#: In USD, of all orders of `phota_budgeted`, with a log that all tests share.
BUDGET = Decimal(1)
PICTURE = ROOT / "example_dags" / "pictures" / "mountain-lake.jpg"


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    """Behind `phota_default`: slow enough that a wait is seen deferred."""
    with Emulator(port=0, latency=(10.0, 12.0), seed=0) as service:
        yield service


@pytest.fixture(scope="session")
def quick_emulator() -> Iterator[Emulator]:
    """Behind `phota_quick`: edits are done before a scheduler can look twice."""
    with Emulator(port=0, latency=(0.2, 1.0), seed=0) as service:
        yield service


@pytest.fixture(scope="session")
def untrusted_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """Behind `phota_untrusted`: over TLS, by a certificate that no machine trusts."""
    certificate = tmp_path_factory.mktemp("certificate") / "emulator.pem"
    trustme.CA().issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(certificate)
    with Emulator(port=0, seed=0, tls_cert=certificate) as service:
        yield service


@pytest.fixture(scope="session")
def budget_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("budget")


@pytest.fixture(scope="session")
def connections(
    emulator: Emulator, quick_emulator: Emulator, untrusted_emulator: Emulator, budget_folder: Path
) -> dict[str, str]:
    budget = {"budget": f"{BUDGET} USD / total", "budget_path": f"file://{budget_folder}"}
    return {
        "AIRFLOW_CONN_PHOTA_BUDGETED": _connection(emulator.url, **budget),
        "AIRFLOW_CONN_PHOTA_UNTRUSTED": _connection(untrusted_emulator.url),
        "AIRFLOW_CONN_PHOTA_DEFAULT": _connection(emulator.url),
        "AIRFLOW_CONN_PHOTA_CONSOLE": _connection(emulator.url, console_url=CONSOLE),
        "AIRFLOW_CONN_PHOTA_QUICK": _connection(quick_emulator.url),
        "AIRFLOW_CONN_PHOTA_MALFORMED": _connection(emulator.url, key=f"{CANARY} {CANARY}"),
    }


@pytest.fixture(scope="session")
def dags_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tests' own DAGs beside the examples; linked, so that `__file__` still has its neighbours."""
    folder = tmp_path_factory.mktemp("dags")
    (folder / "tests").symlink_to(Path(__file__).parent / "dags")
    (folder / "examples").mkdir()
    for each in (ROOT / "example_dags").iterdir():
        if each.stem != "review_pictures" or HAS_HUMANS:  # which an older Airflow cannot parse
            (folder / "examples" / each.name).symlink_to(each)
    return folder


@pytest.fixture(scope="session")
def database() -> Iterator[str | None]:
    """SQLite, if this Airflow runs tasks on it; else a PostgreSQL of our own."""
    if "sqlite" in AIRFLOW.databases:
        yield None
        return
    with PostgresCluster() as cluster:
        yield cluster.url


@pytest.fixture(scope="session")
def stack(
    tmp_path_factory: pytest.TempPathFactory,
    dags_folder: Path,
    connections: dict[str, str],
    database: str | None,
) -> Iterator[AirflowStack]:
    """The shared Airflow: parallelism 1."""
    env, home = {**connections, **FAST_HEARTBEAT}, tmp_path_factory.mktemp("airflow")
    with AirflowStack(home, dags_folder, env=env, parallelism=1, database=database) as airflow:
        yield airflow


@pytest.fixture(scope="session")
def wide_stack(
    tmp_path_factory: pytest.TempPathFactory, dags_folder: Path, connections: dict[str, str]
) -> Iterator[AirflowStack]:
    """Parallelism 8 and no tuned heartbeat, for tests marked `slow`."""
    home = tmp_path_factory.mktemp("wide-airflow")
    with AirflowStack(home, dags_folder, env=connections, parallelism=8) as airflow:
        yield airflow


@pytest.fixture(scope="session")
def picture_url(emulator: Emulator) -> str:
    return _uploaded(emulator)


@pytest.fixture(scope="session")
def quick_picture_url(quick_emulator: Emulator) -> str:
    return _uploaded(quick_emulator)


def _uploaded(service: Emulator) -> str:
    """The example's photograph, where the emulator can read it."""
    with RequestsDriver(Settings(CANARY, service.url)) as driver:
        return driver.run(upload(file_form(PICTURE))).url


def _connection(url: str, key: str = CANARY, **extra: str) -> str:
    return json.dumps({"conn_type": "phota", "password": key, "host": url, "extra": extra})

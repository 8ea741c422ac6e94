"""One real Airflow for all tests of this folder, with a PHOTA emulator behind it.

`stack` has parallelism 1: the strictest setting serves every test, and it is what makes "the wait holds no
worker slot" visible: a wait that kept its slot would block everything behind it. Tests that need width, or
Airflow's default heartbeats, ask for `wide_stack`; they are `slow`, so that `make test` boots Airflow once.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))  # `dev` is no part of the package, so it is not installed

from airflow_provider_phota.emulator import Emulator  # noqa: E402
from dev.airflow_settings import FAST_HEARTBEAT  # noqa: E402
from dev.airflow_stack import AirflowStack  # noqa: E402


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
def connections(emulator: Emulator, quick_emulator: Emulator) -> dict[str, str]:
    services = {"PHOTA_DEFAULT": emulator, "PHOTA_QUICK": quick_emulator}
    return {f"AIRFLOW_CONN_{name}": _connection(service) for name, service in services.items()}


@pytest.fixture(scope="session")
def dags_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tests' own DAGs beside the examples; linked, so that `__file__` still has its neighbours."""
    folder = tmp_path_factory.mktemp("dags")
    (folder / "tests").symlink_to(Path(__file__).parent / "dags")
    (folder / "examples").symlink_to(ROOT / "example_dags")
    return folder


@pytest.fixture(scope="session")
def stack(
    tmp_path_factory: pytest.TempPathFactory, dags_folder: Path, connections: dict[str, str]
) -> Iterator[AirflowStack]:
    """The shared Airflow: parallelism 1."""
    env = {**connections, **FAST_HEARTBEAT}
    with AirflowStack(tmp_path_factory.mktemp("airflow"), dags_folder, env=env, parallelism=1) as airflow:
        yield airflow


@pytest.fixture(scope="session")
def wide_stack(
    tmp_path_factory: pytest.TempPathFactory, dags_folder: Path, connections: dict[str, str]
) -> Iterator[AirflowStack]:
    """Parallelism 8 and no tuned heartbeat, for tests marked `slow`."""
    home = tmp_path_factory.mktemp("wide-airflow")
    with AirflowStack(home, dags_folder, env=connections, parallelism=8) as airflow:
        yield airflow


def _connection(service: Emulator) -> str:
    return json.dumps({"conn_type": "phota", "password": service.key, "host": service.url})

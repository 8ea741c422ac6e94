"""A private Airflow home with a migrated SQLite database, made before anything imports Airflow."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_phota.emulator import Emulator

_HOME = tempfile.TemporaryDirectory(prefix="phota-airflow-")
_SETTINGS = {
    "AIRFLOW_HOME": _HOME.name,
    "AIRFLOW__CORE__DAGS_FOLDER": f"{_HOME.name}/dags",
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
}
# Airflow reads its settings when it is first imported, which a test module does before any fixture runs
for _name in [name for name in os.environ if name.startswith("AIRFLOW")]:
    del os.environ[_name]
os.environ.update(_SETTINGS)
sys.path.insert(0, str(Path(__file__).parent))

if version("apache-airflow") < "3.3":
    collect_ignore = ["operators/test_retry_policy.py"]  # Airflow has no retry policies before 3.3
else:
    collect_ignore = ["operators/test_no_retry_policy.py"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.airflow)
            # Airflow and its 150 dependencies warn about each other; ours stay errors
            item.add_marker(pytest.mark.filterwarnings("default"))
            item.add_marker(pytest.mark.filterwarnings("error:::airflow_provider_phota"))


@pytest.fixture(scope="session")
def metadata_database() -> Iterator[None]:
    """A migrated database; by a process of its own, as `airflow db migrate` is meant to be run."""
    from airflow_runs import FOLDERS

    Path(_HOME.name, "dags").mkdir()
    for name, folder in FOLDERS.items():
        Path(_HOME.name, "dags", name).symlink_to(folder)
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True, capture_output=True)
    yield
    _HOME.cleanup()


@pytest.fixture(scope="session")
def emulator_process() -> Iterator[Emulator]:
    with Emulator(port=0, latency=(0.1, 0.2), seed=0) as service:
        yield service


@pytest.fixture
def emulator(emulator_process: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    """A clean PHOTA service, and `phota_default` pointing at it."""
    emulator_process.reset()
    connection = {"conn_type": "phota", "password": emulator_process.key, "host": emulator_process.url}
    monkeypatch.setenv("AIRFLOW_CONN_PHOTA_DEFAULT", json.dumps(connection))
    return emulator_process


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Triggers fire as soon as they can: in `dag.test()` there is no scheduler to mind."""
    monkeypatch.setattr("airflow_provider_phota.triggers.phota.EARLIEST_EVENT", 0.0)


@pytest.fixture
def picture_url(emulator: Emulator) -> str:
    """A picture the emulator can read."""
    from airflow_runs import PICTURE

    from airflow_provider_phota.hooks.phota import PhotaHook

    return PhotaHook().upload_file(PICTURE)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """The only picture of a folder, so that the folder can be the photos of a person."""
    from airflow_runs import PICTURE

    folder = tmp_path / "anna"
    folder.mkdir()
    return Path(shutil.copy(PICTURE, folder))


@pytest.fixture(params=["task state", "object storage"])
def remembering(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """What a context and an operator need, for either ledger."""
    from airflow_runs import TaskInstance
    from attempt_by_hand import Accessor

    if request.param == "task state":
        return {"ti": TaskInstance(), "task_state_store": Accessor()}, {}
    return {"ti": TaskInstance()}, {"ledger_path": f"file://{tmp_path}"}


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """A server that speaks S3, over real HTTP."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """S3 as another process sees it, by a client of its own; `aws_ledger` points at the same server."""
    import boto3
    from airflow_runs import aws_connection

    monkeypatch.setenv("AIRFLOW_CONN_AWS_LEDGER", aws_connection(s3_server))
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    return boto3.resource("s3", endpoint_url=s3_server, **keys)

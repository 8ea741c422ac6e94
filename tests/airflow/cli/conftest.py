"""Runs the command line as a person does, and holds that it never shows the key."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from airflow_runs import PICTURE
from cli_orders import KEY

from airflow_provider_phota.emulator import Emulator

sys.path.insert(0, str(Path(__file__).parents[1] / "batch"))  # for the shop


@dataclass(frozen=True)
class Done:
    """What a command has shown, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture(autouse=True)
def _empty_task_state(metadata_database) -> None:
    """Forgets what other tests have left in the metadata database."""
    from airflow_provider_phota.compat import HAS_TASK_STATE

    if HAS_TASK_STATE:
        from airflow.models.task_state_store import TaskStateStoreModel
        from airflow.utils.session import create_session

        with create_session() as session:
            session.query(TaskStateStoreModel).delete()


@pytest.fixture(autouse=True)
def _ready(metadata_database, monkeypatch: pytest.MonkeyPatch) -> None:
    # the command line sets it for its own process
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "server")


@pytest.fixture
def connect(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes `phota_default` lead to the emulator; what is given replaces its parts."""

    def connect(*, password: str = KEY, host: str = "", **extra: Any) -> None:
        parts = {"conn_type": "phota", "password": password, "host": host or emulator.url, "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_PHOTA_DEFAULT", json.dumps(parts))

    connect()
    return connect


@pytest.fixture
def phota(connect: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Runs a command in this process."""
    from airflow_provider_phota.cli.parser import main

    def phota(*words: object) -> Done:
        capsys.readouterr()
        try:
            code = main([str(word) for word in words])
        except SystemExit as end:  # argparse's
            code = end.code
        shown = capsys.readouterr()
        assert KEY not in shown.out + shown.err
        return Done(code, shown.out, shown.err)

    return phota


@pytest.fixture
def ledger(tmp_path: Path, connect: Callable[..., None]) -> str:
    """A ledger in object storage, which the connection names."""
    (tmp_path / "ledger").mkdir()
    url = f"file://{tmp_path}/ledger"
    connect(ledger_path=url)
    return url


@pytest.fixture
def shop(emulator: Emulator, tmp_path: Path) -> Any:
    """A shop without pictures, whose results are small."""
    from shop import Shop

    emulator.draw("small")
    return Shop(emulator, tmp_path)


@pytest.fixture
def photo() -> str:
    return str(PICTURE)

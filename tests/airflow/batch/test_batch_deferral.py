"""A batch that leaves its worker slot while nothing is to be done, in a real Airflow."""

from __future__ import annotations

import json

import pytest
from airflow_runs import run
from PIL import Image

from airflow_provider_phota.emulator import Emulator

pytestmark = pytest.mark.usefixtures("metadata_database")


@pytest.fixture
def slow(monkeypatch):
    """A service that takes some seconds for each edit."""
    with Emulator(port=0, latency=(3, 4), seed=0) as service:
        connection = {"conn_type": "phota", "password": service.key, "host": service.url}
        monkeypatch.setenv("AIRFLOW_CONN_PHOTA_SLOW", json.dumps(connection))
        monkeypatch.setattr("airflow_provider_phota.triggers.phota.EARLIEST_EVENT", 0.0)
        yield service


def test_a_batch_pauses_in_the_triggerer(slow, tmp_path, caplog):
    for number in range(20):
        path = tmp_path / "inbox" / f"{number:02d}.png"
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", (16, 16), (number * 10, 10, 10)).save(path)
    done = run("batch", edits=f"file://{tmp_path}/inbox", destination=f"file://{tmp_path}/out")
    assert done.states == {"edit": ["success"]}
    summary = done.xcom("edit")
    assert summary["counts"]["landed"] == summary["total"] == len(slow.ledger()) == 20
    journal = tmp_path / "out" / ".phota-batches"
    assert len(list(journal.glob("*/leases/*"))) > 1
    assert len(list(journal.glob("*/waits/*"))) > 0

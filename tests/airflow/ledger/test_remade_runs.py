"""A DAG run that is deleted and made again with the same ID."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import version

import pytest
from airflow_runs import run
from packaging.version import Version

pytestmark = pytest.mark.usefixtures("metadata_database", "at_once")

WHEN = datetime(2025, 9, 6, tzinfo=UTC)


@pytest.fixture
def ledger_path(emulator, tmp_path, monkeypatch):
    connection = {**json.loads(emulator.connection), "extra": {"ledger_path": f"file://{tmp_path}"}}
    monkeypatch.setenv("AIRFLOW_CONN_PHOTA_DEFAULT", json.dumps(connection))


def remade(*editions, **conf):
    """A run for each edition, all of one date: `dag.test()` deletes the run before it, and takes its ID."""
    with suppress(ImportError):  # Airflow 2 deletes a run only where the table of users is known
        import airflow.providers.fab.auth_manager.models  # noqa: F401
    runs = [run("with_edition", WHEN, edition=edition, **conf) for edition in editions]
    assert len({each.run_id for each in runs}) == 1
    return [each.xcom("edit") for each in runs]


def test_object_storage_still_knows_the_edit_of_the_deleted_run(emulator, picture_url, ledger_path):
    first, second = remade("one", "one", image_urls=picture_url)
    assert [first] == [second] == [entry.id for entry in emulator.ledger()]


def test_another_edition_is_paid_for(emulator, picture_url, ledger_path):
    first, second = remade("one", "two", image_urls=picture_url)
    assert first != second
    assert [first, second] == [entry.id for entry in emulator.ledger()]


@pytest.mark.skipif(
    Version(version("apache-airflow")) < Version("3.3"), reason="Airflow has no task state store before 3.3"
)
def test_the_task_state_is_deleted_with_its_run(emulator, picture_url):
    first, second = remade("one", "one", image_urls=picture_url)
    assert first != second
    assert [first, second] == [entry.id for entry in emulator.ledger()]

"""The list of open tasks is read back as it was written, and a damaged one says that the tasks go on."""

from __future__ import annotations

from pathlib import Path

import pytest

from airflow_provider_phota.api.errors import PhotaLedgerError
from airflow_provider_phota.journal.waits import OpenTask, read_waits, write_waits

pytestmark = pytest.mark.usefixtures("metadata_database")

TASKS = (
    OpenTask("a" * 24, "task-1", 100.0, 3500.0, 20.0, "phota-image-edit"),
    OpenTask("b" * 24, "task-2", None, 3600.0, None, "phota-image-generate"),
)


def test_a_list_is_read_back(folder):
    place = write_waits(folder, 3, 2, TASKS)
    assert place.url == f"{folder.url}/waits/00003-000002.json"
    assert read_waits(place) == TASKS


def test_a_number_is_used_once(folder):
    write_waits(folder, 1, 1, TASKS)
    with pytest.raises(PhotaLedgerError, match="there already"):
        write_waits(folder, 1, 1, TASKS)


def test_a_list_that_is_gone_says_that_the_tasks_go_on(folder):
    place = write_waits(folder, 1, 1, TASKS)
    with pytest.raises(PhotaLedgerError, match="go on and are billed"):
        read_waits(place.parent / "00001-000002.json")


@pytest.mark.parametrize(
    ("old", "new", "damage"),
    [
        ('"version": 1', '"version": 2', "not a list of version 1"),
        ("task-1", "../x", "not a PHOTA task"),
        ('"item"', '"thing"', "missing or wrong"),
        ("{", "", "not JSON"),
    ],
)
def test_a_damaged_list_is_named(disk_folder, old, new, damage):
    place = write_waits(disk_folder, 1, 1, TASKS)
    path = Path(place.path)
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(PhotaLedgerError, match=damage) as caught:
        read_waits(place)
    assert "00001-000001.json" in str(caught.value)

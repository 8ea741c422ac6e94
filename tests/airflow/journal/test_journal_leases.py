"""One process at a time holds a journal, and a journal of another batch is refused."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from airflow_provider_phota.api.errors import PhotaLedgerError
from airflow_provider_phota.journal.leases import BatchOwner, Lease, Try, claim, latest_lease
from airflow_provider_phota.storage import objects

pytestmark = pytest.mark.usefixtures("metadata_database")

OWNER = BatchOwner("dag", "run", "edit")
FIRST = Try(1, 0)


def write_by_hand(place, content):
    place.fs.makedirs(place.folder, exist_ok=True)
    place.fs.pipe_file(place.path, content)


def test_a_later_lease_overtakes_all_before_it(folder):
    assert latest_lease(folder) is None
    first = Lease.take(folder, FIRST, "plan")
    assert (first.number, first.is_overtaken()) == (1, False)
    second = Lease.take(folder, FIRST, "plan")
    third = Lease.take(folder, Try(2, 1), "plan")
    assert [each.is_overtaken() for each in (first, second, third)] == [True, True, False]
    assert latest_lease(folder) == third
    assert [each.first_of_try for each in (first, second, third)] == [1, 1, 3]


def test_processes_that_take_a_lease_at_once_get_different_ones(folder):
    with ThreadPoolExecutor(8) as pool:
        leases = list(pool.map(lambda _: Lease.take(folder, FIRST, "plan"), range(8)))
    assert sorted(each.number for each in leases) == list(range(1, 9))
    assert sum(not each.is_overtaken() for each in leases) == 1


def test_a_journal_is_claimed_once_and_known_again(folder):
    claim(folder, OWNER)
    before = objects.read(folder / "batch.json")
    claim(folder, OWNER)
    claim(folder, OWNER, may_begin=False)
    assert objects.read(folder / "batch.json") == before


@pytest.mark.parametrize(
    "other",
    [
        BatchOwner("dag", "run", "other"),
        BatchOwner("dag", "run", "edit", 3),
        BatchOwner("dag", "run", "edit", key="a"),
    ],
)
def test_the_journal_of_another_batch_is_refused(disk_folder, other):
    claim(disk_folder, other)
    with pytest.raises(PhotaLedgerError, match="belongs to another batch") as caught:
        claim(disk_folder, OWNER)
    assert str(other) in str(caught.value)
    assert "another destination or ledger_path" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "is damaged: it is not JSON"),
        (b"[]", "is damaged"),
        (b'{"version": 2}', "has version 2"),
        (b"{}", "version"),
    ],
)
def test_a_journal_that_cannot_be_understood_is_refused(disk_folder, content, words):
    write_by_hand(disk_folder / "batch.json", content)
    with pytest.raises(PhotaLedgerError, match=words):
        claim(disk_folder, OWNER)


def test_a_journal_that_has_lost_its_beginning_is_not_a_new_one(folder):
    claim(folder, OWNER)
    Lease.take(folder, FIRST, "plan")
    objects.remove(folder / "batch.json")
    with pytest.raises(PhotaLedgerError, match="missing or incomplete"):
        claim(folder, OWNER)


def test_a_journal_that_must_be_there_is_not_begun(folder):
    with pytest.raises(PhotaLedgerError, match="missing or incomplete"):
        claim(folder, OWNER, may_begin=False)
    assert objects.names(folder) == []


def test_a_bucket_is_not_made(bucket, s3_folder):
    bucket.gate("away")
    with pytest.raises(FileNotFoundError):
        claim(s3_folder, OWNER)


def test_a_damaged_lease_is_not_passed_over(disk_folder):
    Lease.take(disk_folder, FIRST, "plan")
    write_by_hand(disk_folder / "leases" / "00001.json", json.dumps({"lease": 2}).encode())
    with pytest.raises(PhotaLedgerError, match=r"leases/00001.json is damaged"):
        Lease.take(disk_folder, FIRST, "plan")

"""Which profile was made of which photos: what is on record is never paid for again."""

from __future__ import annotations

import json
import logging
import threading

import pytest
from airflow_runs import aws_connection
from fsspec.implementations.local import LocalFileSystem
from least_rights import LeastRights

from airflow_provider_phota.api.errors import PhotaLandingError, PhotaLedgerError
from airflow_provider_phota.inputs.profiles import Profiles
from airflow_provider_phota.storage import objects
from airflow_provider_phota.storage.paths import Place, checked_path

DIGEST = "0123456789abcdef" * 4
SERVICE = "https://api.example.com"


def profiles(path, conn_id="phota_default", base_url=SERVICE):
    return Profiles.of(Place.of(checked_path("profiles_path", path)), base_url, conn_id)


@pytest.fixture(params=["disk", "s3"])
def path(request, tmp_path):
    if request.param == "disk":
        return f"file://{tmp_path}"
    bucket = request.getfixturevalue("s3").create_bucket(Bucket="profiles")
    bucket.objects.delete()
    return "s3://aws_ledger@profiles/of/people"


def entry_of(path):
    """The object that the profile is kept in."""
    return Place.of(checked_path("profiles_path", path)) / f"profiles/{profiles(path).account}/{DIGEST}.json"


def test_what_was_noted_is_found(path):
    assert profiles(path).find(DIGEST) is None
    assert profiles(path).note(DIGEST, "profile-1", "task-1") == "profile-1"
    assert profiles(path).find(DIGEST) == "profile-1"
    entry = json.loads(objects.read(entry_of(path)))
    assert entry.pop("noted_at") > 1.7e9
    assert entry == {"version": 1, "profile_id": "profile-1", "phota_task_id": "task-1"}


def test_a_look_leaves_nothing_behind(path):
    profiles(path).find(DIGEST)
    assert objects.names(entry_of(path).parent) == []


def test_another_account_has_profiles_of_its_own(path):
    profiles(path).note(DIGEST, "profile-1", "task-1")
    assert profiles(path, conn_id="other").find(DIGEST) is None
    assert profiles(path, base_url="https://other.example.com").find(DIGEST) is None
    assert profiles(path).find("f" * 64) is None


def test_what_another_process_noted_a_moment_ago_is_found(path):
    mine, other = profiles(path), profiles(path)
    assert mine.find(DIGEST) is None
    other.note(DIGEST, "profile-1", "task-1")
    assert mine.find(DIGEST) == "profile-1"


def test_the_first_profile_stays(path, caplog):
    profiles(path).note(DIGEST, "profile-1", "task-1")
    with caplog.at_level(logging.WARNING):
        assert profiles(path).note(DIGEST, "profile-1", "task-1") == "profile-1"
        assert "Another" not in caplog.text
        assert profiles(path).note(DIGEST, "profile-2", "task-2") == "profile-1"
    assert "Another task has made the profile profile-1 of the same photos" in caplog.text
    assert profiles(path).find(DIGEST) == "profile-1"


def test_of_many_at_once_one_stays(path):
    answers, start = [], threading.Barrier(8)

    def note(number):
        start.wait()
        answers.append(profiles(path).note(DIGEST, f"profile-{number}", f"task-{number}"))

    threads = [threading.Thread(target=note, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 8
    assert set(answers) == {profiles(path).find(DIGEST)}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"version": 1}',
        b'{"version": 2, "profile_id": "profile-1"}',
        b'{"version": 1, "profile_id": ""}',
        b'{"version": 1, "profile_id": 5}',
    ],
)
def test_a_damaged_entry_is_not_taken_for_none(path, content):
    profiles(path).note(DIGEST, "profile-1", "task-1")
    entry_of(path).fs.pipe_file(entry_of(path).path, content)
    with pytest.raises(PhotaLedgerError, match=r"(?s)nothing was sent.*\.json is damaged: .*delete it"):
        profiles(path).find(DIGEST)
    with pytest.raises(
        PhotaLandingError, match=r"(?s)^The profile profile-2 of PHOTA task task-2 .*damaged"
    ) as told:
        profiles(path).note(DIGEST, "profile-2", "task-2")
    assert told.value.phota_task_id == "task-2"
    assert objects.read(entry_of(path)) == content


def test_a_directory_that_is_not_there_is_not_taken_for_empty(tmp_path):
    """As the directory of a disk that is not mounted."""
    path = f"file://{tmp_path}/mnt/profiles"
    with pytest.raises(PhotaLedgerError, match=r"(?s)nothing was sent.*does not exist. Is the disk mounted"):
        profiles(path).find(DIGEST)
    with pytest.raises(PhotaLandingError, match=r"does not exist. Is the disk mounted"):
        profiles(path).note(DIGEST, "profile-1", "task-1")
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_not_a_directory(tmp_path):
    (tmp_path / "profiles").touch()
    with pytest.raises(PhotaLedgerError, match="nothing was sent"):
        profiles(f"file://{tmp_path}/profiles").find(DIGEST)


def test_a_bucket_that_is_not_there_is_not_taken_for_empty(s3):
    path = "s3://aws_ledger@no-such-bucket/profiles"
    with pytest.raises(PhotaLedgerError, match=r"(?s)nothing was sent.*there is no bucket 'no-such-bucket'"):
        profiles(path).find(DIGEST)
    with pytest.raises(PhotaLandingError, match=r"there is no bucket 'no-such-bucket'"):
        profiles(path).note(DIGEST, "profile-1", "task-1")


@pytest.mark.parametrize("refused", [(), ("DELETE",)])
def test_a_role_that_may_read_and_write_alone_will_do(s3, s3_server, monkeypatch, refused):
    s3.create_bucket(Bucket="profiles").objects.delete()
    path = f"s3://aws_role_{len(refused)}@profiles/people"
    with LeastRights(s3_server, refused) as url:
        monkeypatch.setenv(f"AIRFLOW_CONN_AWS_ROLE_{len(refused)}", aws_connection(url))
        assert profiles(path).find(DIGEST) is None
        profiles(path).note(DIGEST, "profile-1", "task-1")
        assert profiles(path).find(DIGEST) == "profile-1"


@pytest.mark.parametrize(
    ("name", "refused", "right"),
    # no other test has these names: Airflow keeps the file system of a connection as long as the process lives
    [
        ("profiles_read_only", ("PUT", "POST"), "s3:PutObject"),
        ("profiles_write_only", ("GET", "HEAD"), "s3:GetObject"),
    ],
)
def test_a_role_that_may_not_is_told_the_right_before_money_is_spent(
    s3, s3_server, monkeypatch, name, refused, right
):
    s3.create_bucket(Bucket="profiles").objects.delete()
    with LeastRights(s3_server, refused) as url:
        monkeypatch.setenv(f"AIRFLOW_CONN_AWS_{name.upper()}", aws_connection(url))
        with pytest.raises(PhotaLedgerError, match=f"(?s)nothing was sent.*{right}"):
            profiles(f"s3://aws_{name}@profiles/people").find(DIGEST)


def test_a_store_that_cannot_be_asked_is_not_taken_for_empty(tmp_path, monkeypatch):
    def stumbling(*_, **__):
        raise TimeoutError(110, "Connection timed out")

    path = f"file://{tmp_path}"
    profiles(path).note(DIGEST, "profile-1", "task-1")
    monkeypatch.setattr(LocalFileSystem, "info", stumbling)
    with pytest.raises(PhotaLedgerError, match=r"(?s)nothing was sent.*Connection timed out") as told:
        profiles(path).find(DIGEST)
    assert told.value.retryable

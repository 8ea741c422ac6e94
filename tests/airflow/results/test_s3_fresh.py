"""What another process writes to S3 or deletes there is seen at once, by a process that has looked before."""

from __future__ import annotations

import json
import time

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, ObjectStoragePath
from airflow_runs import PICTURE, TaskInstance
from PIL import Image

from airflow_provider_phota.inputs.uploads import Uploads
from airflow_provider_phota.operators.phota import PhotaImageEditOperator
from airflow_provider_phota.storage.paths import Place
from airflow_provider_phota.transfers.object_storage_to_phota import ObjectStorageToPhotaOperator
from airflow_provider_phota.transfers.phota_to_object_storage import PhotaToObjectStorageOperator

pytestmark = pytest.mark.usefixtures("metadata_database")

UPLOADED = "POST /v1/files/upload/stream"


@pytest.fixture
def bucket(s3, request):
    """As another process sees it."""
    bucket = s3.create_bucket(Bucket=f"fresh-{abs(hash(request.node.name)) % 10**8}")
    bucket.upload_file(str(PICTURE), "inbox/garden.jpg")
    return bucket


@pytest.fixture
def url(bucket):
    """URLs of the bucket; its folders have all been listed in this process, as a sensor or a DAG does it."""

    def to(key=""):
        return f"s3://aws_ledger@{bucket.name}/{key}"

    look_around(to)
    return to


def look_around(to):
    for folder in ("", "inbox", "edits", "ledger", "ledger/uploads"):
        path = ObjectStoragePath(to(folder))
        list(path.fs.find(path.path))
        path.fs.exists(path.path)
        try:
            path.fs.ls(path.path)
        except FileNotFoundError:
            continue


class Memory(TaskInstance):
    def xcom_pull(self, task_ids, key, map_indexes):
        return self.pushed.get(key)


def edit(url, picture="inbox/garden.jpg", **more):
    return PhotaImageEditOperator(
        task_id="edit",
        prompt="a beach",
        image_urls=url(picture),
        wait_for_completion=True,
        poll_interval=0.05,
        destination=url("edits"),
        **more,
    ).execute({"ti": Memory()})


def key_of(file, bucket):
    return file["path"].partition(f"{bucket.name}/")[2]


def test_a_new_input_is_found(emulator, bucket, url):
    with pytest.raises(AirflowFailException, match="cannot be read"):
        edit(url, "inbox/lake.jpg")
    look_around(url)
    bucket.upload_file(str(PICTURE), "inbox/lake.jpg")
    assert edit(url, "inbox/lake.jpg")["files"]


def test_an_input_that_was_deleted_is_gone(emulator, bucket, url):
    edit(url)
    look_around(url)
    bucket.Object("inbox/garden.jpg").delete()
    with pytest.raises(AirflowFailException, match="cannot be read"):
        edit(url)
    assert len(emulator.ledger()) == 1


@pytest.mark.parametrize("larger", [True, False])
def test_an_input_that_was_replaced_is_read_whole(emulator, bucket, url, tmp_path, larger):
    edit(url)
    look_around(url)
    side = 1500 if larger else 8
    Image.effect_noise((side, side), 90).save(tmp_path / "other.png")
    bucket.upload_file(str(tmp_path / "other.png"), "inbox/garden.jpg")
    edit(url)
    sent = [entry.request["image_urls"][0] for entry in emulator.ledger()]
    assert [each.rpartition(".")[2] for each in sent] == ["jpg", "png"]


def test_a_known_edit_is_known_to_another_process(emulator, bucket, url):
    """One process has looked and found nothing; another one has made the edit since."""
    first = edit(url, skip_existing_edits=True)
    files = {each.key: each.get()["Body"].read() for each in bucket.objects.filter(Prefix="edits/")}
    bucket.objects.filter(Prefix="edits/").delete()
    look_around(url)
    for key, content in files.items():
        bucket.put_object(Key=key, Body=content)
    again = edit(url, skip_existing_edits=True)
    assert (again["status"], again["files"]) == ("existing", first["files"])
    assert len(emulator.ledger()) == 1


def test_a_known_edit_whose_file_was_deleted_is_made(emulator, bucket, url):
    first = edit(url, skip_existing_edits=True)
    look_around(url)
    bucket.Object(key_of(first["files"][0], bucket)).delete()
    assert edit(url, skip_existing_edits=True)["phota_task_id"]
    assert len(emulator.ledger()) == 2


@pytest.mark.parametrize("if_exists", ["skip", "fail", "overwrite"])
def test_a_landed_file_that_was_deleted_is_landed_again(emulator, bucket, url, if_exists):
    result = edit(url, if_exists=if_exists)
    look_around(url)
    key = key_of(result["files"][0], bucket)
    bucket.Object(key).delete()
    land = PhotaToObjectStorageOperator(
        task_id="land", result=result, destination=url("edits"), if_exists=if_exists
    )
    assert land.execute({}) == result["files"]
    assert bucket.Object(key).content_length == result["files"][0]["bytes"]


def test_a_landed_file_that_was_replaced_is_judged_by_what_it_is_now(emulator, bucket, url, tmp_path):
    result = edit(url)
    look_around(url)
    Image.effect_noise((1500, 1500), 90).save(tmp_path / "larger.png")
    bucket.upload_file(str(tmp_path / "larger.png"), key_of(result["files"][0], bucket))
    land = PhotaToObjectStorageOperator(task_id="land", result=result, destination=url("edits"))
    (file,) = land.execute({})
    assert file["bytes"] == (tmp_path / "larger.png").stat().st_size > result["files"][0]["bytes"]


def test_a_file_that_appeared_at_a_fixed_name_is_seen(emulator, bucket, url):
    edit(url)
    look_around(url)
    bucket.put_object(Key="edits/latest.png", Body=b"of somebody else")
    with pytest.raises(AirflowFailException, match="there already"):
        edit(url, filename="latest", if_exists="fail", edition="second")
    assert len(emulator.ledger()) == 1


@pytest.fixture
def with_ledger(emulator, url, monkeypatch):
    extra = {"ledger_path": url("ledger")}
    connection = {"conn_type": "phota", "password": emulator.key, "host": emulator.url, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_PHOTA_DEFAULT", json.dumps(connection))


def publish(url):
    (published,) = ObjectStorageToPhotaOperator(task_id="publish", path=url("inbox/garden.jpg")).execute({})
    return published


@pytest.mark.usefixtures("with_ledger")
def test_an_upload_of_another_process_is_used(emulator, bucket, url):
    published = publish(url)
    (note,) = [each.key for each in bucket.objects.filter(Prefix="ledger/uploads/")]
    content = bucket.Object(note).get()["Body"].read()
    bucket.Object(note).delete()
    look_around(url)
    assert publish(url) != published
    bucket.put_object(Key=note, Body=content)
    assert publish(url) == published
    assert emulator.counts()[UPLOADED] == 2


@pytest.mark.usefixtures("with_ledger")
def test_a_bucket_of_uploads_is_not_made(emulator, s3, bucket, url):
    uploads = Uploads.of(
        Place.of(ObjectStoragePath("s3://aws_ledger@no-such-bucket/ledger")), "https://api.foxapi.cc", "a"
    )
    uploads.note("a" * 64, "https://example.com/a.png")
    assert uploads.url("a" * 64) is None
    assert "no-such-bucket" not in [each.name for each in s3.buckets.all()]


def test_a_directory_of_uploads_is_made_below_the_ledger_alone(tmp_path):
    away = Uploads.of(Place.of(ObjectStoragePath(f"file://{tmp_path}/away")), "https://api.foxapi.cc", "a")
    away.note("a" * 64, "https://example.com/a.png")
    assert list(tmp_path.iterdir()) == []
    there = Uploads.of(Place.of(ObjectStoragePath(f"file://{tmp_path}")), "https://api.foxapi.cc", "a")
    for name in ("a", "b"):
        there.note("a" * 64, f"https://example.com/{name}.png")
    assert there.url("a" * 64) == "https://example.com/b.png"
    (note,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert json.loads(note.read_bytes())["uploaded_at"] <= time.time()


def test_uploads_of_the_version_before_are_used(tmp_path):
    """The names are as they were."""
    place = Place.of(ObjectStoragePath(f"file://{tmp_path}"))
    folder = Uploads.of(place, "https://api.foxapi.cc", "phota_default").folder
    assert folder.path == f"{tmp_path}/uploads/37f26286c7476069"

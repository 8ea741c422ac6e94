"""A pipeline from S3 to S3, over real HTTP against a server that speaks S3."""

from __future__ import annotations

import io
import json

import boto3
import pytest
from airflow.providers.common.compat.sdk import ObjectStoragePath
from airflow_runs import PICTURE, TaskInstance
from moto.server import ThreadedMotoServer
from PIL import Image

from airflow_provider_phota.operators.phota import PhotaImageEditOperator
from airflow_provider_phota.transfers.phota_to_object_storage import PhotaToObjectStorageOperator

pytestmark = pytest.mark.usefixtures("metadata_database")

DOWNLOADED = "GET /results/{task_id}/{index}.png"


@pytest.fixture(scope="module")
def s3_server():
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="module")
def bucket(s3_server):
    """A bucket with a picture in it, as a client of one's own sees it."""
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    s3 = boto3.resource("s3", endpoint_url=s3_server, **keys)
    bucket = s3.create_bucket(Bucket="pictures")
    bucket.upload_file(str(PICTURE), "inbox/garden.jpg")
    return bucket


@pytest.fixture(autouse=True)
def _aws_connection(s3_server, bucket, monkeypatch):
    extra = {"endpoint_url": s3_server, "region_name": "us-east-1"}
    connection = {"conn_type": "aws", "login": "test", "password": "test", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(connection))
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)


def edit(**more):
    arguments = {
        "prompt": "a beach",
        "image_urls": "s3://aws_default@pictures/inbox/garden.jpg",
        "num_outputs": 2,
        "wait_for_completion": True,
        "poll_interval": 0.05,
        "destination": "s3://aws_default@pictures/edits",
        **more,
    }
    return PhotaImageEditOperator(task_id="edit", **arguments).execute({"ti": TaskInstance()})


@pytest.mark.parametrize("publish", ["upload", "presign"])
def test_a_picture_goes_in_and_its_edits_come_out(emulator, bucket, publish):
    result = edit(publish=publish)
    (entry,) = emulator.ledger()
    (url,) = entry.request["image_urls"]
    assert ("X-Amz-Signature" in url or "Signature=" in url) == (publish == "presign")
    for index, file in enumerate(result["files"]):
        key = f"edits/{entry.id}-{index}.png"
        assert file["path"] == f"s3://aws_default@pictures/{key}"
        stored = bucket.Object(key)
        assert stored.content_type == "image/png"
        content = stored.get()["Body"].read()
        assert len(content) == file["bytes"]
        with Image.open(io.BytesIO(content)) as picture:
            picture.load()
    assert not [each.key for each in bucket.objects.all() if ".part" in each.key]


def test_what_has_landed_is_not_fetched_again(emulator, bucket):
    result = edit()
    downloads = emulator.counts()[DOWNLOADED]
    land = PhotaToObjectStorageOperator(
        task_id="land", result=result["phota_task_id"], destination="s3://aws_default@pictures/edits"
    )
    assert land.execute({}) == result["files"]
    assert emulator.counts()[DOWNLOADED] == downloads


def test_the_id_of_a_run_will_do_as_a_directory(emulator, bucket):
    """What `{{ run_id }}` becomes has a colon and a plus sign in it."""
    run_id = "manual__2025-09-06T13:23:51.123456+00:00"
    result = edit(filename=f"{run_id}/{{phota_task_id}}-{{index}}")
    (entry,) = emulator.ledger()
    for index, file in enumerate(result["files"]):
        key = f"edits/{run_id}/{entry.id}-{index}.png"
        assert file["path"] == f"s3://aws_default@pictures/{key}"
        assert bucket.Object(key).get()["Body"].read() == ObjectStoragePath(file["path"]).read_bytes()


def test_a_bucket_that_is_missing_is_not_made(emulator):
    from airflow_provider_phota.api.errors import PhotaLandingError

    result = edit(destination=None)
    with pytest.raises(PhotaLandingError, match="could not be written to s3://"):
        PhotaToObjectStorageOperator(
            task_id="land", result=result, destination="s3://aws_default@no-such-bucket/edits"
        ).execute({})


def test_the_second_run_of_the_same_edit_touches_the_store_alone(emulator, bucket):
    class Memory(TaskInstance):
        def xcom_pull(self, task_ids, key, map_indexes):
            return self.pushed.get(key)

    def run():
        return PhotaImageEditOperator(
            task_id="edit",
            prompt="a forest",
            image_urls=ObjectStoragePath("s3://aws_default@pictures/inbox/garden.jpg"),
            wait_for_completion=True,
            poll_interval=0.05,
            destination="s3://aws_default@pictures/known",
            skip_existing_edits=True,
        ).execute({"ti": Memory()})

    first = run()
    counts = emulator.counts()
    second = run()
    assert (second["status"], second["files"]) == ("existing", first["files"])
    assert emulator.counts() == counts

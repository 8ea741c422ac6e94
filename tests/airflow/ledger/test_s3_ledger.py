"""A ledger on S3, over real HTTP: what another process wrote a moment ago is seen, and nothing is made for it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from airflow.providers.common.compat.sdk import ObjectStoragePath
from airflow_runs import TaskInstance
from botocore.exceptions import ClientError
from s3fs import S3FileSystem

from airflow_provider_phota.api.errors import PhotaLedgerError
from airflow_provider_phota.ledger.ledger import Ledger
from airflow_provider_phota.ledger.object_storage import ObjectStorageStore
from airflow_provider_phota.ledger.records import Entry, InstanceName, Record
from airflow_provider_phota.ledger.stores import IntentExists
from airflow_provider_phota.operators.phota import PhotaImageEditOperator

pytestmark = pytest.mark.usefixtures("metadata_database")

INSTANCE = InstanceName("dag", "run", "task", -1)
INTENT = Entry("f" * 64, 1, 1, 100.0, 165.0, token="a")
PAID = replace(INTENT, phota_task_id="task-1")


@pytest.fixture
def bucket(s3, request):
    name = f"ledger-{abs(hash(request.node.name)) % 10**8}"
    return s3.create_bucket(Bucket=name)


@pytest.fixture
def root(bucket):
    return f"s3://aws_ledger@{bucket.name}/ledger"


def store_at(root, **more):
    return ObjectStorageStore(ObjectStoragePath(root), INSTANCE, **more)


def write(bucket, name, entry):
    """As another process does it."""
    content = json.dumps(Record((entry,)).to_dict())
    bucket.put_object(Key=f"ledger/{INSTANCE.digest}/{name}", Body=content.encode())


def test_what_another_process_writes_is_seen_by_the_next_look(bucket, root):
    store = store_at(root)
    assert store.read() == Record()
    write(bucket, "ffffffffffffffff-1-intent.json", INTENT)
    assert store.read().entries == (INTENT,)
    write(bucket, "ffffffffffffffff-1-task.json", PAID)
    assert store.read().entries == (PAID,)
    bucket.objects.filter(Prefix="ledger/").delete()
    assert store.read() == Record()


def test_one_process_alone_creates_an_intent(bucket, root):
    first, second = store_at(root), store_at(root)
    first.put(INTENT)
    with pytest.raises(IntentExists):
        second.put(replace(INTENT, token="b"))
    second.put(replace(PAID, token="b", phota_task_id="task-2"))
    first.put(PAID)
    assert first.read().phota_task_ids == {"task-1", "task-2"}


def test_an_intent_is_taken_back_and_made_again(root):
    store = store_at(root)
    store.put(INTENT)
    store.remove(replace(INTENT, token="b"))
    assert store.read().entries == (INTENT,)
    store.remove(INTENT)
    assert store.read() == Record()
    store.put(replace(INTENT, token="b"))


def test_the_age_of_an_intent_is_by_the_clock_of_the_store(root):
    store = store_at(root)
    store.put(INTENT)
    assert 0.0 <= store.age(INTENT) < 30.0
    assert store.age(replace(INTENT, generation=2)) is None


def test_a_bucket_that_does_not_exist_is_not_made_and_not_empty(s3):
    store = store_at("s3://aws_ledger@no-such-bucket/ledger")
    with pytest.raises(PhotaLedgerError, match="makes neither directories nor buckets"):
        Ledger([store]).intend(INTENT, None)
    assert "no-such-bucket" not in [bucket.name for bucket in s3.buckets.all()]


def test_a_ledger_that_was_deleted_pays_nothing_at_the_retry(emulator, picture_url, bucket, root):
    def execute(try_number):
        ti = TaskInstance()
        ti.try_number = try_number
        return PhotaImageEditOperator(
            task_id="edit", prompt="a beach", image_urls=picture_url, ledger_path=root
        ).execute({"ti": ti})

    paid = execute(1)
    assert execute(2) == paid
    bucket.objects.all().delete()
    with pytest.raises(PhotaLedgerError, match="nothing was sent"):
        execute(3)
    assert [entry.id for entry in emulator.ledger()] == [paid]


def test_a_server_that_does_not_know_the_condition_is_named_in_the_log(root, monkeypatch, caplog):
    """Some servers that speak S3 answer it with 501."""
    original = S3FileSystem._call_s3

    async def call(self, method, *arguments, **more):
        if "IfNoneMatch" in more:
            answer = {"Error": {"Code": "NotImplemented"}, "ResponseMetadata": {"HTTPStatusCode": 501}}
            raise OSError(5, "NotImplemented") from ClientError(answer, method)
        return await original(self, method, *arguments, **more)

    monkeypatch.setattr(S3FileSystem, "_call_s3", call)
    store = store_at(root)
    store.put(INTENT)
    with pytest.raises(IntentExists):
        store.put(replace(INTENT, token="b"))
    store.put(PAID)
    assert store.read().entries == (PAID,)
    assert caplog.text.count("cannot create an object exclusively") == 1

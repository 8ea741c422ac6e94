"""Approved pictures are published within S3, and from a disk to S3."""

from __future__ import annotations

import hashlib

import pytest

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.results.landing import LandedFile
from airflow_provider_phota.reviews.errors import PhotaReviewError
from airflow_provider_phota.reviews.pictures import Picture
from airflow_provider_phota.reviews.publishing import Shelf
from airflow_provider_phota.storage.paths import Place, checked_path

CONTENT = b"a picture " * 1_000


def picture(path: str, content: bytes = CONTENT) -> Picture:
    digest = hashlib.sha256(content).hexdigest()
    return Picture("task-1", 0, LandedFile(path, digest, len(content), 1, 1, "image/png", "task-1"))


@pytest.fixture
def bucket(s3):
    bucket = s3.create_bucket(Bucket="shop")
    yield bucket
    bucket.objects.delete()
    bucket.delete()


@pytest.fixture
def shelf(bucket):
    return Shelf(Place.of(checked_path("publish_to", "s3://aws_ledger@shop/live")))


@pytest.fixture(params=["s3", "disk"])
def landed(request, bucket, tmp_path):
    if request.param == "disk":
        (tmp_path / "a.png").write_bytes(CONTENT)
        return picture(f"file://{tmp_path}/a.png")
    bucket.put_object(Key="edits/a.png", Body=CONTENT, ContentType="image/png")
    return picture("s3://aws_ledger@shop/edits/a.png")


def test_a_picture_is_published_once(bucket, shelf, landed):
    shelf.check([landed])
    for _ in range(2):
        [copy] = shelf.publish([landed])
    assert copy.path == "s3://aws_ledger@shop/live/a.png"
    published = bucket.Object("live/a.png").get()
    assert (published["Body"].read(), published["ContentType"]) == (CONTENT, "image/png")
    assert [each.key for each in bucket.objects.filter(Prefix="live/")] == ["live/a.png"]


@pytest.mark.parametrize("other", [b"short", CONTENT[::-1]])
def test_another_object_of_the_name_is_never_replaced(bucket, shelf, landed, other):
    bucket.put_object(Key="live/a.png", Body=other)
    for act in (shelf.check, shelf.publish):
        with pytest.raises(PhotaInputError, match=r"has another file of the name a\.png already"):
            act([landed])
    assert bucket.Object("live/a.png").get()["Body"].read() == other


def test_an_object_that_has_changed_is_not_published(bucket, shelf):
    bucket.put_object(Key="edits/a.png", Body=CONTENT[::-1])
    with pytest.raises(PhotaReviewError, match="its content has changed"):
        shelf.publish([picture("s3://aws_ledger@shop/edits/a.png")])
    assert list(bucket.objects.filter(Prefix="live/")) == []


def test_a_bucket_that_is_not_there_is_found_before_anybody_is_asked(s3, landed):
    shelf = Shelf(Place.of(checked_path("publish_to", "s3://aws_ledger@missing/live")))
    with pytest.raises(PhotaReviewError, match="there is no bucket 'missing'"):
        shelf.check([landed])

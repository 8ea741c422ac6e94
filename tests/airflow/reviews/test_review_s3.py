"""Approved pictures are published within S3, and from a disk to S3."""

from __future__ import annotations

import hashlib
from functools import partial

import pytest

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.results.landing import LandedFile
from airflow_provider_phota.reviews import copies
from airflow_provider_phota.reviews.errors import PhotaPublishError, PhotaReviewError
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


def test_an_object_that_is_gone_is_found_before_anybody_is_asked_and_no_retry_brings_it_back(bucket, shelf):
    for act in (shelf.check, shelf.publish):
        with pytest.raises(PhotaReviewError, match=r"edits/a\.png' is not there any more") as caught:
            act([picture("s3://aws_ledger@shop/edits/a.png")])
        assert not caught.value.retryable
        assert "bucket" not in str(caught.value)


def test_an_object_of_another_size_is_found_before_anybody_is_asked(bucket, shelf):
    bucket.put_object(Key="edits/a.png", Body=b"short")
    with pytest.raises(PhotaReviewError, match="its content has changed") as caught:
        shelf.check([picture("s3://aws_ledger@shop/edits/a.png")])
    assert "Nobody was asked yet." in str(caught.value)


def test_the_store_that_failed_is_named_with_its_connection(bucket, shelf, tmp_path, monkeypatch):
    landed = picture("s3://aws_ledger@shop/edits/a.png")
    bucket.put_object(Key="edits/a.png", Body=CONTENT)
    monkeypatch.setattr(copies, "open_for_streaming", denying)
    with pytest.raises(PhotaPublishError) as caught:
        shelf.publish([landed])
    assert "results: s3://aws_ledger@shop/edits/a.png cannot be used (permission denied" in str(caught.value)
    nowhere = Shelf(Place.of(checked_path("publish_to", "s3://aws_ledger@missing/live")))
    with pytest.raises(PhotaPublishError) as caught:
        nowhere.check([landed])
    assert "publish_to: s3://aws_ledger@missing/live cannot be used" in str(caught.value)
    assert "A retry checks again, and then asks." in str(caught.value)


def denying(place: Place) -> None:
    raise PermissionError(place.path)


@pytest.mark.parametrize("replacement", [CONTENT[::-1], CONTENT])
def test_an_object_that_is_replaced_while_the_store_copies_it_is_not_published(
    bucket, shelf, monkeypatch, replacement
):
    bucket.put_object(Key="edits/a.png", Body=CONTENT)
    copy = shelf.folder.fs.cp_file

    def replace_and_copy(source: str, target: str) -> None:
        bucket.put_object(Key="edits/a.png", Body=replacement, Metadata={"other": "yes"})
        copy(source, target)

    monkeypatch.setattr(shelf.folder.fs, "cp_file", replace_and_copy)
    act = partial(shelf.publish, [picture("s3://aws_ledger@shop/edits/a.png")])
    if replacement == CONTENT:
        act()
        return
    with pytest.raises(PhotaReviewError, match="its content has changed"):
        act()
    assert not [each.key for each in bucket.objects.filter(Prefix="live/")]

"""One ZIP of many photos: the same bytes each time, checked twice, and never there as a whole."""

from __future__ import annotations

import hashlib
import io
import json
import logging
import shutil
import time
import tracemalloc
import zipfile
from pathlib import Path

import pytest
import requests
from airflow_runs import PICTURE
from PIL import Image

from airflow_provider_phota.api.errors import PhotaInputError, PhotaUnreachable
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.inputs.archive import looked_at_photos
from airflow_provider_phota.inputs.publisher import Publish, Publisher

MAX_PIXELS = 100_000_000
#: Of the same two photos, on whatever version of Python: another one would be uploaded again.
GOLDEN = "e4507e69510c6c257456fe1057b7d4cdb150fc045b716099c0741243aff13fa9"


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "anna"
    folder.mkdir()
    shutil.copy(PICTURE, folder / "b.JPG")
    Image.new("RGB", (64, 48), "red").save(folder / "a.png")
    return folder


def source(folder, end=""):
    return looked_at_photos(f"file://{folder}{end}", MAX_PIXELS)


def content(source):
    with source.content.open("rb") as file:
        return file.read()


def members(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {entry.filename: archive.read(entry) for entry in archive.infolist()}


def large_jpeg(path, size):
    """A sound picture, padded behind its end."""
    with path.open("wb") as file:
        file.write(PICTURE.read_bytes())
        file.truncate(size)


def test_the_zip_holds_the_photos_by_what_they_are(folder):
    (folder / "b.JPG").rename(folder / "b.tiff")
    made = source(folder)
    assert members(content(made)) == {
        "0001.png": (folder / "a.png").read_bytes(),
        "0002.jpg": PICTURE.read_bytes(),
    }


def test_size_and_digest_are_those_of_what_is_read(folder):
    made = source(folder)
    for _ in range(2):
        data = content(made)
        assert (made.bytes, made.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert made.content_type == "application/zip"
    assert made.name == f"{made.sha256[:16]}.zip"
    assert repr(made.content) == "the ZIP of the photos (2)"


def test_the_bytes_are_the_same_everywhere(tmp_path):
    for name in ("a.jpg", "b.jpg"):
        shutil.copy(PICTURE, tmp_path / name)
    assert source(tmp_path).sha256 == GOLDEN


def test_each_checksum_stands_in_front_of_its_photo(folder):
    """So that a program can read the ZIP from its beginning."""
    data = content(source(folder))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for entry in archive.infolist():
            header = data[entry.header_offset :]
            assert entry.flag_bits == int.from_bytes(header[6:8], "little") == 0
            assert int.from_bytes(header[14:18], "little") == entry.CRC
            assert int.from_bytes(header[18:22], "little") == entry.file_size


def test_the_same_photos_are_the_same_wherever_they_are(folder, tmp_path):
    identity = source(folder).identity
    (tmp_path / "elsewhere").mkdir()
    for name, other in (("a.png", "z.png"), ("b.JPG", "c.jpg")):
        shutil.copy(folder / name, tmp_path / "elsewhere" / other)
    moved = source(tmp_path / "elsewhere")
    assert moved.identity == identity
    assert identity.startswith("photos:")
    zipped = tmp_path / "ready.zip"
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("b.JPG", "a.png"):
            archive.write(folder / name, f"anna/{name}")
    assert source(zipped).identity == identity
    shutil.copy(folder / "a.png", folder / "again.png")
    assert source(folder).identity != identity


def test_a_part_of_a_photo_is_in_memory_at_a_time(tmp_path):
    for name in "abc":
        large_jpeg(tmp_path / f"{name}.jpg", 16_000_000)
    source(tmp_path)  # what is imported for the first time is not counted
    tracemalloc.start()
    made, size = source(tmp_path), 0
    with made.content.open("rb") as file:
        while piece := file.read(256 * 1024):
            size += len(piece)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size == made.bytes > 48_000_000
    assert peak < 4_000_000


@pytest.mark.slow
def test_a_zip_may_be_larger_than_4_gib(tmp_path):
    for name in "abc":
        large_jpeg(tmp_path / f"{name}.jpg", 1_500_000_000)
    made, digest = source(tmp_path), hashlib.sha256()
    with made.content.open("rb") as file, (tmp_path / "all.zip").open("wb") as copy:
        while piece := file.read(1024 * 1024):
            digest.update(piece)
            copy.write(piece)
    assert made.bytes == (tmp_path / "all.zip").stat().st_size > 2**32
    assert digest.hexdigest() == made.sha256
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        assert archive.testzip() is None
        assert [entry.file_size for entry in archive.infolist()] == [1_500_000_000] * 3


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (b"", ".* PNG, JPEG"),
        (b"a text", ".* PNG, JPEG"),
        (PICTURE.read_bytes()[:5000], "is cut or damaged"),
        (b"PK\3\4" + bytes(100), ".* PNG, JPEG"),
    ],
    ids=["empty", "text", "cut", "zip"],
)
def test_what_is_not_a_whole_picture_is_named(folder, damage, words):
    (folder / "c.jpg").write_bytes(damage)
    with pytest.raises(PhotaInputError, match=f"^photos: 'file://.*/anna/c.jpg' {words}"):
        source(folder)


def test_a_photo_that_is_not_there_is_named(folder):
    for missing in (f"file://{folder}/no.jpg", f"file://{folder}"):
        with pytest.raises(PhotaInputError, match=f"^photos: '{missing}' cannot be read"):
            looked_at_photos([f"file://{folder}/a.png", missing], MAX_PIXELS)


def test_a_photo_of_too_many_pixels_is_named(folder):
    with pytest.raises(PhotaInputError, match=r"b.JPG' has .* pixels, more than max_pixels \(10000\)"):
        looked_at_photos(f"file://{folder}", 10_000)


def change(path):
    data = bytearray(path.read_bytes())
    data[-10] ^= 0xFF  # as long as before
    path.write_bytes(bytes(data))


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (change, "changed while it was uploaded"),
        (Path.unlink, "cannot be read"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "changed while it was uploaded"),
        (lambda path: path.write_bytes(path.read_bytes() + b"x"), "changed while it was uploaded"),
        (lambda path: path.write_bytes(b""), "changed while it was uploaded"),
    ],
    ids=["changed", "removed", "shorter", "longer", "empty"],
)
def test_a_photo_that_changes_after_it_was_looked_at_is_named_and_not_sent(emulator, folder, act, words):
    made = source(folder)
    act(folder / "b.JPG")
    with pytest.raises(PhotaInputError, match=f"^photos: 'file://.*/b.JPG' {words}"):
        Publisher(PhotaHook()).url(made)
    assert answered(emulator) == []


def test_a_store_that_stumbles_during_the_upload_is_tried_again_later(emulator, folder, monkeypatch):
    made = source(folder)

    def stumbling(_):
        raise TimeoutError(110, "Connection timed out")

    monkeypatch.setattr("airflow_provider_phota.inputs.archive.open_for_streaming", stumbling)
    with pytest.raises(
        PhotaUnreachable, match=r"^photos: .*a.png' could not be read \(Connection timed out\)"
    ):
        Publisher(PhotaHook()).url(made)


def test_whoever_stops_reading_leaves_no_file_open(folder, monkeypatch):
    opened = []
    from airflow_provider_phota.inputs import archive

    original = archive.open_for_streaming
    monkeypatch.setattr(
        archive, "open_for_streaming", lambda place: opened.append(original(place)) or opened[-1]
    )
    with source(folder).content.open("rb") as file:
        file.read(10)
        file.read(100_000)
    assert opened
    assert all(each.closed for each in opened)


def answered(emulator):
    """The uploads that the service took."""
    return [seen for seen in emulator.requests() if seen.method == "POST" and seen.status == 200]


@pytest.fixture
def bucket(s3):
    bucket = s3.create_bucket(Bucket="archives")
    bucket.objects.delete()
    return bucket


def test_photos_of_a_bucket_become_a_profile(emulator, bucket, folder):
    for path in folder.iterdir():
        bucket.upload_file(str(path), f"anna/{path.name}")
    made = looked_at_photos(f"s3://aws_ledger@{bucket.name}/anna/", MAX_PIXELS)
    assert (made.sha256, made.identity) == (source(folder).sha256, source(folder).identity)
    url = Publisher(PhotaHook()).url(made)
    assert url.endswith(f"/{made.name}")
    assert profile_of(emulator, url)


def profile_of(emulator, url):
    """The profile that the service makes of an archive."""
    body = {"model": "phota-create-profile", "image_archive_url": url}
    headers = {"Authorization": f"Bearer {emulator.key}"}
    with requests.Session() as session:
        session.trust_env = False
        answer = session.post(f"{emulator.url}/v1/images/generations", json=body, headers=headers)
        task_url = f"{emulator.url}/v1/tasks/{answer.json()['id']}"
        while (task := session.get(task_url, headers=headers).json())["status"] in ("pending", "processing"):
            time.sleep(0.05)
    assert task["status"] == "completed", task
    return task["results"][0]["profile_id"]


def test_an_archive_is_uploaded_where_presigning_is_asked_for(emulator, folder, caplog):
    with caplog.at_level(logging.INFO):
        url = Publisher(PhotaHook(), Publish.PRESIGN).url(source(folder))
    assert url.startswith(f"{emulator.url}/uploads/")
    assert (
        "the ZIP of the photos (2) is not in a store, so it is uploaded instead of presigned" in caplog.text
    )


def test_an_archive_that_was_uploaded_is_not_uploaded_again(emulator, folder, tmp_path, monkeypatch):
    extra = {"ledger_path": f"file://{tmp_path}"}
    connection = {"conn_type": "phota", "password": emulator.key, "host": emulator.url, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_PHOTA_DEFAULT", json.dumps(connection))
    urls = {Publisher(PhotaHook()).url(source(folder)) for _ in range(2)}
    assert len(urls) == len(answered(emulator)) == 1

"""A ZIP that a user made: looked at before money is spent, whatever it is, in little memory."""

from __future__ import annotations

import io
import os
import random
import tracemalloc
import zipfile

import pytest
from airflow.providers.common.compat.sdk import ObjectStoragePath
from airflow_runs import PICTURE
from PIL import Image

from airflow_provider_phota.api.errors import PhotaInputError, PhotaUnreachable
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.inputs import ready_zips
from airflow_provider_phota.inputs.archive import looked_at_photos
from airflow_provider_phota.inputs.publisher import Publish, Publisher

MAX_PIXELS = 100_000_000


def png(color="red"):
    file = io.BytesIO()
    Image.new("RGB", (32, 32), color).save(file, "png")
    return file.getvalue()


def zipped(files, method=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


SOUND = zipped({"anna/a.png": png(), "anna/b.jpg": PICTURE.read_bytes()})


@pytest.fixture
def look(tmp_path):
    """Look at a ZIP of these bytes."""

    def look(content):
        (tmp_path / "anna.zip").write_bytes(content)
        return looked_at_photos(f"file://{tmp_path}/anna.zip", MAX_PIXELS)

    return look


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize(
    "kind", [str, ObjectStoragePath, lambda url: [url], lambda url: [[ObjectStoragePath(url)]]]
)
def test_a_sound_zip_is_published_as_it_is(emulator, tmp_path, method, kind):
    content = zipped({"a.png": png(), "folder/b.jpg": PICTURE.read_bytes()}, method)
    path = tmp_path / "Anna.ZIP"
    path.write_bytes(content)
    source = looked_at_photos(kind(f"file://{path}"), MAX_PIXELS)
    assert source.bytes == len(content)
    with source.content.open("rb") as file:
        assert file.read() == content
    assert Publisher(PhotaHook()).url(source).endswith(f"/{source.name}")


def test_a_zip_of_a_bucket_can_be_presigned(emulator, s3):
    s3.create_bucket(Bucket="ready-zips").put_object(Key="anna.zip", Body=SOUND)
    source = looked_at_photos("s3://aws_ledger@ready-zips/anna.zip", MAX_PIXELS)
    assert "Signature=" in Publisher(PhotaHook(), Publish.PRESIGN).url(source)
    assert Publisher(PhotaHook(), Publish.UPLOAD).url(source).startswith(emulator.url)


def test_what_macos_and_windows_add_is_passed_over(look):
    photos = {"a.png": png(), "b.png": png("blue")}
    extras = ("__MACOSX/._a.png", ".DS_Store", "anna/Thumbs.db", "desktop.ini", "anna/.a.png", "folder/")
    assert look(zipped(photos | dict.fromkeys(extras, b""))).identity == look(zipped(photos)).identity


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is not a ZIP"),
        (b"not a ZIP", "is not a ZIP"),
        (PICTURE.read_bytes(), "is not a ZIP"),
        (SOUND[:-30], "is not a ZIP"),
        (SOUND[1000:], "is not a ZIP, or it is damaged"),
        (zipped({}), "has no photos in it"),
        (zipped({"folder/": b"", ".a.png": png()}), "has no photos in it"),
        (zipped({"a.png": b""}), "has 'a.png' in it, which .* PNG, JPEG"),
        (zipped({"a.png": png(), "notes.txt": b"text"}), "has 'notes.txt' in it, which .* PNG, JPEG"),
        (zipped({"inner.zip": SOUND}), "has 'inner.zip' in it, which .* PNG, JPEG"),
        (zipped({"a.png": png()[:-20]}), "has 'a.png' in it, which is cut or damaged"),
        (zipped({"a.png": png()}, zipfile.ZIP_BZIP2), "has 'a.png' in it, which is compressed in a way"),
        (zipped({"a.png": png()}, zipfile.ZIP_LZMA), "has 'a.png' in it, which is compressed in a way"),
        (zipped({"new\nline.txt": b"", "b.png": png()}), r"has 'new\\nline.txt' in it"),
        (zipped({"../../etc/passwd": b"root"}), "has no photos in it|which .* PNG, JPEG"),
    ],
)
def test_what_is_not_a_zip_of_photos_is_refused(look, content, words):
    with pytest.raises(PhotaInputError, match=f"^photos: 'file://.*/anna.zip' .*({words})"):
        look(content)


def with_flag(content, bit):
    """The same ZIP with a flag of its first entry set in the directory at its end."""
    at = content.index(b"PK\1\2") + 8
    return content[:at] + bytes([content[at] | bit]) + content[at + 1 :]


def test_an_encrypted_zip_is_refused(look):
    with pytest.raises(PhotaInputError, match=r"has 'anna/a.png' in it, which is encrypted"):
        look(with_flag(SOUND, 0x1))


def test_a_photo_that_does_not_match_its_checksum_is_refused(look):
    content = bytearray(zipped({"a.jpg": PICTURE.read_bytes()}, zipfile.ZIP_STORED))
    content[100_000] ^= 0xFF
    with pytest.raises(PhotaInputError, match=r"damaged: .*Bad CRC"):
        look(bytes(content))


def test_a_photo_that_is_too_large_to_unpack_is_refused(look, monkeypatch):
    monkeypatch.setattr(ready_zips, "_LARGEST_PHOTO", 1 << 20)
    with pytest.raises(PhotaInputError, match=r"'a.bmp' in it, which is larger than 1 MB"):
        look(zipped({"a.bmp": os.urandom(2 << 20)}))


def overlapping(files):
    """A ZIP whose entries are all the same bytes: it unpacks to any size."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.jpg", PICTURE.read_bytes())
        archive.filelist *= files
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (lambda: zipped({"a.bmp": bytes(50_000_000)}), "unpacks to more than 100 times its size"),
        (lambda: overlapping(5_000), "unpacks to more than 100 times its size"),
        (lambda: overlapping(11_000), "has more than 10000 files in it"),
        (lambda: overlapping(70_000), "has too many files in it"),
        (lambda: zipped({"a" * 60_000 + f"{n}.png": b"" for n in range(40)}), "has too many files in it"),
    ],
    ids=["bomb", "overlapping", "11,000", "70,000", "long names"],
)
def test_a_bomb_is_refused_before_it_goes_off(look, content, words):
    bomb = content()
    with pytest.raises(PhotaInputError):
        look(bomb)  # what is imported for the first time is not counted
    tracemalloc.start()
    with pytest.raises(PhotaInputError, match=words):
        look(bomb)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40_000_000


def test_whatever_is_damaged_is_an_input_error(look):
    """Every byte that says where things are, and some of the others."""
    content = zipped({"a.png": png(), "b.png": png("blue")})
    choice, refused = random.Random(0), 0
    for _ in range(600):
        damaged = bytearray(content)
        for _ in range(choice.choice((1, 1, 4))):
            damaged[choice.randrange(len(damaged))] = choice.randrange(256)
        try:
            look(bytes(damaged))
        except PhotaInputError:
            refused += 1
    assert refused > 300


def test_a_zip_that_is_not_there_is_refused(tmp_path, s3):
    s3.create_bucket(Bucket="ready-zips")
    (tmp_path / "folder.zip").mkdir()
    for path in (
        f"file://{tmp_path}/no.zip",
        f"file://{tmp_path}/folder.zip",
        "s3://aws_ledger@ready-zips/no.zip",
        "s3://aws_ledger@no-such-bucket/no.zip",
    ):
        with pytest.raises(PhotaInputError, match=r"^photos: '.*.zip' cannot be read"):
            looked_at_photos(path, MAX_PIXELS)


def test_a_store_that_stumbles_is_tried_again(tmp_path, monkeypatch):
    def stumbling(_):
        raise TimeoutError(110, "Connection timed out")

    monkeypatch.setattr(ready_zips, "open_for_streaming", stumbling)
    with pytest.raises(PhotaUnreachable, match=r"^photos: .* could not be read \(Connection timed out\)"):
        looked_at_photos(f"file://{tmp_path}/anna.zip", MAX_PIXELS)


def test_a_zip_among_photos_is_not_a_photo(tmp_path):
    (tmp_path / "anna.zip").write_bytes(SOUND)
    (tmp_path / "a.png").write_bytes(png())
    with pytest.raises(PhotaInputError, match=r"anna.zip' .* PNG, JPEG"):
        looked_at_photos([f"file://{tmp_path}/a.png", f"file://{tmp_path}/anna.zip"], MAX_PIXELS)

"""Which files of a store are a person's photos: by a folder, a pattern or a list, never by a guess."""

from __future__ import annotations

import logging
import os
import re

import pytest
from airflow.providers.common.compat.sdk import ObjectStoragePath
from airflow_runs import aws_connection
from fsspec.implementations.local import LocalFileSystem
from least_rights import LeastRights

from airflow_provider_phota.api.errors import PhotaInputError, PhotaUnreachable
from airflow_provider_phota.inputs import photos
from airflow_provider_phota.inputs.photos import photos_in

NAMES = (
    *("b.jpg", "a.JPEG", "c.png", ".hidden.jpg", "notes.txt", "IMG_1.heic"),
    *("deep/d.webp", "deep/er/e.tif", ".trash/f.jpg", "deep/.thumbs/g.jpg"),
)


@pytest.fixture(params=["disk", "s3"])
def folder(request, tmp_path):
    """The URL of a folder with files in it; on S3 with an object that stands for the folder."""
    if request.param == "disk":
        for name in NAMES:
            (tmp_path / "anna" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "anna" / name).touch()
        return f"file://{tmp_path}/anna"
    bucket = request.getfixturevalue("s3").create_bucket(Bucket=f"photos-{os.getpid()}")
    for name in ("", *NAMES):
        bucket.put_object(Key=f"anna/{name}", Body=b"")
    return f"s3://aws_ledger@{bucket.name}/anna"


def found(value):
    return [photo.url.partition("/anna/")[2] for photo in photos_in(value)]


@pytest.mark.parametrize("end", ["", "/"])
@pytest.mark.parametrize("kind", [str, ObjectStoragePath])
def test_a_folder_means_its_own_pictures(folder, kind, end, caplog):
    with caplog.at_level(logging.WARNING):
        assert found(kind(folder + end)) == ["a.JPEG", "b.jpg", "c.png"]
    assert re.search("2 of the 5 files of .* are left out, such as .*", caplog.text)


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("*.jpg", ["b.jpg"]),
        ("?.*", ["a.JPEG", "b.jpg", "c.png"]),
        ("[ac].*", ["a.JPEG", "c.png"]),
        ("[!a].*", ["b.jpg", "c.png"]),
        ("*/*", ["deep/d.webp"]),
        ("deep/*/*.tif", ["deep/er/e.tif"]),
        ("**", ["a.JPEG", "b.jpg", "c.png", "deep/d.webp", "deep/er/e.tif"]),
        ("**/*.tif", ["deep/er/e.tif"]),
        ("deep/**", ["deep/d.webp", "deep/er/e.tif"]),
    ],
)
def test_a_pattern_means_what_it_matches_and_never_what_is_hidden(folder, pattern, names):
    assert found(f"{folder}/{pattern}") == names


def test_a_list_means_what_it_names(folder):
    given = [f"{folder}/c.png", ObjectStoragePath(f"{folder}/.hidden.jpg"), f"{folder}/notes.txt"]
    assert found(given) == [".hidden.jpg", "c.png", "notes.txt"]
    assert found([given[:1], given[1:]]) == found(given) == found(tuple(given))


def test_a_single_file_is_one_photo(folder):
    assert found(f"{folder}/b.jpg") == found([f"{folder}/b.jpg"]) == ["b.jpg"]


def test_what_another_process_wrote_a_moment_ago_is_found(s3):
    bucket = s3.create_bucket(Bucket="photos-fresh")
    for name in ("a.jpg", "b.jpg"):
        bucket.put_object(Key=f"anna/{name}", Body=b"")
        assert found("s3://aws_ledger@photos-fresh/anna")[-1] == name
        assert found("s3://aws_ledger@photos-fresh/anna/*.jpg")[-1] == name


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "  ",
        5,
        True,
        {},
        {"a": 1},
        b"file:///a",
        set(),
        "anna",
        "/anna",
        pytest.param(object(), id="an object"),
    ],
    ids=repr,
)
def test_what_is_not_a_path_is_refused(value):
    with pytest.raises(PhotaInputError, match=r"^photos: must be an object-storage URL"):
        photos_in(value)
    with pytest.raises(PhotaInputError, match=r"^photos: must be an object-storage URL"):
        photos_in([value])


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([], "is an empty list"),
        (["file:///a.jpg", []], "must be an object-storage URL"),
        ("['file:///a.jpg']", "is the text of a list"),
        (["['file:///a.jpg']"], "is the text of a list"),
        ([[["file:///a.jpg"]]], "must be an object-storage URL"),
        (
            ["file:///a.jpg", "file:///b.jpg", ["file:///a.jpg"]],
            "names the same photo twice: 'file:///a.jpg'",
        ),
        ("https://example.com/a.jpg", "must be in an object store, or be the URL of one ZIP"),
        (["https://example.com/a.jpg"], "must be in an object store, or be the URL of one ZIP"),
        ("file:///a/../b", "leads upwards"),
        ("file://host/a", "names a host"),
        ("file:///a\0", "has a NUL character"),
        (["file:///a\0"], "has a NUL character"),
        ("s3://aws_ledger@*/anna/a.jpg", "must name its bucket"),
        ("no-such-store://a/b", "cannot be opened"),
    ],
)
def test_what_cannot_be_meant_is_refused(s3, value, words):
    with pytest.raises(PhotaInputError, match=f"^photos: .*{words}"):
        photos_in(value)


@pytest.mark.parametrize(
    ("end", "words"),
    [
        ("no-such-folder", "is not there, or is empty"),
        ("no-such-folder/*.jpg", "is not there, or is empty"),
        ("*.gif", "no file of .* ends in"),
        ("*.heic", "no file of .* ends in .*, as '.*/IMG_1.heic' does not"),
        ("a**.jpg", "is not a pattern"),
    ],
)
def test_what_finds_nothing_is_refused(folder, end, words):
    with pytest.raises(PhotaInputError, match=f"^photos: .*{words}"):
        photos_in(f"{folder}/{end}")


def test_a_folder_of_folders_says_how_to_mean_them(tmp_path):
    (tmp_path / "anna" / "2024").mkdir(parents=True)
    with pytest.raises(PhotaInputError, match=r"no file of '.*/anna' ends in .*, write '.*/anna/\*\*'"):
        photos_in(f"file://{tmp_path}/anna")


@pytest.mark.parametrize("end", ["", "/**", "/*"])
def test_a_folder_with_nothing_in_it_is_refused(tmp_path, end):
    with pytest.raises(PhotaInputError, match="no file of"):
        photos_in(f"file://{tmp_path}{end}")


@pytest.mark.parametrize("end", ["", "/**", "/*"])
def test_a_bucket_that_is_not_there_is_refused(s3, end):
    with pytest.raises(PhotaInputError, match=r"'s3://no-such-bucket.*' is not there, or is empty"):
        photos_in(f"s3://aws_ledger@no-such-bucket{end}")


HOSTILE = [
    "new\nline.jpg",
    "back\\slash.jpg",
    "caf\u00e9 \u56fe 9\u202fPM.jpg",
    "a b#c?d%20e%.jpg",
    "~-'\"[x]{y}*.jpg",
    os.fsdecode(b"caf\xe9.jpg"),
    " .jpg",
    "x" * 200 + ".jpg",
]


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_a_photo_may_have_any_name_that_a_disk_takes(tmp_path, name):
    (tmp_path / name).touch()
    # Python takes line breaks out of a URL, so such a photo cannot be named, only found
    for value in ("", "/*", "/**", *([] if "\n" in name else [f"/{name}"])):
        (photo,) = photos_in(f"file://{tmp_path}{value}")
        assert photo.exists()
        assert photo.url == f"file://{tmp_path}/{name}"


@pytest.mark.parametrize("name", HOSTILE[1:5], ids=ascii)
def test_a_photo_may_have_any_name_that_a_bucket_takes(s3, name):
    s3.create_bucket(Bucket="photos-hostile")
    s3.Bucket("photos-hostile").objects.delete()
    s3.Bucket("photos-hostile").put_object(Key=f"anna/{name}", Body=b"")
    for value in ("", "/*", f"/{name}"):
        (photo,) = photos_in(f"s3://aws_ledger@photos-hostile/anna{value}")
        assert photo.exists()
        assert photo.name == name


def test_a_link_to_a_photo_is_a_photo_and_a_link_to_a_folder_is_left_out(tmp_path):
    (tmp_path / "anna").mkdir()
    (tmp_path / "elsewhere.jpg").touch()
    (tmp_path / "anna" / "link.jpg").symlink_to(tmp_path / "elsewhere.jpg")
    (tmp_path / "anna" / "gone.jpg").symlink_to(
        tmp_path / "gone.jpg"
    )  # which cannot be read, and is named then
    (tmp_path / "anna" / "round").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "anna" / "pipe.jpg")
    for end in ("", "/**"):
        assert found(f"file://{tmp_path}/anna{end}") == ["gone.jpg", "link.jpg"]


def test_too_many_photos_are_a_wrong_path(tmp_path, monkeypatch):
    monkeypatch.setattr(photos, "MOST_PHOTOS", 2)
    for name in "abc":
        (tmp_path / f"{name}.jpg").touch()
    for value in (f"file://{tmp_path}", f"file://{tmp_path}/*", [f"file:///{n}.jpg" for n in "abc"]):
        with pytest.raises(PhotaInputError, match=r"^photos: are more than 2"):
            photos_in(value)


def test_a_search_comes_to_an_end(tmp_path, monkeypatch):
    monkeypatch.setattr(photos, "_MOST_FILES", 10)
    for name in range(11):
        (tmp_path / f"{name}").mkdir()
    with pytest.raises(PhotaInputError, match="has over 10 files"):
        photos_in(f"file://{tmp_path}/**")


def refusing(path, error):
    original = LocalFileSystem.ls

    def ls(self, folder, *more, **options):
        if str(folder).endswith(path):
            raise error
        return original(self, folder, *more, **options)

    return ls


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (PermissionError(13, "Permission denied"), PhotaInputError, "cannot be listed: permission denied"),
        (
            TimeoutError(110, "Connection timed out"),
            PhotaUnreachable,
            "could not be listed .Connection timed out",
        ),
        (RuntimeError("password=hunter2"), PhotaUnreachable, r"could not be listed \(RuntimeError\)"),
    ],
)
def test_a_folder_that_cannot_be_read_is_not_taken_for_empty(tmp_path, monkeypatch, error, kind, words):
    (tmp_path / "a").mkdir()
    (tmp_path / "a.jpg").touch()
    monkeypatch.setattr(LocalFileSystem, "ls", refusing("/a", error))
    for value in ("/a", "/**", "/*/*", "/a/*"):
        with pytest.raises(kind, match=f"^photos: .*{words}"):
            photos_in(f"file://{tmp_path}{value}")


def test_a_role_that_may_not_list_is_told_so_and_may_pass_a_list(s3, s3_server, monkeypatch):
    bucket = s3.create_bucket(Bucket="photos-rights")
    bucket.put_object(Key="anna/a.jpg", Body=b"")
    with LeastRights(s3_server) as url:
        monkeypatch.setenv("AIRFLOW_CONN_AWS_PHOTOS_NO_LIST", aws_connection(url))
        for end in ("", "/*.jpg", "/**"):
            with pytest.raises(PhotaInputError, match=r"^photos: .*s3:ListBucket.*as a list"):
                photos_in(f"s3://aws_photos_no_list@photos-rights/anna{end}")
        assert found(["s3://aws_photos_no_list@photos-rights/anna/a.jpg"]) == ["a.jpg"]

"""Which pictures of a folder or a pattern are items, and what their keys are."""

from __future__ import annotations

import logging
import os

import pytest
from airflow_runs import aws_connection
from least_rights import LeastRights

from airflow_provider_phota.api.errors import PhotaInputError, PhotaUnreachable
from airflow_provider_phota.api.orders.enhance import EnhanceOrder
from airflow_provider_phota.api.orders.generate import GenerateOrder
from airflow_provider_phota.batch.items import listing
from airflow_provider_phota.batch.items.bad_rows import NoItems
from airflow_provider_phota.batch.items.reading import read_items

NAMES = (
    *("b.jpg", "a.JPEG", "a-1.png", "a/z.png", "notes.txt", "results.jsonl", ".hidden.jpg"),
    *("a/b/deep.webp", ".phota-uploads/x.jpg", "a/.phota-parts/y.jpg", "b/x.heic"),
)


def keys(spec):
    return [item.key for item in read_items(spec)]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("", ["a-1.png", "a.JPEG", "b.jpg"]),
        ("*", ["a-1.png", "a.JPEG", "b.jpg"]),
        ("*.jpg", ["b.jpg"]),
        ("a*", ["a-1.png", "a.JPEG"]),
        ("[!b].*", ["a.JPEG"]),
        ("**", ["a-1.png", "a.JPEG", "a/b/deep.webp", "a/z.png", "b.jpg"]),
        ("**/*.png", ["a-1.png", "a/z.png"]),
        ("*/*", ["a/z.png"]),
        ("*/*/*.webp", ["a/b/deep.webp"]),
        ("a", ["z.png"]),
        ("a/**", ["b/deep.webp", "z.png"]),
        ("a/b*/*", ["b/deep.webp"]),
        ("b.jpg", ["b.jpg"]),
        ("a/z.png", ["z.png"]),
    ],
)
def test_a_key_is_the_path_below_the_root_and_keys_are_sorted(store, source, found):
    store.fill(*NAMES)
    items = list(read_items(store.spec(source, defaults={"prompt": "{stem}"})))
    assert [item.key for item in items] == found
    assert [item.number for item in items] == list(range(1, len(found) + 1))
    for item in items:
        (url,) = item.order.files
        assert url.endswith(f"/{item.key}")
        assert item.order.prompt == item.key.rpartition("/")[2].partition(".")[0]


def test_each_picture_is_one_item_of_any_model_that_takes_pictures(disk):
    disk.fill("a.jpg")
    (item,) = read_items(disk.spec("", order_type=EnhanceOrder, defaults={}))
    assert item.order == EnhanceOrder(image_url=f"{disk.url}/a.jpg")


def test_the_order_is_that_of_the_paths(store):
    names = [
        "a.jpg",
        "a/a.jpg",
        "a-.jpg",
        "a0.jpg",
        "aé.jpg",
        "a/é/b.jpg",
        "B.jpg",
        "a 1.jpg",
        "\U0001f600.jpg",
    ]
    store.fill(*names)
    assert keys(store.spec("**")) == sorted(names)


def test_more_files_than_one_answer_of_s3_holds_are_all_found(s3_store, monkeypatch):
    pages = []
    pages_of = listing._pages

    def short_pages(fs, options):
        for page in pages_of(fs, {**options, "MaxKeys": 3}):
            pages.append(page)
            yield page

    monkeypatch.setattr(listing, "_pages", short_pages)
    names = [f"{folder}{number}.jpg" for folder in ("", "a/", "b/c/") for number in range(5)]
    s3_store.fill(*names)
    for source, found in (("**", sorted(names)), ("*", names[:5]), ("*/*", names[5:10])):
        pages.clear()
        assert keys(s3_store.spec(source)) == found
        assert len(pages) > 2


def test_a_listing_does_not_come_from_a_cache(store):
    for name in ("a.jpg", "b.jpg"):
        store.fill(name)
        assert keys(store.spec("**"))[-1] == keys(store.spec("*"))[-1] == name


def test_s3_lists_no_more_than_the_beginning_of_a_pattern(s3_store, monkeypatch):
    seen = []
    pages_of = listing._pages

    def noted(fs, options):
        for page in pages_of(fs, options):
            seen.extend(each["Key"] for each in page.get("Contents", ()))
            yield page

    monkeypatch.setattr(listing, "_pages", noted)
    s3_store.fill("2024-1.jpg", "2025-1.jpg", "2025-2.jpg")
    assert keys(s3_store.spec("2025-*.jpg")) == ["2025-1.jpg", "2025-2.jpg"]
    assert seen == ["shop/2025-1.jpg", "shop/2025-2.jpg"]


def test_what_is_left_out_is_said(disk, caplog):
    disk.fill(*NAMES)
    with caplog.at_level(logging.WARNING):
        assert keys(disk.spec("**"))
    assert "3 files of" in caplog.text
    assert "do not end like a picture and are left out, such as b/x.heic" in caplog.text


@pytest.mark.parametrize("end", ["", "/*.jpg", "/**", "/b.jpg"])
def test_a_bracket_is_a_part_of_a_name_that_is_there(store, end):
    store.fill("a[1]/b.jpg", "a1/c.jpg")
    assert keys(store.spec(f"a[1]{end}")) == ["b.jpg"]
    if end:
        assert keys(store.spec(f"a[[]1]{end}")) == ["a[1]/b.jpg"]
    assert keys(store.spec("a[12]/*")) == ["a1/c.jpg"]


@pytest.mark.parametrize(
    "name",
    ["a b#c?d%20e%.jpg", "~-'\"[x]{y}*.jpg", "café 图 9\u202fPM.jpg", "{prompt}.png", "a\u200db.jpg"],
    ids=ascii,
)
def test_a_name_may_have_odd_characters(disk, name):
    disk.fill(name)
    for source in ("", "*", "**"):
        (item,) = read_items(disk.spec(source))
        assert item.key == name
        assert item.order.files == (f"{disk.url}/{name}",)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (os.fsdecode(b"caf\xe9.jpg"), "has bytes in it that are not UTF-8"),
        ("new\nline.jpg", "has a control character in it"),
        ("back\\slash.jpg", "has a backslash in it"),
        (f"{'x' * 198}.jpg", "has a part of more than 200 bytes"),
        (" /x.jpg", "has an empty part"),
    ],
    ids=ascii,
)
def test_a_name_that_no_destination_takes_is_a_bad_row(disk, name, reason):
    disk.fill(name, "good.jpg")
    with pytest.raises(PhotaInputError, match=rf"edits: 1 of 2 rows.*\nrow \d \(.*\): .*{reason}"):
        keys(disk.spec("**"))


def test_a_key_of_s3_with_an_empty_part_is_a_bad_row(s3_store):
    s3_store.fill("a//b.jpg")
    with pytest.raises(PhotaInputError, match=r"has an empty part: 'a//b.jpg'"):
        keys(s3_store.spec("**"))


def test_a_link_to_a_picture_is_an_item_and_a_link_to_a_folder_is_left_out(disk, tmp_path):
    disk.fill("a.jpg")
    (tmp_path / "shop" / "link.jpg").symlink_to(tmp_path / "shop" / "a.jpg")
    (tmp_path / "shop" / "gone.jpg").symlink_to(tmp_path / "gone.jpg")
    (tmp_path / "shop" / "round").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "shop" / "pipe.jpg")
    for source in ("", "*", "**"):
        assert keys(disk.spec(source)) == ["a.jpg", "gone.jpg", "link.jpg"]


@pytest.mark.parametrize("source", ["", "*.jpg", "**", "no-such-folder", "no-such-folder/*"])
def test_nothing_to_do_is_an_error_of_its_own(store, source):
    store.fill("notes.txt")
    with pytest.raises(NoItems, match=r"edits: (no file of .* ends in|.* is not there, or is empty)"):
        keys(store.spec(source))


def test_a_folder_of_folders_says_how_to_mean_them(store):
    store.fill("a/b.jpg")
    with pytest.raises(NoItems, match=r"For what is in its folders, write '.*/shop/\*\*'"):
        keys(store.spec(""))


def test_a_bucket_that_is_not_there_is_a_wrong_name(s3_store):
    spec = s3_store.spec([])
    for end in ("", "/*", "/**"):
        with pytest.raises(
            PhotaInputError, match=r"edits: 's3://no-such-bucket.*a bucket that does not exist"
        ):
            keys(type(spec)(**{**vars(spec), "source": f"s3://aws_ledger@no-such-bucket{end}"}))


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("notes.txt", "must be a folder, a pattern .*, got the file"),
        ("a**.jpg", "is not a pattern"),
        ("*.csv", "must name one manifest"),
    ],
)
def test_what_cannot_be_meant_is_refused(store, source, words):
    store.fill("notes.txt", "a.jpg")
    with pytest.raises(PhotaInputError, match=f"^edits: .*{words}"):
        keys(store.spec(source))


def test_a_model_without_pictures_takes_no_folder(disk):
    disk.fill("a.jpg")
    with pytest.raises(PhotaInputError, match="must be a manifest or a list"):
        keys(disk.spec("", order_type=GenerateOrder))


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (PermissionError(13, "Permission denied"), PhotaInputError, "cannot be listed: permission denied"),
        (
            TimeoutError(110, "Connection timed out"),
            PhotaUnreachable,
            "could not be listed .Connection timed",
        ),
        (RuntimeError("password=hunter2"), PhotaUnreachable, r"could not be listed \(RuntimeError\)"),
    ],
)
def test_a_folder_that_cannot_be_read_is_not_taken_for_empty(disk, monkeypatch, error, kind, words):
    disk.fill("a/b.jpg", "c.jpg")
    scandir = os.scandir

    def refusing(path):
        if str(path).endswith("/a/"):
            raise error
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    with pytest.raises(kind, match=f"^edits: .*{words}"):
        keys(disk.spec("**"))


def test_a_role_that_may_not_list_is_told_so(s3_store, s3_server, monkeypatch):
    s3_store.fill("a.jpg")
    with LeastRights(s3_server) as url:
        monkeypatch.setenv("AIRFLOW_CONN_AWS_ITEMS_NO_LIST", aws_connection(url))
        folder = s3_store.url.replace("aws_ledger", "aws_items_no_list")
        for end in ("", "/*.jpg", "/**"):
            spec = s3_store.spec([f"{folder}/a.jpg"])
            with pytest.raises(PhotaInputError, match=r"^edits: .*s3:ListBucket.*a manifest"):
                keys(type(spec)(**{**vars(spec), "source": f"{folder}{end}"}))
        assert keys(spec) == ["a.jpg"]


INSIDE = [
    ("**", "out", True),
    ("**", "", True),
    ("*", "", True),
    ("", "", True),
    ("*/*", "", True),  # the key a/b.jpg lands in a folder that is looked through
    ("*/*", "out", False),
    ("*", "out", False),
    ("*.jpg", "out", False),
    ("**/a.gif", "out", False),
    ("**", ".out", False),
    ("a/**", "out", False),
    ("a/*", "a", True),
    ("*/a.*", "out", False),
]


@pytest.mark.parametrize(("source", "destination", "inside"), INSIDE)
def test_a_destination_inside_the_pattern_is_refused(store, source, destination, inside):
    store.fill("a.jpg", "a/b.jpg", "b/a.gif")
    spec = store.spec(source, destination=f"{store.url}/{destination}")
    if inside:
        with pytest.raises(
            PhotaInputError, match=r"^destination: lies inside edits \('.*'\): the next run would"
        ):
            keys(spec)
    else:
        assert keys(spec)


def test_a_destination_is_inside_behind_a_link(disk, tmp_path):
    disk.fill("a.jpg")
    (tmp_path / "other").symlink_to(tmp_path / "shop")
    with pytest.raises(PhotaInputError, match=r"^destination: lies inside"):
        keys(disk.spec("*", destination=f"file://{tmp_path}/other"))

"""Names of a batch's pictures: whatever the key is, a name that every store takes, and one of its own."""

from __future__ import annotations

import re

import pytest
from airflow.providers.common.compat.sdk import ObjectStoragePath
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.batch.names import BatchNames, stem_of
from airflow_provider_phota.results.landing import IfExists
from airflow_provider_phota.storage.paths import Place

EVERY_FIELD = "{parent}/{stem}/{name}/{key}-{index}-{phota_task_id}"
HASHED = r"~[0-9a-f]{16}$"


def landing_of(key, template="{key}-{index}", folder="/data", **more):
    place = Place.of(ObjectStoragePath(f"file://{folder}"))
    return BatchNames.checked(template, **more).landing(place, key)


@pytest.mark.parametrize(
    ("template", "key", "stem"),
    [
        ("{key}-{index}", "shoes/red.jpg", "shoes/red-1"),
        ("{key}-{index}", "red.JPEG", "red-1"),
        ("{key}-{index:03d}", "12.5-blue", "12.5-blue-001"),
        ("{name}/{index}", "shoes/red.jpg", "red.jpg/1"),
        ("{stem}-{index}", "shoes/red.jpg", "red-1"),
        ("{parent}/small/{stem}-{index}", "shoes/men/red.jpg", "shoes/men/small/red-1"),
        ("{parent}/{stem}-{index}", "red.jpg", "red-1"),
        ("a/{parent}/{stem}-{index}", "red.jpg", "a/red-1"),
        ("a-{parent}/{stem}-{index}", "red.jpg", "a-/red-1"),
        ("{key}-{phota_task_id}-{index}", "red.jpg", "red-task-1-1"),
        ("{key}-{index}", "{phota_task_id}/{x}{{", "{phota_task_id}/{x}{{-1"),
        ("{key}-{index}", "a#b?c%20d [x]*", "a#b?c%20d [x]*-1"),
        ("{key}-{index}", "Screenshot 3.04\u202fPM.png", "Screenshot 3.04\u202fPM-1"),
    ],
)
def test_the_fields_of_a_template_come_from_the_key(template, key, stem):
    assert stem_of(template, key, 1, "task-1") == stem


@pytest.mark.parametrize(
    "key", ["", "/a", "a/", "a//b", "../a", "a/..", "a/./b", "..", ".", "a\0b", "a/\0/b"]
)
def test_a_key_that_leads_elsewhere_is_refused(key):
    with pytest.raises(PhotaInputError, match="key: has a part that is not a name"):
        stem_of("{stem}-{index}", key, 0)


@pytest.mark.parametrize("key", [".hidden.jpg", "a/.b", "a\\b", "a\nb", "caf\udce9", "x" * 190 + "y" * 20])
def test_a_part_that_stores_may_not_take_is_changed_and_told_apart_by_a_hash(key):
    stem = stem_of("{key}-{index}", key, 0)
    assert re.search(HASHED, stem)
    assert stem == stem_of("{key}-{index}", key, 0)
    assert stem not in {stem_of("{key}-{index}", key, 1), stem_of("{key}-{index}", f"{key}z", 0)}


def test_two_long_keys_that_differ_at_their_ends_have_two_names():
    stems = {stem_of("{key}-{index}", "é" * 150 + end, index) for end in "ab" for index in (0, 1)}
    assert len(stems) == 4
    assert all(len(stem.encode()) <= 200 for stem in stems)


def test_a_path_that_is_longer_than_stores_take_is_refused():
    with pytest.raises(PhotaInputError, match="key: gives a path of more than 800 bytes"):
        stem_of("{key}-{index}", "/".join(["x" * 100] * 9), 0)


@given(st.text(min_size=1), st.sampled_from(["{key}-{index}", "{parent}/{stem}-{index}", EVERY_FIELD]))
def test_whatever_the_key_is_the_name_stays_below_the_destination(key, template):
    try:
        stem = stem_of(template, key, 0)
    except PhotaInputError:
        return
    parts = stem.split("/")
    assert not {"", ".", ".."} & set(parts)
    assert all(not part.startswith(".") and len(part.encode()) <= 200 for part in parts)
    assert not {"\\", "\n", "\0"} & set(stem)


@given(st.lists(st.text(min_size=1), min_size=2, max_size=2, unique=True))
def test_two_keys_share_a_name_only_if_one_is_a_picture_of_the_other(keys):
    """`a.png` and `a.jpg` share one, which the check of all items finds; nothing that is changed does."""
    try:
        one, other = (stem_of("{key}-{index}", key, 0) for key in keys)
    except PhotaInputError:
        return
    if not any(re.search(r"(?i)\.(\w{3,4})$", key) for key in keys):
        assert one != other


@pytest.mark.parametrize(
    ("template", "words"),
    [
        (7, "must be a string"),
        ("{sku}-{index}", r"may have the fields index, key, name, parent, phota_task_id, stem in braces"),
        ("{digest}-{index}", "may have the fields"),
        ("{key.__class__}-{index}", "may have the fields"),
        ("{key:.3}-{index}", "may have the fields"),
        ("{key!r}-{index}", "may have the fields"),
        ("{index:q}{key}", "may have the fields"),
        ("{}", "may have the fields"),
        ("{key", "may have the fields"),
        ("{key}-{index}.png", "leave out .png"),
        ("{key}{index}", "needs a character such as - between"),
        ("../{key}-{index}", "as a part of the path"),
        ("/{key}-{index}", "as a part of the path"),
        ("a//{key}-{index}", "as a part of the path"),
        (".{key}-{index}", "as a part of the path"),
        ("a\\{key}-{index}", "as a part of the path"),
        ("a\n{key}-{index}", "as a part of the path"),
        ("x" * 201 + "{key}-{index}", "at most 200 bytes"),
        ("edits-{index}", "gives all items one name"),
        ("{key}", r"needs \{index\} for 2 pictures"),
    ],
)
def test_a_template_that_cannot_name_pictures_is_refused(template, words):
    with pytest.raises(PhotaInputError, match=f"filename: .*{words}"):
        BatchNames.checked(template, num_outputs=2)


def test_one_picture_needs_no_index():
    assert landing_of("a/b.jpg", "{key}").stem("", 0).path == "/data/a/b"


@pytest.mark.parametrize(
    ("template", "if_exists", "policy"),
    [
        (None, None, IfExists.OVERWRITE),
        ("{key}-{phota_task_id}-{index}", None, IfExists.SKIP),
        ("{key}-{phota_task_id}-{index}", "overwrite", IfExists.OVERWRITE),
        (None, "fail", IfExists.FAIL),
    ],
)
def test_what_is_there_is_skipped_only_if_it_is_the_same_tasks(template, if_exists, policy):
    assert landing_of("a", template, if_exists=if_exists).if_exists is policy


@pytest.mark.parametrize(
    ("if_exists", "words"),
    [("skip", r"filename: must have \{phota_task_id\}"), ("keep", "if_exists: must be")],
)
def test_a_policy_that_would_pass_anothers_picture_for_this_ones_is_refused(if_exists, words):
    with pytest.raises(PhotaInputError, match=words):
        BatchNames.checked("{key}-{index}", if_exists=if_exists)


@pytest.mark.parametrize(
    ("template", "folder"),
    [
        ("{key}-{index}", "/data/shoes"),
        ("new/{stem}-{index}", "/data/new"),
        ("new/{phota_task_id}/{index}", "/data/new"),
        ("{key}-{phota_task_id}-{index}", "/data/shoes"),
    ],
)
def test_the_folder_of_an_item_is_known_before_there_is_a_task(template, folder):
    assert landing_of("shoes/red.jpg", template).folder.path == folder


def test_a_name_may_have_the_digest_of_the_order_if_it_is_asked_for():
    names = BatchNames.checked("{stem}-{digest}-{index}", has_digest=True)
    landing = names.landing(Place.of(ObjectStoragePath("file:///data")), "a/b.jpg", "d1g3st")
    assert landing.stem("task-1", 0).path == "/data/b-d1g3st-0"
    assert not landing.has_fixed_names
    assert landing_of("a").has_fixed_names

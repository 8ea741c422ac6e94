"""A record is whole or not there, and a damaged one is named."""

from __future__ import annotations

import json

import pytest
from airflow.providers.common.compat.sdk import ObjectStoragePath
from fsspec.implementations.memory import MemoryFileSystem

from airflow_provider_phota.storage import records
from airflow_provider_phota.storage.paths import Place


@pytest.fixture(params=["disk", "memory"])
def place(request, tmp_path):
    if request.param == "disk":
        return Place.of(ObjectStoragePath(f"file://{tmp_path}")) / "record.json"
    return Place(MemoryFileSystem(), "memory", f"{tmp_path}/record.json", f"memory:/{tmp_path}/record.json")


def number_of(fields):
    if fields["number"] < 0:
        raise ValueError("its number is negative")
    return fields["number"]


def write_by_hand(place, content):
    place.fs.makedirs(place.folder, exist_ok=True)
    place.fs.pipe_file(place.path, content)


def test_a_record_is_replaced_and_read_as_it_is_now(place):
    for number in (1, 2):
        records.replace(place, {"number": number})
        assert records.read(place, number_of) == number
    assert place.fs.ls(place.folder, detail=False) == [place.path]


def test_the_text_is_plain_json(place):
    records.replace(place, {"number": 1, "text": "é"})
    assert place.fs.cat_file(place.path) == json.dumps({"number": 1, "text": "é"}).encode()


def test_a_record_is_created_once(place):
    place.fs.makedirs(place.folder, exist_ok=True)
    assert records.create(place, {"number": 1})
    assert not records.create(place, {"number": 2})
    assert records.read(place, number_of) == 1


def test_a_record_that_does_not_exist_is_not_a_damaged_one(place):
    with pytest.raises(FileNotFoundError):
        records.read(place, number_of)


@pytest.mark.parametrize(
    ("content", "damage"),
    [
        (b"", "it is not JSON"),
        (b'{"number": 1', "it is not JSON"),
        (b"\xff\xfe", "it is not JSON"),
        (b"{}", "a field is missing or wrong ('number')"),
        (b"[]", "a field is missing or wrong"),
        (b'{"number": "one"}', "a field is missing or wrong"),
        (b'{"number": -1}', "its number is negative"),
    ],
)
def test_a_damaged_record_is_named_with_its_damage(place, content, damage):
    write_by_hand(place, content)
    with pytest.raises(records.DamagedRecord) as caught:
        records.read(place, number_of)
    assert str(caught.value).startswith(f"{place.url} is damaged: {damage}")

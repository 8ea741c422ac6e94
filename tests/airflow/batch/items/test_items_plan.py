"""A plan holds the items of a batch: all of them or none, the same ones for every attempt."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.orders.edit import EditOrder
from airflow_provider_phota.api.orders.enhance import EnhanceOrder
from airflow_provider_phota.api.orders.generate import GenerateOrder
from airflow_provider_phota.batch.items import spool
from airflow_provider_phota.batch.items.bad_rows import NoItems
from airflow_provider_phota.batch.items.item import Item
from airflow_provider_phota.batch.items.lines_of_plan import from_line, to_line
from airflow_provider_phota.batch.items.plan import Plan, UnreadablePlan, write_plan
from airflow_provider_phota.batch.items.reading import read_items
from airflow_provider_phota.storage import drafts
from airflow_provider_phota.storage.paths import Place, checked_path


@pytest.fixture
def journal(store):
    return Place.of(checked_path("ledger_path", f"{store.url}/../journal".replace("/shop/..", "")))


def names_in(journal):
    found = journal.fs.find(journal.path)
    return sorted(path.partition("journal/")[2] for path in found)


def manifest(store, count, name="m.jsonl"):
    lines = [json.dumps({"image_url": f"{number}.jpg", "key": f"k/{number}"}) for number in range(count)]
    store.put(name, "\n".join(lines).encode())
    return name


def test_a_plan_is_read_as_it_was_written(store, journal):
    spec = store.spec(manifest(store, 2500), edition="spring")
    plan = write_plan(journal, spec)
    assert (plan.count, plan.model, plan.edition) == (2500, "phota-image-edit", "spring")
    assert Plan.read(journal, plan.digest) == plan
    assert list(plan.items()) == list(read_items(spec))
    folder = f"plans/{plan.digest}"
    assert names_in(journal) == [
        *(f"{folder}/{number:05d}.jsonl" for number in (1, 2, 3)),
        f"{folder}/plan.json",
    ]


def test_the_same_items_are_the_same_plan_and_are_not_written_again(store, journal, monkeypatch):
    spec = store.spec(manifest(store, 5))
    plan = write_plan(journal, spec)
    monkeypatch.setattr("airflow_provider_phota.batch.items.plan.new_draft", None)  # each writing needs it
    assert write_plan(journal, spec) == plan


@pytest.mark.parametrize(
    "change",
    [
        {"edition": "2"},
        {"defaults": {"prompt": "a wood"}},
        {"defaults": {"prompt": "a beach", "num_outputs": 2}},
    ],
    ids=str,
)
def test_other_items_are_another_plan(store, journal, change):
    name = manifest(store, 5)
    one, other = (write_plan(journal, store.spec(name, **more)) for more in ({}, change))
    assert one.digest != other.digest
    assert list(one.items()) == list(Plan.read(journal, one.digest).items())


def test_the_plan_stays_while_the_source_changes(store, journal):
    plan = write_plan(journal, store.spec(manifest(store, 3)))
    before = list(plan.items())
    manifest(store, 4)
    assert list(Plan.read(journal, plan.digest).items()) == before


@pytest.mark.parametrize(
    ("content", "kind"), [(b'{"image_url": "a.jpg"}\nx\n', PhotaInputError), (b"", NoItems)]
)
def test_a_bad_source_leaves_nothing(store, journal, content, kind):
    store.put("m.jsonl", content)
    with pytest.raises(kind):
        write_plan(journal, store.spec("m.jsonl"))
    assert names_in(journal) == []


def test_a_plan_that_was_not_written_to_its_end_is_none(store, journal, monkeypatch):
    spec = store.spec(manifest(store, 2500))
    original, written = drafts.new_draft, []

    def failing(place):
        written.append(place)
        if len(written) == 3:
            raise OSError(28, "No space left on device")
        return original(place)

    with monkeypatch.context() as patched:
        patched.setattr("airflow_provider_phota.batch.items.plan.new_draft", failing)
        with pytest.raises(OSError, match="No space"):
            write_plan(journal, spec)
    digest = written[0].parent.name
    assert names_in(journal) == [f"plans/{digest}/{number:05d}.jsonl" for number in (1, 2)]
    with pytest.raises(UnreadablePlan, match=r"There is no .*plan\.json"):
        Plan.read(journal, digest)
    plan = write_plan(journal, spec)
    assert plan.digest == digest
    assert plan.count == len(list(plan.items())) == 2500


def test_a_long_row_begins_a_new_chunk(store, journal, monkeypatch):
    monkeypatch.setattr(spool, "_BYTES", 1300)
    spec = store.spec([{"image_url": f"s3://shop/{n}.jpg", "prompt": "x" * n * 300} for n in range(1, 5)])
    plan = write_plan(journal, spec)
    assert len(plan.chunks) == 3
    assert list(plan.items()) == list(read_items(spec))


def test_a_chunk_that_was_changed_is_noticed(store, journal):
    plan = write_plan(journal, store.spec(manifest(store, 5)))
    path = f"{plan.folder.path}/00001.jsonl"
    plan.folder.fs.pipe_file(path, plan.folder.fs.cat_file(path).replace(b"a beach", b"a coast"))
    with pytest.raises(
        UnreadablePlan, match=r"plans/.*/00001.jsonl is missing, or it is not what was written"
    ):
        list(plan.items())


@pytest.mark.parametrize(
    "record",
    [
        {"version": 2},
        {"version": 1},
        {"version": 1, "model": "x", "edition": "", "count": 1, "chunks": []},
        [],
    ],
)
def test_a_plan_that_cannot_be_understood_is_damaged(disk, record):
    journal = Place.of(checked_path("ledger_path", disk.url))
    disk.put("plans/x/plan.json", json.dumps(record).encode())
    with pytest.raises(UnreadablePlan, match=r"plans/x/plan\.json is damaged"):
        Plan.read(journal, "x")


TEXTS = st.text(min_size=1)
ORDERS = st.one_of(
    st.builds(
        EditOrder, TEXTS, st.lists(TEXTS).map(tuple), st.integers(1), TEXTS, st.lists(TEXTS).map(tuple)
    ),
    st.builds(GenerateOrder, TEXTS, st.integers(1), TEXTS, TEXTS),
    st.builds(EnhanceOrder, TEXTS, TEXTS, st.none() | st.floats(0, 1), st.none() | st.floats(0, 1)),
)


@given(number=st.integers(1), key=TEXTS, order=ORDERS)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_a_line_of_a_plan_is_the_item(number, key, order):
    item = Item(number, key, order)
    line = to_line(item)
    assert line.count(b"\n") == 1
    assert line.isascii()
    back = from_line(order.model, line)
    assert back == item
    assert back.id("e") == item.id("e")

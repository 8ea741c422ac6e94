"""What is written is read back, also while it is archived; what is damaged or missing is named, never passed over."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from airflow_provider_phota.api.errors import PhotaLedgerError
from airflow_provider_phota.journal import segments as segments_module
from airflow_provider_phota.journal.events import Ended, Intent, Paid, Reopened
from airflow_provider_phota.journal.rows import Row, Status
from airflow_provider_phota.journal.segments import LeaseIsShared, Segments
from airflow_provider_phota.storage import objects

pytestmark = pytest.mark.usefixtures("metadata_database")


def intent(number, token="t"):
    return Intent(f"item-{number}", 1, f"{token}{number}", 100.0, 60.0, f"fp-{number}")


def ended(item, status=Status.LANDED, generation=1, error=""):
    return Ended(item, generation, Row(1, item, status, error=error))


def read(folder):
    return list(Segments(folder, 0).read_all())


def test_events_are_read_in_the_order_of_leases_and_numbers(folder):
    second, first = Segments(folder, 2), Segments(folder, 1)
    names = [second.write([intent(3)]), first.write([intent(1), intent(2)]), first.write([intent(4)])]
    assert names == ["00002-000001.jsonl", "00001-000001.jsonl", "00001-000002.jsonl"]
    assert [(name[:12], event.item) for name, event in read(folder)] == [
        ("00001-000001", "item-1"),
        ("00001-000001", "item-2"),
        ("00001-000002", "item-4"),
        ("00002-000001", "item-3"),
    ]


def test_only_what_is_new_is_read_again(folder):
    old, new = Segments(folder, 1), Segments(folder, 2)
    old.write([intent(1)])
    assert len(list(new.read_all())) == 1
    new.write([intent(2)])
    assert new.read_new() == []
    late = old.write([Paid("item-1", 1, "t1", "task-1", 100.0)])
    assert [name for name, _ in new.read_new()] == [late]
    assert new.read_new() == []


def test_a_name_that_another_process_has_taken_is_an_error(folder):
    Segments(folder, 1).write([intent(1)])
    with pytest.raises(LeaseIsShared, match="under the same lease"):
        Segments(folder, 1).write([intent(1, "u")])


def test_a_write_that_is_repeated_writes_once(disk_folder, monkeypatch):
    """The store wrote the segment, and then its answer was lost."""
    segments, create = Segments(disk_folder, 1), objects.create

    def lose_the_answer(place, content):
        create(place, content)
        raise TimeoutError

    with monkeypatch.context() as patched:
        patched.setattr(objects, "create", lose_the_answer)
        with pytest.raises(TimeoutError):
            segments.write([intent(1)])
    assert segments.write([intent(1)]) == "00001-000001.jsonl"
    with monkeypatch.context() as patched:
        patched.setattr(objects, "create", lose_the_answer)
        with pytest.raises(TimeoutError):
            segments.write([intent(2)])
    # it was given up, and its events are written with later ones
    assert segments.write([intent(2), intent(3)]) == "00001-000003.jsonl"
    assert [event.item for _, event in read(disk_folder)] == ["item-1", "item-2", "item-2", "item-3"]


@pytest.fixture
def few(monkeypatch):
    """There are many segments once there are three."""
    monkeypatch.setattr(segments_module, "MANY", 2)


@pytest.mark.usefixtures("few")
def test_archives_hold_what_the_segments_held(folder):
    old, new = Segments(folder, 1), Segments(folder, 2)
    for number in range(5):
        (old if number % 2 else new).write([intent(number)])
    before = read(folder)
    new.compact()
    assert objects.names(folder / "segments") == []
    assert objects.names(folder / "archives") == ["00002-000001.jsonl"]
    assert read(folder) == before
    late = old.write([Paid("item-1", 1, "t1", "task-1", 100.0)])
    assert {name for name, _ in new.read_new()} == {
        late,
        *(name for name, _ in before if name.startswith("00001")),
    }
    assert [event.item for _, event in read(folder)] == [*(event.item for _, event in before), "item-1"]


@pytest.mark.usefixtures("few")
def test_a_compaction_that_was_killed_before_it_removed_anything_changes_nothing(disk_folder, monkeypatch):
    segments = Segments(disk_folder, 1)
    for number in range(5):
        segments.write([intent(number)])
    before = read(disk_folder)
    with monkeypatch.context() as patched:
        patched.setattr(objects, "remove", lambda place: (_ for _ in ()).throw(OSError("killed")))
        with pytest.raises(OSError, match="killed"):
            segments.compact()
    assert read(disk_folder) == before
    segments.compact()
    assert objects.names(disk_folder / "segments") == []
    assert len(objects.names(disk_folder / "archives")) == 1
    Segments(disk_folder, 2).compact()
    assert read(disk_folder) == before


@pytest.mark.usefixtures("few")
def test_everything_is_read_while_it_is_archived(folder):
    segments, over = Segments(folder, 1), threading.Event()
    total = 60 if folder.protocol == "file" else 25

    def write_and_compact():
        for number in range(total):
            segments.write([intent(number)])
            if number % 5 == 4:
                segments.compact()
        over.set()

    writer = threading.Thread(target=write_and_compact)
    writer.start()
    counts = [0]
    while not over.is_set():
        found = [event.item for _, event in read(folder)]
        assert len(found) == len(set(found))
        assert set(found) == {f"item-{number}" for number in range(len(found))}
        counts.append(len(found))
    writer.join()
    assert counts == sorted(counts)
    assert len(read(folder)) == total


@pytest.mark.parametrize(
    ("content", "damage"),
    [
        (b"", "its end is missing"),
        (b'{"e":"intent"', "its end is missing"),
        (b"null\n", "missing or wrong field"),
        (b'{"e":"other"}\n', "missing or wrong field"),
        (b'{"e":"reopened","item":"a","generation":1}\n\xff\n', "utf-8"),
        (
            b'{"e":"paid","item":"a","generation":1,"token":"t","phota_task_id":"../x","at":1}\n',
            "not a PHOTA task",
        ),
    ],
)
def test_a_damaged_segment_is_named(disk_folder, content, damage):
    Segments(disk_folder, 1).write([intent(1)])
    Path(disk_folder.path, "segments", "00001-000001.jsonl").write_bytes(content)
    with pytest.raises(PhotaLedgerError, match=damage) as caught:
        read(disk_folder)
    assert "segments/00001-000001.jsonl is damaged" in str(caught.value)
    assert "Restore it" in str(caught.value)


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("cut", [1, 60, -1])
def test_a_damaged_archive_is_named(disk_folder, cut):
    segments = Segments(disk_folder, 1)
    for number in range(3):
        segments.write([intent(number)])
    segments.compact()
    archive = Path(disk_folder.path, "archives", "00001-000001.jsonl")
    archive.write_bytes(archive.read_bytes()[:cut])
    with pytest.raises(PhotaLedgerError, match=r"archives/00001-000001.jsonl is damaged"):
        read(disk_folder)


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(segments_module, "_PAUSE", 0.01)


@pytest.mark.usefixtures("impatient")
def test_a_segment_that_was_deleted_is_missed(folder):
    segments = Segments(folder, 1)
    for number in range(3):
        segments.write([intent(number)])
    objects.remove(folder / "segments" / "00001-000002.jsonl")
    with pytest.raises(PhotaLedgerError, match=r"there is no 00001-000002.jsonl"):
        read(folder)


def test_other_files_are_passed_over(disk_folder):
    Segments(disk_folder, 1).write([intent(1)])
    Path(disk_folder.path, "segments", ".DS_Store").write_bytes(b"x")
    assert len(read(disk_folder)) == 1


def test_the_age_of_a_segment_is_by_the_clock_of_the_store(folder):
    segments = Segments(folder, 1)
    name = segments.write([intent(1)])
    assert 0.0 <= segments.age(name) < 30.0
    assert [each for each in objects.names(folder) if each.startswith("clock")] == []
    with pytest.raises(PhotaLedgerError, match="is gone"):
        segments.age("00001-000009.jsonl")


@pytest.mark.usefixtures("few")
def test_the_age_of_an_archived_segment_is_that_of_its_archive(folder):
    segments = Segments(folder, 1)
    names = [segments.write([intent(number)]) for number in range(3)]
    segments.compact()
    later = Segments(folder, 2)
    assert len(list(later.read_all())) == 3
    assert 0.0 <= later.age(names[0]) < 30.0


@pytest.mark.usefixtures("few")
def test_the_age_of_a_segment_that_another_process_archives_is_that_of_an_archive(folder):
    """An overtaken process may be archiving while its successor looks how old the intents are."""
    old, new = Segments(folder, 1), Segments(folder, 2)
    names = [old.write([intent(number)]) for number in range(3)]
    assert len(list(new.read_all())) == 3
    old.compact()
    assert 0.0 <= new.age(names[0]) < 30.0


def test_what_could_not_be_read_is_read_the_next_time(disk_folder, monkeypatch):
    old, new = Segments(disk_folder, 1), Segments(disk_folder, 2)
    names = [old.write([intent(number)]) for number in range(3)]
    original = objects.read

    def fail_in_the_middle(place):
        if place.name == names[1]:
            raise OSError("away")
        return original(place)

    with monkeypatch.context() as patched:
        patched.setattr(objects, "read", fail_in_the_middle)
        with pytest.raises(OSError, match="away"):
            new.read_new()
    assert [name for name, _ in new.read_new()] == names


def test_rows_are_the_latest_of_items_that_have_ended(folder):
    first, second = Segments(folder, 1), Segments(folder, 2)
    first.write([ended("a"), ended("b", Status.FAILED), ended("c", Status.FAILED), ended("d", error="old")])
    second.write([ended("c", Status.REFUSED), Reopened("b", 1), ended("d", error="new")])
    first.write([ended("c", Status.FAILED, error="late")])
    second.write([ended("e")])
    found = [(end.row.key, end.row.status, end.row.error) for end in Segments(folder, 0).ends()]
    assert sorted(found) == [
        ("a", Status.LANDED, ""),
        ("c", Status.REFUSED, ""),
        ("d", Status.LANDED, "new"),
        ("e", Status.LANDED, ""),
    ]

"""A ledger that is not there is not an empty ledger: what its directory and its marker are for."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from types import SimpleNamespace

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, ObjectStoragePath
from airflow_runs import TaskInstance
from fsspec.implementations.memory import MemoryFileSystem

from airflow_provider_phota.api.errors import PhotaLedgerError
from airflow_provider_phota.ledger import __main__ as command
from airflow_provider_phota.ledger import roots
from airflow_provider_phota.ledger.ledger import Ledger
from airflow_provider_phota.ledger.object_storage import ObjectStorageStore
from airflow_provider_phota.ledger.records import Entry, InstanceName, Record, UnreadableRecord
from airflow_provider_phota.ledger.stores import IntentExists
from airflow_provider_phota.operators.phota import PhotaImageEditOperator
from airflow_provider_phota.storage import objects

pytestmark = pytest.mark.usefixtures("metadata_database")

INSTANCE = InstanceName("dag", "run", "task", -1)
INTENT = Entry("f" * 64, 1, 1, 100.0, 165.0, token="a")
SECOND = replace(INTENT, try_number=2, token="b")


def store_at(path, **more):
    return ObjectStorageStore(ObjectStoragePath(f"file://{path}"), INSTANCE, **more)


def instance(try_number):
    made = TaskInstance()
    made.try_number = try_number
    return made


def execute(picture_url, ledger_path, try_number=1, **more):
    operator = PhotaImageEditOperator(
        task_id="edit", prompt="a beach", image_urls=picture_url, ledger_path=ledger_path, **more
    )
    return operator.execute({"ti": instance(try_number)})


def test_the_first_try_begins_a_ledger_and_later_tries_need_it(tmp_path):
    store_at(tmp_path).put(INTENT)
    assert (tmp_path / roots.MARKER).exists()
    with pytest.raises(IntentExists):
        store_at(tmp_path).put(SECOND)
    store_at(tmp_path).put(replace(SECOND, generation=2))


def test_a_later_try_does_not_begin_a_ledger(tmp_path):
    with pytest.raises(UnreadableRecord, match="begin"):
        store_at(tmp_path, may_begin=False).read()
    with pytest.raises(UnreadableRecord, match="begin"):
        store_at(tmp_path).put(SECOND)
    assert list(tmp_path.iterdir()) == []


def test_a_first_try_that_fails_before_its_intent_has_begun_the_ledger(emulator, picture_url, tmp_path):
    """A network that is away for a moment must not need a person for all the retries of a new ledger."""
    assert store_at(tmp_path, may_begin=True).read() == Record()
    assert store_at(tmp_path, may_begin=False).read() == Record()
    assert execute(picture_url, f"file://{tmp_path}", try_number=2)


@pytest.mark.parametrize("entry", [INTENT, replace(INTENT, phota_task_id="task-1")], ids=["intent", "ID"])
def test_a_share_that_goes_away_after_the_first_look_is_not_begun_again(tmp_path, entry):
    """Nor is an ID written to its empty mount point: it would be gone when the share is back."""
    share = tmp_path / "share"
    share.mkdir()
    store = store_at(share, may_begin=True)
    assert store.read() == Record()
    share.rename(tmp_path / "elsewhere")
    share.mkdir()
    with pytest.raises(UnreadableRecord, match="marker"):
        store.put(entry)
    assert list(share.iterdir()) == []
    share.rmdir()
    (tmp_path / "elsewhere").rename(share)
    store.put(entry)
    assert store.read().entries == (entry,)


def test_a_directory_that_is_not_there_is_not_made(tmp_path):
    away = tmp_path / "share" / "ledger"
    for act in (lambda: store_at(away).read(), lambda: store_at(away).put(INTENT)):
        with pytest.raises(UnreadableRecord, match="does not exist"):
            act()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("emptied", [True, False], ids=["empty mount point", "no directory"])
def test_a_share_that_is_away_at_the_retry_pays_nothing(emulator, picture_url, tmp_path, emptied):
    share = tmp_path / "share"
    share.mkdir()
    paid = execute(picture_url, f"file://{share}")
    share.rename(tmp_path / "elsewhere")
    if emptied:
        share.mkdir()
    with pytest.raises(PhotaLedgerError, match="nothing was sent"):
        execute(picture_url, f"file://{share}", try_number=2)
    assert [entry.id for entry in emulator.ledger()] == [paid]
    if emptied:
        share.rmdir()
    (tmp_path / "elsewhere").rename(share)
    assert execute(picture_url, f"file://{share}", try_number=3) == paid


@pytest.mark.parametrize("path", ["file://data/ledger", "file://localhost/data", "file:///data/../ledger"])
def test_a_path_that_leads_elsewhere_is_refused(emulator, picture_url, path):
    with pytest.raises(AirflowFailException, match=r"^ledger_path: "):
        execute(picture_url, path)
    assert emulator.ledger() == []


def test_a_ledger_is_begun_by_command_once(tmp_path, capsys):
    assert command.main(["begin", f"file://{tmp_path}"]) == 0
    assert command.main(["begin", f"file://{tmp_path}"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"file://{tmp_path} is now a ledger.",
        f"file://{tmp_path} is already a ledger.",
    ]
    store_at(tmp_path).put(SECOND)


@pytest.mark.parametrize("path", ["data", "file:///no/such/directory"])
def test_the_command_says_what_is_wrong(path, capsys):
    with pytest.raises(SystemExit):
        command.main(["begin", path])
    assert path in capsys.readouterr().err


def test_a_store_that_cannot_create_exclusively_is_named_once(caplog):
    fs = MemoryFileSystem()
    fs.makedirs("/ledger", exist_ok=True)
    with caplog.at_level(logging.WARNING):
        for generation in (1, 2):
            store = ObjectStorageStore(SimpleNamespace(fs=fs, protocol="memory", path="/ledger"), INSTANCE)
            store.put(replace(INTENT, generation=generation))
    assert caplog.text.count("cannot create an object exclusively") == 1


def test_a_server_that_ignores_the_condition_is_found_out(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(objects, "_create", lambda place, content: place.fs.pipe_file(place.path, content))
    store_at(tmp_path).put(INTENT)
    assert "cannot create an object exclusively" in caplog.text


def test_a_disk_without_hard_links_creates_exclusively_too(tmp_path, monkeypatch):
    def link(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", link)
    place = roots.Place.of(ObjectStoragePath(f"file://{tmp_path}")) / "object"
    assert objects.create(place, b"a")
    assert objects.create(place, b"a")  # the same request, sent twice
    assert not objects.create(place, b"b")
    assert objects.read(place) == b"a"
    assert [path.name for path in tmp_path.iterdir()] == ["object"]


def test_a_ledger_of_the_version_before_goes_on(tmp_path):
    """It has no marker; its records are read, and the next first try begins to mark it."""
    old = tmp_path / INSTANCE.digest
    old.mkdir()
    fields = {name: value for name, value in INTENT.to_dict().items() if name != "token"}
    content = Record().to_dict() | {"entries": [{**fields, "phota_task_id": "task-1"}]}
    (old / "ffffffffffffffff-1-task.json").write_text(json.dumps(content))
    assert store_at(tmp_path, may_begin=False).read().phota_task_ids == {"task-1"}
    assert Ledger([store_at(tmp_path)]).read().latest(INTENT.fingerprint).phota_task_id == "task-1"

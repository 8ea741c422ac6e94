"""Pictures of an object store on their way to the service: looked at, published, recognised."""

from __future__ import annotations

import json
import logging
import os
import shutil
import time
from pathlib import Path

import fsspec
import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, AssetAlias, ObjectStoragePath
from airflow.providers.common.compat.sdk import io as airflow_io
from airflow_runs import PICTURE, OutletEvents, TaskInstance
from PIL import Image

from airflow_provider_phota.api.errors import PhotaInputError, PhotaLedgerError, PhotaUnreachable
from airflow_provider_phota.emulator import Fault
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.inputs.uploads import RENEWED_AFTER
from airflow_provider_phota.operators.phota import PhotaImageEditOperator
from airflow_provider_phota.storage.paths import asset_uri
from airflow_provider_phota.transfers.object_storage_to_phota import ObjectStorageToPhotaOperator

pytestmark = pytest.mark.usefixtures("metadata_database")


def ledger_in(folder):
    """A ledger's directory; the ledger makes none itself."""
    (folder / "ledger").mkdir(exist_ok=True)
    return f"file://{folder}/ledger"


UPLOADED = "POST /v1/files/upload/stream"
SUBMITTED = "POST /v1/images/generations"
DOWNLOADED = "GET /results/{task_id}/{index}.png"


class Memory(TaskInstance):
    """A task instance whose XComs can be read back."""

    def xcom_pull(self, task_ids, key, map_indexes):
        assert (task_ids, map_indexes) == (self.task_id, self.map_index)
        return self.pushed.get(key)


@pytest.fixture
def picture(tmp_path):
    return Path(shutil.copy(PICTURE, tmp_path / "garden.jpg"))


@pytest.fixture
def connection(emulator, monkeypatch):
    """Give `phota_default` extras; the directory of a ledger is there."""

    def have(**extra):
        if path := extra.get("ledger_path"):
            Path(path.removeprefix("file://")).mkdir(exist_ok=True)
        fields = {"conn_type": "phota", "password": emulator.key, "host": emulator.url, "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_PHOTA_DEFAULT", json.dumps(fields))

    return have


class SigningFileSystem(fsspec.get_filesystem_class("memory")):
    """A store that signs, by a URL that the emulator can read."""

    protocol = "signing"
    store, pseudo_dirs, signed, url = {}, [""], [], ""

    @classmethod
    def _strip_protocol(cls, path):
        return super()._strip_protocol(str(path).removeprefix("signing://"))

    def sign(self, path, expiration=None, **_):
        self.signed.append((path, expiration))
        return f"{self.url}?X-Signature=CANARY"


@pytest.fixture(scope="module")
def attached_store():
    """Airflow keeps what is attached for as long as the process lives."""
    fsspec.register_implementation("signing", SigningFileSystem)
    attach = getattr(airflow_io, "attach", None) or airflow_io.store.attach  # Airflow 3, Airflow 2
    attach("signing", fs=SigningFileSystem())


@pytest.fixture
def signing_store(emulator, picture_url, picture, attached_store, monkeypatch):
    monkeypatch.setattr(SigningFileSystem, "url", picture_url)
    monkeypatch.setattr(SigningFileSystem, "signed", [])
    SigningFileSystem().pipe_file("/bucket/garden.jpg", picture.read_bytes())
    return SigningFileSystem


def edit(image_urls, instance=None, **more):
    arguments = {"prompt": "a beach", "image_urls": image_urls, **more}
    operator = PhotaImageEditOperator(task_id="edit", **arguments)
    return operator.execute({"ti": instance or TaskInstance()})


def publish(path, **more):
    return ObjectStorageToPhotaOperator(task_id="publish", path=path, **more).execute({})


def input_of(emulator):
    (entry,) = emulator.ledger()
    return entry.request["image_urls"]


@pytest.mark.parametrize(
    "kind", [str, ObjectStoragePath, lambda url: [url], lambda url: [ObjectStoragePath(url)]]
)
def test_an_edit_takes_a_path_and_uploads_it(emulator, picture, kind):
    edit(kind(f"file://{picture}"))
    (url,) = input_of(emulator)
    assert url.startswith(f"{emulator.url}/uploads/")
    assert url.endswith(".jpg")
    assert emulator.counts()[UPLOADED] == 1


def test_paths_and_urls_keep_their_order(emulator, picture, picture_url, tmp_path):
    other = tmp_path / "other.png"
    Image.new("RGB", (32, 32), "red").save(other)
    edit([picture_url, f"file://{picture}", f"file://{other}"])
    urls = input_of(emulator)
    assert urls[0] == picture_url
    assert [url.rpartition(".")[2] for url in urls] == ["jpg", "jpg", "png"]


def test_the_content_type_is_that_of_the_content(emulator, picture):
    misnamed = picture.with_name("garden.txt")
    picture.rename(misnamed)
    edit(f"file://{misnamed}")
    (url,) = input_of(emulator)
    assert url.endswith(".jpg")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a text that is named like a picture", "is not a PNG, JPEG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is not a PNG, JPEG"),
        (b"", "is not a PNG, JPEG"),
        (PICTURE.read_bytes()[:5000], "is cut or damaged"),
    ],
    ids=["text", "svg", "empty", "cut"],
)
def test_what_is_no_whole_picture_costs_nothing(emulator, picture, content, words):
    picture.write_bytes(content)
    for act in (edit, publish):
        with pytest.raises(AirflowFailException, match=words):
            act(f"file://{picture}")
    assert emulator.counts() == {}


def test_the_connection_says_how_many_pixels_an_input_may_have(emulator, picture, connection):
    connection(max_pixels=1000)
    for act in (edit, publish):
        with pytest.raises(
            AirflowFailException, match=r"pixels, more than max_pixels \(1000\): raise the conn"
        ):
            act(f"file://{picture}")
    assert emulator.counts() == {}


NAMES = [
    b"caf\xe9.jpg",
    b"\xff\xfe",
    "caf\xe9 \u56fe 9\u202fPM.jpg".encode(),
    b"a b#c?d%20e%.jpg",
    b"~-'\"[x].jpg",
]


@pytest.mark.parametrize("kind", [str, ObjectStoragePath])
@pytest.mark.parametrize("name", NAMES)
def test_a_file_may_have_any_name_that_a_disk_takes(
    emulator, picture, connection, tmp_path, caplog, kind, name
):
    connection(ledger_path=ledger_in(tmp_path))
    path = kind(f"file://{picture.rename(picture.with_name(os.fsdecode(name)))}")
    with caplog.at_level(logging.INFO, "airflow_provider_phota"):
        edit(path)
        publish(path)
        publish([path])
    assert emulator.counts()[UPLOADED] == 1
    for record in caplog.records:
        assert record.getMessage().encode()
        assert json.dumps(record.getMessage(), ensure_ascii=False).encode()


@pytest.mark.parametrize("kind", [str, bytes, Path])
@pytest.mark.parametrize("name", NAMES)
def test_the_hook_uploads_a_file_of_any_name(emulator, picture, kind, name):
    path = os.fsencode(picture.rename(picture.with_name(os.fsdecode(name))))
    as_given = path if kind is bytes else kind(os.fsdecode(path))
    assert PhotaHook().upload_file(as_given).isascii()


@pytest.mark.parametrize("name", ["caf\udce9.jpg", "\ud800.jpg", "caf\udfff\ud800.jpg", "a\0b.jpg"])
def test_a_name_that_nothing_can_have_or_has_is_named(emulator, tmp_path, name):
    for act in (edit, publish):
        with pytest.raises(AirflowFailException, match=r"(image_urls|path): 'file:") as caught:
            act(f"file://{tmp_path}/{name}")
        assert str(caught.value).encode()
    with pytest.raises(PhotaInputError, match="path: cannot be read"):
        PhotaHook().upload_file(tmp_path / name)
    assert emulator.counts() == {}


def test_an_edition_that_is_not_text_is_named(emulator, picture):
    with pytest.raises(AirflowFailException, match="edition: has bytes in it that are not UTF-8"):
        edit(f"file://{picture}", edition="caf\udce9")


def test_the_name_of_an_input_is_a_uri_for_lineage():
    assert asset_uri("file:///a/caf\udce9.jpg") == "file:///a/caf%E9.jpg"
    assert asset_uri("file:///a/caf\ud800.jpg") == "file:///a/caf%5Cud800.jpg"
    assert asset_uri("s3://b\udcff/caf\xe9.jpg") == "s3://b\\xff/caf%C3%A9.jpg"


@pytest.mark.parametrize("path", ["{folder}/missing.jpg", "{folder}", "{folder}/../x.jpg"])
def test_what_cannot_be_read_is_named(emulator, tmp_path, path):
    with pytest.raises(AirflowFailException, match=r"image_urls: .*(cannot be read|leads upwards)"):
        edit(f"file://{path.format(folder=tmp_path)}")
    assert emulator.counts() == {}


def test_a_store_nobody_knows_is_named(emulator):
    with pytest.raises(AirflowFailException, match="Airflow does not know the store nowhere://"):
        edit("nowhere://bucket/garden.jpg")


def test_a_signed_url_is_asked_of_the_store(emulator, signing_store):
    uploads = emulator.counts()[UPLOADED]
    edit("signing://bucket/garden.jpg", publish="presign")
    ((path, expiration),) = signing_store.signed
    assert (path.strip("/"), expiration) == ("bucket/garden.jpg", 24 * 3600)
    assert input_of(emulator)[0].endswith("?X-Signature=CANARY")
    assert emulator.counts()[UPLOADED] == uploads


def test_the_connection_says_how_and_an_argument_says_otherwise(emulator, signing_store, connection):
    connection(publish="presign")
    assert publish("signing://bucket/garden.jpg")[0].endswith("X-Signature=CANARY")
    (url,) = publish(ObjectStoragePath("signing://bucket/garden.jpg"), publish="upload")
    assert url.startswith(f"{emulator.url}/uploads/")


def test_a_store_that_cannot_sign_says_what_to_do(emulator, picture):
    with pytest.raises(AirflowFailException, match=r"file:// cannot sign URLs: use 'upload'"):
        edit(f"file://{picture}", publish="presign")
    assert emulator.ledger() == []


def test_a_signature_that_fails_is_not_shown(emulator, signing_store, monkeypatch):
    def sign(*_, **__):
        raise RuntimeError("CANARY")

    monkeypatch.setattr(signing_store, "sign", sign)
    with pytest.raises(PhotaUnreachable, match=r"could not be signed \(RuntimeError\)") as caught:
        edit("signing://bucket/garden.jpg", publish="presign")
    assert "CANARY" not in str(caught.value)
    assert "Nothing was billed" in str(caught.value)


@pytest.mark.parametrize("make", [edit, publish])
def test_another_way_to_publish_is_refused_when_the_dag_is_read(make, picture):
    with pytest.raises(PhotaInputError, match="publish: must be 'presign' or 'upload', got 'ftp'"):
        make(f"file://{picture}", publish="ftp")


def test_several_pictures_give_several_urls(emulator, picture):
    urls = publish([f"file://{picture}", ObjectStoragePath(f"file://{picture}")])
    assert len(urls) == 2
    with pytest.raises(AirflowFailException, match="path: is empty"):
        publish([])


def test_an_upload_that_fails_costs_nothing_and_heals(emulator, picture):
    emulator.add_faults(Fault(on="upload", kind="status", status=503, times=50))
    with pytest.raises(PhotaUnreachable, match="Nothing was billed"):
        edit(f"file://{picture}")
    assert emulator.ledger() == []
    emulator.clear_faults()
    edit(f"file://{picture}")
    assert len(emulator.ledger()) == 1


def test_an_upload_is_made_once_for_the_same_content(emulator, picture, connection, tmp_path):
    connection(ledger_path=ledger_in(tmp_path))
    first = publish(f"file://{picture}")
    same = Path(shutil.copy(picture, tmp_path / "another-name.jpg"))
    assert publish(f"file://{same}") == first
    assert emulator.counts()[UPLOADED] == 1


def test_an_upload_that_is_old_evicted_or_unreadable_is_made_anew(emulator, picture, connection, tmp_path):
    connection(ledger_path=ledger_in(tmp_path))
    publish(f"file://{picture}")
    (known,) = (tmp_path / "ledger").rglob("*.json")
    content = json.loads(known.read_text())
    for number, other in enumerate(
        (
            json.dumps({**content, "uploaded_at": time.time() - RENEWED_AFTER - 1}),
            json.dumps({**content, "url": f"{emulator.url}/uploads/evicted/garden.jpg"}),
            json.dumps([]),
            "no JSON",
        )
    ):
        known.write_text(other)
        publish(f"file://{picture}")
        assert emulator.counts()[UPLOADED] == number + 2


def test_a_retry_takes_up_the_same_edit_wherever_the_picture_is_published(
    emulator, picture, signing_store, connection, tmp_path
):
    """The URLs differ from attempt to attempt: the content is what tells the edit from another."""
    connection(ledger_path=ledger_in(tmp_path))
    first = edit("signing://bucket/garden.jpg", publish="presign")
    assert edit(f"file://{picture}") == first
    assert len(emulator.ledger()) == 1
    Image.new("RGB", (64, 64), "red").save(picture)
    assert edit(f"file://{picture}") != first
    assert len(emulator.ledger()) == 2


def skipping(picture, tmp_path, instance=None, **more):
    arguments = {
        "wait_for_completion": True,
        "poll_interval": 0.05,
        "destination": f"file://{tmp_path}/edits",
        "skip_existing_edits": True,
    }
    return edit(f"file://{picture}", instance or Memory(), **{**arguments, **more})


def test_an_edit_that_has_landed_is_neither_paid_nor_fetched_again(emulator, picture, tmp_path):
    first = skipping(picture, tmp_path, num_outputs=2)
    counts = emulator.counts()
    elsewhere = Path(shutil.copy(picture, tmp_path / "another-name.jpg"))
    again = skipping(elsewhere, tmp_path, num_outputs=2)
    assert again["files"] == first["files"]
    assert (again["status"], again["phota_task_id"]) == ("existing", None)
    assert emulator.counts() == counts
    assert len(emulator.ledger()) == 1


def test_another_edit_or_another_content_is_made(emulator, picture, tmp_path):
    skipping(picture, tmp_path)
    skipping(picture, tmp_path, prompt="a forest")
    skipping(picture, tmp_path, resolution="4K")
    skipping(picture, tmp_path, num_outputs=2)
    skipping(picture, tmp_path, edition="second")
    Image.new("RGB", (64, 64), "red").save(picture)
    skipping(picture, tmp_path)
    assert len(emulator.ledger()) == 6


@pytest.mark.parametrize(
    "damage", ["a file is gone", "a file is cut", "no manifest", "a manifest of rubbish"]
)
def test_an_edit_of_which_something_is_missing_is_made(emulator, picture, tmp_path, damage):
    result = skipping(picture, tmp_path)
    file = Path(result["files"][0]["path"].removeprefix("file://"))
    (manifest,) = (tmp_path / "edits").glob("*.json")
    {
        "a file is gone": file.unlink,
        "a file is cut": lambda: file.write_bytes(b"cut"),
        "no manifest": manifest.unlink,
        "a manifest of rubbish": lambda: manifest.write_text('{"version": 1}'),
    }[damage]()
    assert skipping(picture, tmp_path)["phota_task_id"]
    assert len(emulator.ledger()) == 2


def test_a_store_that_cannot_be_read_is_no_empty_one(emulator, picture, tmp_path, monkeypatch):
    skipping(picture, tmp_path)

    def unreadable(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("airflow_provider_phota.storage.records.read", unreadable)
    with pytest.raises(
        PhotaLedgerError, match=r"(?s)could not be read; nothing was sent.*edits: Permission denied"
    ):
        skipping(picture, tmp_path)
    assert len(emulator.ledger()) == 1


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"image_urls": "https://example.com/garden.jpg"}, "must be paths of an object store"),
        ({"filename": "{phota_task_id}-{index}"}, "must have {digest} in it"),
        ({"filename": "{digest}", "num_outputs": 2}, "needs {index}"),
        ({"filename": "out-{index}"}, "must have {digest} in it"),
    ],
)
def test_what_cannot_be_recognised_is_refused(emulator, picture, tmp_path, more, words):
    with pytest.raises((PhotaInputError, AirflowFailException), match=words):
        PhotaImageEditOperator(
            task_id="edit",
            prompt="a beach",
            **{
                "image_urls": f"file://{picture}",
                "wait_for_completion": True,
                "destination": f"file://{tmp_path}",
                "skip_existing_edits": True,
                **more,
            },
        ).execute({"ti": Memory()})
    assert emulator.counts() == {}


def test_without_a_destination_there_is_nothing_to_recognise():
    with pytest.raises(PhotaInputError, match="needs a destination"):
        PhotaImageEditOperator(
            task_id="edit",
            prompt="a",
            image_urls="file:///a.jpg",
            wait_for_completion=True,
            skip_existing_edits=True,
        )


def test_the_pictures_of_two_edits_are_never_mixed(emulator, picture, tmp_path):
    first = skipping(picture, tmp_path, num_outputs=2)
    Path(first["files"][1]["path"].removeprefix("file://")).unlink()
    second = skipping(picture, tmp_path, num_outputs=2)
    assert {file["phota_task_id"] for file in second["files"]} == {second["phota_task_id"]}
    assert not {file["sha256"] for file in first["files"]} & {file["sha256"] for file in second["files"]}


def test_an_edit_that_came_short_is_not_taken_for_a_whole_one(emulator, picture, tmp_path, monkeypatch):
    from airflow_provider_phota.results import delivery

    original = delivery.land
    monkeypatch.setattr(delivery, "land", lambda *arguments: original(*arguments)[:1])
    skipping(picture, tmp_path, num_outputs=2)
    monkeypatch.setattr(delivery, "land", original)
    assert skipping(picture, tmp_path, num_outputs=2)["phota_task_id"]


def test_another_service_has_edits_of_its_own(emulator, picture, tmp_path, monkeypatch):
    skipping(picture, tmp_path)
    monkeypatch.setenv(
        "AIRFLOW_CONN_PHOTA_OTHER",
        json.dumps(
            {
                "conn_type": "phota",
                "password": emulator.key,
                "host": emulator.url.replace("127.0.0.1", "localhost"),
            }
        ),
    )
    assert skipping(picture, tmp_path, phota_conn_id="phota_other")["phota_task_id"]


def test_a_picture_that_changes_after_it_was_looked_at_is_not_sent(
    emulator, picture, connection, tmp_path, monkeypatch
):

    connection(ledger_path=ledger_in(tmp_path))
    from airflow_provider_phota.inputs import publisher

    original = publisher.form_of

    def changing(file, *more):
        content = bytearray(picture.read_bytes())
        content[-10] ^= 0xFF  # as long as before
        picture.write_bytes(bytes(content))
        return original(file, *more)

    monkeypatch.setattr(publisher, "form_of", changing)
    with pytest.raises(AirflowFailException, match=r"changed while it was uploaded(?s:.*)Nothing was billed"):
        edit(f"file://{picture}")
    assert emulator.ledger() == []
    assert not list((tmp_path / "ledger").rglob("uploads/**/*.json"))


def test_a_store_that_stumbles_is_tried_again(emulator, picture, monkeypatch):
    def stumbling(_):
        raise TimeoutError

    monkeypatch.setattr("airflow_provider_phota.inputs.sources.open_for_reading", stumbling)
    with pytest.raises(PhotaUnreachable, match=r"could not be read \(TimeoutError\)"):
        edit(f"file://{picture}")


def test_a_picture_that_was_moved_away_does_not_hide_what_was_paid_for(
    emulator, picture, connection, tmp_path
):
    connection(ledger_path=ledger_in(tmp_path))
    paid = edit(f"file://{picture}")
    picture.unlink()
    with pytest.raises(
        AirflowFailException, match=f"cannot be read(?s:.*)has paid for {paid}: fetch the result"
    ):
        edit(f"file://{picture}")


def test_a_retry_after_the_landing_tells_the_alias_all_the_same(emulator, picture, connection, tmp_path):
    class Event:
        def __init__(self):
            self.added = []

        def add(self, asset, extra):
            self.added.append(extra)

    def attempt():
        alias, event = AssetAlias("edits"), Event()
        operator = PhotaImageEditOperator(
            task_id="edit",
            prompt="a beach",
            image_urls=f"file://{picture}",
            wait_for_completion=True,
            poll_interval=0.05,
            destination=f"file://{tmp_path}/edits",
            skip_existing_edits=True,
            outlets=[alias],
        )
        return operator.execute(
            {"ti": Memory(), "outlet_events": OutletEvents([(alias, event)])}
        ), event.added

    connection(ledger_path=ledger_in(tmp_path))
    first, told = attempt()
    again, told_again = attempt()
    assert told == told_again == first["files"] == again["files"]
    assert again["phota_task_id"] == first["phota_task_id"]
    assert len(emulator.ledger()) == 1


@pytest.mark.parametrize("event", [{"version": 99}, {}, None])
def test_without_a_ledger_nothing_that_breaks_after_a_deferral_pays_again(
    emulator, picture, event, monkeypatch
):
    operator = PhotaImageEditOperator(
        task_id="edit", prompt="a", image_urls=f"file://{picture}", wait_for_completion=True, deferrable=True
    )
    monkeypatch.delenv("AIRFLOW_CONN_PHOTA_DEFAULT")  # nor can the connection be read by then
    with pytest.raises(AirflowFailException, match="without a ledger a retry would pay"):
        operator.execute_complete({"ti": TaskInstance()}, event)

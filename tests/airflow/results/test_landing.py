"""Landing: whole pictures under their names, each once; or a clear error and nothing."""

from __future__ import annotations

import hashlib
import io
import json
import os
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fsspec
import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, Asset, AssetAlias, ObjectStoragePath
from airflow.providers.common.compat.sdk import io as airflow_io
from airflow_runs import OutletEvents, TaskInstance
from landed_names import paths_below as names
from PIL import Image

from airflow_provider_phota.api.errors import (
    PhotaInputError,
    PhotaLandingError,
    PhotaLedgerError,
    PhotaResultsMissing,
)
from airflow_provider_phota.downloads import downloads
from airflow_provider_phota.emulator import Fault
from airflow_provider_phota.operators.phota import PhotaImageEditOperator
from airflow_provider_phota.results.options import LandingOptions
from airflow_provider_phota.sensors.phota import PhotaTaskSensor
from airflow_provider_phota.storage.drafts import PARTS, new_draft
from airflow_provider_phota.storage.paths import Place
from airflow_provider_phota.transfers.phota_to_object_storage import PhotaToObjectStorageOperator

pytestmark = pytest.mark.usefixtures("metadata_database", "hurried_downloads")

#: When the DAG is parsed, or when the task runs.
REFUSED = (PhotaInputError, AirflowFailException)
DOWNLOADED = "GET /results/{task_id}/{index}.png"


@pytest.fixture
def hurried_downloads(monkeypatch):
    monkeypatch.setattr(downloads, "DEFAULT_TIMING", downloads.Timing(pause=0.01))


@pytest.fixture
def result(emulator, picture_url):
    edit = PhotaImageEditOperator(
        task_id="edit",
        prompt="a beach",
        image_urls=picture_url,
        num_outputs=3,
        wait_for_completion=True,
        poll_interval=0.05,
    )
    return edit.execute({"ti": TaskInstance()})


def land(result, destination, context=None, **more):
    operator = PhotaToObjectStorageOperator(task_id="land", result=result, destination=destination, **more)
    return operator.execute(context or {})


def test_every_picture_lands_under_its_name(result, tmp_path):
    files = land(result, f"file://{tmp_path}/a/b")
    expected = [f"{result['phota_task_id']}-{index}.png" for index in range(3)]
    assert [file["path"] for file in files] == [f"file://{tmp_path}/a/b/{name}" for name in expected]
    assert names(tmp_path / "a/b") == expected
    for file in files:
        content = Path(file["path"].removeprefix("file://")).read_bytes()
        with Image.open(io.BytesIO(content)) as picture:
            picture.load()
            assert (picture.format, picture.size) == ("PNG", (file["width"], file["height"]))
        assert file["sha256"] == hashlib.sha256(content).hexdigest()
        assert file["bytes"] == len(content)
        assert file["content_type"] == "image/png"
        assert file["phota_task_id"] == result["phota_task_id"]


def test_a_landed_file_has_the_permissions_of_any_other(result, tmp_path):
    (tmp_path / "other").write_text("")
    (first, *_) = land(result, f"file://{tmp_path}")
    landed = Path(first["path"].removeprefix("file://"))
    assert landed.stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_task_id_or_a_path_will_do_too(result, tmp_path):
    assert len(land(result["phota_task_id"], ObjectStoragePath(f"file://{tmp_path}"))) == 3


@pytest.fixture
def memory_store():
    attach = getattr(airflow_io, "attach", None) or airflow_io.store.attach  # Airflow 3, Airflow 2
    fs = fsspec.filesystem("memory")
    attach("memory", fs=fs)
    yield fs
    fs.store.clear()


def test_other_stores_work_alike(result, memory_store):
    (first, *_) = land(result, "memory://bucket/prefix")
    # universal-pathlib below 0.3 writes three slashes
    path = first["path"].replace(":///", "://")
    assert path == f"memory://bucket/prefix/{result['phota_task_id']}-0.png"
    assert ObjectStoragePath(first["path"]).read_bytes().startswith(b"\x89PNG")
    assert not [name for name in memory_store.store if name.endswith(".part")]


@pytest.mark.parametrize("where", ["file", "memory"])
def test_what_has_landed_is_not_fetched_again(emulator, result, tmp_path, memory_store, where):
    destination = f"file://{tmp_path}" if where == "file" else "memory://bucket"
    first = land(result, destination)
    assert emulator.counts()[DOWNLOADED] == 3
    assert land(result, destination) == first
    assert emulator.counts()[DOWNLOADED] == 3


def test_a_damaged_file_is_replaced(emulator, result, tmp_path):
    first = land(result, f"file://{tmp_path}")
    cut = Path(first[1]["path"].removeprefix("file://"))
    cut.write_bytes(cut.read_bytes()[:-100])
    assert land(result, f"file://{tmp_path}") == first
    assert emulator.counts()[DOWNLOADED] == 4
    assert hashlib.sha256(cut.read_bytes()).hexdigest() == first[1]["sha256"]


def test_overwrite_fetches_again(emulator, result, tmp_path):
    first = land(result, f"file://{tmp_path}", if_exists="overwrite")
    assert land(result, f"file://{tmp_path}", if_exists="overwrite") == first
    assert emulator.counts()[DOWNLOADED] == 6


def test_fail_lets_the_same_file_be_and_refuses_another(result, tmp_path):
    first = land(result, f"file://{tmp_path}", filename="out-{index}", if_exists="fail")
    assert land(result, f"file://{tmp_path}", filename="out-{index}", if_exists="fail") == first
    (tmp_path / "out-1.png").write_bytes(b"of somebody else")
    with pytest.raises(PhotaLandingError, match=r"another file is at .*out-1.png, and if_exists is 'fail'"):
        land(result, f"file://{tmp_path}", filename="out-{index}", if_exists="fail")
    assert (tmp_path / "out-1.png").read_bytes() == b"of somebody else"
    assert names(tmp_path) == ["out-0.png", "out-1.png", "out-2.png"]


@pytest.mark.parametrize(
    ("phota_task_id", "stem"),
    [
        (".hidden", "id=.hidden"),
        ("..up", "id=..up"),
        ("~root", "~root"),
        ("-rf", "-rf"),
        ("_task", "_task"),
        ("t" * 198, "t" * 198),
        ("t" * 256, f"id={hashlib.sha256(b't' * 256).hexdigest()[:32]}"),
    ],
)
def test_a_paid_picture_lands_whatever_its_task_is_called(result, tmp_path, phota_task_id, stem):
    result["phota_task_id"] = phota_task_id
    for filename in ("{phota_task_id}-{index}", "edits/{phota_task_id}/{index}"):
        files = land(result, f"file://{tmp_path}", filename=filename)
        assert land(result, f"file://{tmp_path}", filename=filename) == files
        assert {file["phota_task_id"] for file in files} == {phota_task_id}
    parts = {Path(name).parts[0] for name in names(tmp_path)}
    assert parts == {"edits", *(f"{stem}-{index}.png" for index in range(3))}
    assert [folder.name for folder in (tmp_path / "edits").iterdir()] == [stem]


def test_a_template_without_room_for_an_id_is_refused_before_anything_is_paid():
    with pytest.raises(PhotaInputError, match="more than 200 bytes"):
        LandingOptions("file:///data", "x" * 170 + "{phota_task_id}-{index}").landing()


def test_names_are_a_template(result, tmp_path):
    land(result, f"file://{tmp_path}", filename="2026/{phota_task_id}/{index:02d} é")
    task_id = result["phota_task_id"]
    assert names(tmp_path) == [f"2026/{task_id}/0{index} é.png" for index in range(3)]


@pytest.mark.parametrize(
    ("filename", "words"),
    [
        ("{prompt}-{index}", "fields index, phota_task_id"),
        ("{phota_task_id.__class__}-{index}", "fields"),
        ("{}", "fields"),
        ("{phota_task_id", "fields"),
        ("{digest}-{index}", "fields index, phota_task_id"),
        ("../{phota_task_id}-{index}", "begin with a dot"),
        ("/{phota_task_id}-{index}", "part of the path"),
        ("a//{phota_task_id}-{index}", "part of the path"),
        (".{phota_task_id}-{index}", "begin with a dot"),
        ("a\\{phota_task_id}-{index}", "backslash"),
        ("a\n{phota_task_id}-{index}", "printable"),
        ("x" * 300 + "{phota_task_id}-{index}", "more than 200 bytes"),
        ("{index}", "must have {phota_task_id}"),
        ("{phota_task_id}", "needs {index} for 3 pictures"),
    ],
)
def test_a_name_that_leads_elsewhere_or_says_too_little_is_refused(
    emulator, result, tmp_path, filename, words
):
    with pytest.raises(REFUSED, match=words):
        land(result, f"file://{tmp_path}", filename=filename)
    assert DOWNLOADED not in emulator.counts()
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"if_exists": "keep"}, "if_exists: must be 'skip', 'overwrite' or 'fail'"),
        ({"max_bytes": 0}, "max_bytes: must be an int"),
        ({"max_bytes": True}, "max_bytes: must be an int"),
        ({"destination": ""}, "destination: must be an object-storage URL"),
        ({"destination": "file://data/edits"}, "names a host"),
        ({"destination": "/data"}, "destination: must be an object-storage URL"),
        ({"destination": "a text with s3://bucket/edits"}, "destination: must be an object-storage URL"),
        ({"destination": "file:///data/../etc"}, "leads upwards"),
        ({"destination": "file:///data/caf\udce9"}, "not UTF-8, which Airflow cannot store"),
        ({"destination": ObjectStoragePath("file:///data/\ud800")}, "not UTF-8, which Airflow cannot store"),
        ({"filename": "caf\udce9-{phota_task_id}-{index}"}, "must be printable"),
        ({"destination": "gs://bucket/edits"}, "apache-airflow-providers-google"),
        ({"destination": "nowhere://bucket"}, "Airflow does not know the store nowhere://"),
    ],
)
def test_bad_arguments_are_named(result, tmp_path, more, words):
    with pytest.raises(REFUSED, match=words):
        land(result, **{"destination": f"file://{tmp_path}", **more})


def test_stale_urls_are_asked_for_anew(result, tmp_path):
    for image in result["images"]:
        image["url"] += "0"  # a signature that is no longer good
    result["expires_at"] = None
    assert len(land(result, f"file://{tmp_path}")) == 3


def test_expired_results_say_so_and_are_not_retried(emulator, result, tmp_path):
    emulator.advance(25 * 3600)
    with pytest.raises(AirflowFailException, match=r"(?s)no longer served.*24 hours"):
        land(result, f"file://{tmp_path}")
    assert names(tmp_path) == []


def test_urls_that_are_refused_while_results_live_are_asked_for_anew(result, tmp_path):
    for image in result["images"]:
        image["url"] += "0"
    assert len(land(result, f"file://{tmp_path}")) == 3


def test_fresh_results_that_are_refused_are_retried(emulator, result, tmp_path):
    emulator.add_faults(Fault(on="result", kind="status", status=403, times=None))
    with pytest.raises(
        PhotaLandingError, match=r"(?s)HTTP 403.*though it should be served until .*trying again is free"
    ):
        land(result, f"file://{tmp_path}")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"kind": "truncated_body"}, "did not arrive|was cut"),
        ({"kind": "reset_before"}, "did not arrive"),
        ({"kind": "html"}, "not a PNG, JPEG or WEBP"),
        ({"kind": "status", "status": 500}, "HTTP 500"),
    ],
)
def test_a_picture_that_does_not_arrive_whole_is_not_written(emulator, result, tmp_path, fault, words):
    emulator.add_faults(Fault(on="result", times=None, **fault))
    with pytest.raises(PhotaLandingError, match=words) as caught:
        land(result, f"file://{tmp_path}")
    assert "sig=" not in str(caught.value)
    assert "The PHOTA task is billed; trying again is free" in str(caught.value)
    assert names(tmp_path) == []


def test_what_breaks_once_lands_all_the_same(emulator, result, tmp_path):
    emulator.add_faults(Fault(on="result", kind="truncated_body", times=3))
    assert len(land(result, f"file://{tmp_path}")) == 3


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


BOMB = (
    b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0))
    + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
    + chunk(b"IEND", b"")
)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("<html>no picture</html>", "is not a PNG, JPEG or WEBP"),
        ("<svg xmlns='http://www.w3.org/2000/svg'/>", "is not a PNG, JPEG or WEBP"),
        ("GIF89a=alert(1)", "is not a PNG, JPEG or WEBP"),
        ("", "is not a PNG, JPEG or WEBP"),
        (BOMB.decode("latin-1"), r"more than max_pixels \(200000000\)"),
        ("\x89PNG\r\n\x1a\nrubbish", "is cut or damaged"),
    ],
    ids=["html", "svg", "polyglot", "empty", "bomb", "damaged"],
)
def test_what_is_no_picture_is_not_written(result, tmp_path, monkeypatch, body, words):
    monkeypatch.setattr(
        downloads.Downloads, "fetch", lambda _, __, target, ___: target.write(body.encode("latin-1"))
    )
    with pytest.raises(PhotaLandingError, match=words):
        land(result, f"file://{tmp_path}")
    assert names(tmp_path) == []


def png_with(kind, data):
    """A picture with one more chunk."""
    content = io.BytesIO()
    Image.effect_noise((64, 48), 60.0).save(content, "PNG")
    more = struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return content.getvalue()[:33] + more + content.getvalue()[33:]


def blank_mask():
    content = io.BytesIO()
    Image.new("P", (4096, 4096)).save(content, "PNG", bits=1)
    return content.getvalue()


@pytest.mark.parametrize(
    "content",
    [png_with(b"zTXt", b"workflow\0\0" + zlib.compress(b"x" * 2_000_000)), blank_mask()],
    ids=["long text", "1 bit"],
)
def test_a_sound_picture_lands_byte_for_byte(result, tmp_path, monkeypatch, content):
    monkeypatch.setattr(downloads.Downloads, "fetch", lambda _, __, target, ___: target.write(content))
    (first, *_) = land(result, f"file://{tmp_path}")
    assert Path(first["path"].removeprefix("file://")).read_bytes() == content
    assert land(result, f"file://{tmp_path}")[0] == first  # it is whole for the next attempt too


def test_the_connection_says_how_many_pixels_a_result_may_have(emulator, result, tmp_path, monkeypatch):
    fields = {"conn_type": "phota", "password": emulator.key, "host": emulator.url}
    monkeypatch.setenv("AIRFLOW_CONN_PHOTA_DEFAULT", json.dumps({**fields, "extra": {"max_pixels": 100}}))
    with pytest.raises(
        PhotaLandingError, match=r"more than max_pixels \(100\): raise the connection's extra"
    ):
        land(result, f"file://{tmp_path}")
    assert names(tmp_path) == []


def test_a_picture_that_is_too_large_is_not_written(result, tmp_path):
    with pytest.raises(PhotaLandingError, match=r"larger than max_bytes \(1000\)"):
        land(result, f"file://{tmp_path}", max_bytes=1000)
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1/a.png", "file:///etc/passwd", "/relative.png", "http://169.254.169.254/a.png"]
)
def test_other_urls_are_not_fetched(result, tmp_path, url):
    result["images"][0]["url"] = url
    with pytest.raises(PhotaLandingError, match=r"not fetched|nothing is fetched|only https is fetched"):
        land(result, f"file://{tmp_path}")


def test_one_that_fails_does_not_keep_the_others_from_landing(emulator, result, tmp_path):
    emulator.add_faults(Fault(on="result", kind="html", times=1))
    with pytest.raises(PhotaLandingError):
        land(result, f"file://{tmp_path}")
    assert len(names(tmp_path)) == 2
    assert len(land(result, f"file://{tmp_path}")) == 3
    assert emulator.counts()[DOWNLOADED] == 4


def test_a_store_that_cannot_be_written_to_is_named(result, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(PhotaLandingError, match=r"could not be written to .*file"):
        land(result, f"file://{tmp_path}/file")


def test_a_full_store_leaves_nothing(result, memory_store, monkeypatch):
    def put(path, target, **_):
        memory_store.pipe_file(target, b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(memory_store, "put_file", put)
    with pytest.raises(PhotaLandingError, match="No space left on device"):
        land(result, "memory://bucket")
    assert not [name for name in memory_store.store if name.endswith(".png")]


def test_what_a_killed_attempt_left_is_swept_away(result, tmp_path):
    task_id, parts = result["phota_task_id"], tmp_path / ".phota-parts"
    parts.mkdir()
    (parts / f"{task_id}-0.0a1b2c3d.part").write_bytes(b"half")
    (parts / "of-another-task-0.0a1b2c3d.part").write_bytes(b"half")
    land(result, f"file://{tmp_path}")
    assert [path.name for path in parts.iterdir()] == ["of-another-task-0.0a1b2c3d.part"]


def test_two_attempts_at_once_publish_whole_files_and_the_last_one_stays(tmp_path):
    place = Place.of(ObjectStoragePath(f"file://{tmp_path}/a"))
    with new_draft(place) as first:
        first.file.write(b"the first")
        with new_draft(place) as second:
            second.file.write(b"the sec")
            first.publish(place + ".png", "image/png")
            assert (tmp_path / "a.png").read_bytes() == b"the first"
            second.file.write(b"ond")
            second.publish(place + ".png", "image/png")
    assert (tmp_path / "a.png").read_bytes() == b"the second"
    assert names(tmp_path) == ["a.png"]
    assert not (tmp_path / ".phota-parts").exists()


def test_a_draft_that_is_let_go_leaves_nothing(tmp_path):
    with new_draft(Place.of(ObjectStoragePath(f"file://{tmp_path}/a[1]*"))) as draft:
        draft.file.write(b"half")
        assert len(names(tmp_path)) == 1
    assert names(tmp_path) == []


def test_a_folder_of_parts_that_another_attempt_removes_while_it_is_made_is_made_again(tmp_path, monkeypatch):
    real, removed = os.mkdir, []

    def mkdir_that_finds_a_folder_which_is_gone_a_moment_later(path, *more, **how):
        if str(path).endswith(PARTS) and not removed:
            removed.append(path)
            raise FileExistsError(17, "File exists")
        real(path, *more, **how)

    monkeypatch.setattr(os, "mkdir", mkdir_that_finds_a_folder_which_is_gone_a_moment_later)
    place = Place.of(ObjectStoragePath(f"file://{tmp_path}/a"))
    with new_draft(place) as draft:
        draft.file.write(b"whole")
        draft.publish(place + ".png", "image/png")
    assert removed
    assert names(tmp_path) == ["a.png"]


def test_a_file_in_the_place_of_the_folder_of_parts_is_an_error(tmp_path):
    (tmp_path / PARTS).touch()
    with pytest.raises(FileExistsError), new_draft(Place.of(ObjectStoragePath(f"file://{tmp_path}/a"))):
        pass


def test_many_drafts_of_one_folder_at_once_do_not_disturb_each_other(tmp_path):
    def draft(number):
        for _ in range(50):
            with new_draft(Place.of(ObjectStoragePath(f"file://{tmp_path}/{number}"))):
                pass

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(draft, range(8)))
    assert list(tmp_path.iterdir()) == []


def test_a_task_that_is_not_finished_has_nothing_to_land(emulator, picture_url, tmp_path):
    from airflow_provider_phota.hooks.phota import PhotaHook

    emulator.add_faults(Fault(on="submit", kind="latency", seconds=60.0))
    task = PhotaHook().submit_edit("a beach", picture_url)
    with pytest.raises(PhotaResultsMissing, match="wait for it with PhotaTaskSensor"):
        land(task.id, f"file://{tmp_path}")


class Event:
    def __init__(self):
        self.extra, self.added = {}, []

    def add(self, asset, extra):
        self.added.append((asset.uri, extra))


def test_landed_files_are_announced_to_the_outlets(result, tmp_path):
    asset, alias = Asset(f"file://{tmp_path}/edits"), AssetAlias("edits")
    events = OutletEvents([(asset, Event()), (alias, Event())])
    files = land(result, f"file://{tmp_path}", {"outlet_events": events}, outlets=[asset, alias])
    assert events[asset].extra == {"files": files, "cost": result["cost"]}
    assert [extra for _, extra in events[alias].added] == files
    assert [uri for uri, _ in events[alias].added] == [file["path"] for file in files]


class Memory(TaskInstance):
    """A task instance whose XComs can be read back."""

    def xcom_pull(self, task_ids, key, map_indexes):
        return self.pushed.get(key)


def edit_and_land(picture_url, tmp_path, **more):
    arguments = {"destination": f"file://{tmp_path}/out", "image_urls": picture_url, **more}
    return PhotaImageEditOperator(
        task_id="edit", prompt="a beach", wait_for_completion=True, poll_interval=0.05, **arguments
    ).execute({"ti": Memory()})


def test_a_waiting_edit_lands_its_own_pictures(emulator, picture_url, tmp_path):
    result = edit_and_land(picture_url, tmp_path, num_outputs=2)
    assert [file["path"] for file in result["files"]] == [
        f"file://{tmp_path}/out/{result['phota_task_id']}-{index}.png" for index in range(2)
    ]
    assert names(tmp_path / "out") == [f"{result['phota_task_id']}-{index}.png" for index in range(2)]


def test_an_edit_is_not_paid_where_it_could_not_land(emulator, picture_url, tmp_path):
    for more, words in (
        ({"filename": "{prompt}"}, "fields"),
        ({"if_exists": "keep"}, "if_exists"),
        ({"num_outputs": 2, "filename": "{phota_task_id}"}, "needs {index}"),
        ({"filename": "{phota_task_id:.12}"}, "fields"),
        ({"destination": ""}, "must be an object-storage URL"),
        ({"destination": "file:///proc/nothing"}, "cannot be written to"),
    ):
        with pytest.raises(REFUSED, match=words):
            edit_and_land(picture_url, tmp_path, **more)
    with pytest.raises(PhotaInputError, match="wait_for_completion=True"):
        PhotaImageEditOperator(
            task_id="edit", prompt="a", image_urls=picture_url, destination=f"file://{tmp_path}"
        )
    assert emulator.ledger() == []


def test_a_sensor_lands_too(emulator, result, tmp_path):
    sensor = PhotaTaskSensor(
        task_id="wait", phota_task_id=result["phota_task_id"], destination=f"file://{tmp_path}"
    )
    value = sensor.poke({"ti": TaskInstance()}).xcom_value
    assert len(value["files"]) == len(names(tmp_path)) == 3


def test_lineage_names_the_pictures_without_what_signs_them(emulator, picture_url, tmp_path, monkeypatch):
    try:
        from airflow.sdk.lineage import HookLineageCollector
    except ImportError:  # Airflow 2
        from airflow.lineage.hook import HookLineageCollector
    from airflow.providers.common.compat.lineage.hook import get_hook_lineage_collector

    one = HookLineageCollector()
    sdk = "airflow.providers.common.compat.sdk"
    monkeypatch.setattr(f"{sdk}.get_hook_lineage_collector", lambda: one, raising=False)
    result = edit_and_land(f"{picture_url}?sig=CANARY", tmp_path)
    lineage = get_hook_lineage_collector().collected_assets
    assert [each.asset.uri for each in lineage.inputs] == [picture_url]
    assert [each.asset.uri for each in lineage.outputs] == [file["path"] for file in result["files"]]


@pytest.mark.parametrize("store", ["disk", "disk without links", "memory"])
def test_a_name_is_given_to_one_file_alone(tmp_path, memory_store, monkeypatch, store):
    def no_links(*_):
        raise PermissionError(1, "Operation not permitted")

    if store == "disk without links":
        monkeypatch.setattr("os.link", no_links)
    folder = "memory://bucket" if store == "memory" else f"file://{tmp_path}"
    place = Place.of(ObjectStoragePath(f"{folder}/a"))
    with new_draft(place) as first, new_draft(place) as second:
        first.file.write(b"the first")
        second.file.write(b"the second")
        first.publish_new(place + ".png", "image/png")
        with pytest.raises(FileExistsError):
            second.publish_new(place + ".png", "image/png")
    assert place.fs.cat_file(f"{place.path}.png") == b"the first"
    assert names(tmp_path) == ([] if store == "memory" else ["a.png"])


@pytest.mark.parametrize("extension", ["png", "jpg", "webp"])
def test_an_edit_is_not_paid_where_its_fixed_name_is_in_use(emulator, picture_url, tmp_path, extension):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / f"latest-1.{extension}").write_bytes(b"of somebody else")
    more = {"filename": "latest-{index}", "if_exists": "fail"}
    with pytest.raises(AirflowFailException, match=rf"(?s)^filename: .*latest-1\.{extension}.*Nothing was"):
        edit_and_land(picture_url, tmp_path, num_outputs=2, **more)
    assert emulator.ledger() == []
    assert edit_and_land(picture_url, tmp_path, **more)["files"]


def test_what_was_paid_for_waits_for_no_check(emulator, picture_url, tmp_path):
    """A directory that was not writable at the retry may be when the task is finished."""
    ledger = tmp_path / "ledger"
    ledger.mkdir()
    emulator.add_faults(Fault(on="result", kind="html", times=None))
    more = {"ledger_path": f"file://{ledger}"}
    with pytest.raises(PhotaLandingError):
        edit_and_land(picture_url, tmp_path, **more)
    emulator.clear_faults()
    with pytest.raises(PhotaLandingError, match=r"(?s)could not be written to .*The PHOTA task is billed"):
        edit_and_land(picture_url, tmp_path, destination="file:///proc/nothing", **more)
    assert edit_and_land(picture_url, tmp_path, **more)["files"]
    assert len(emulator.ledger()) == 1


def test_known_edits_that_cannot_be_read_do_not_hold_up_a_paid_one(emulator, tmp_path, monkeypatch):
    picture, ledger = tmp_path / "garden.png", tmp_path / "ledger"
    Image.new("RGB", (64, 64), "green").save(picture)
    ledger.mkdir()
    more = {"ledger_path": f"file://{ledger}", "skip_existing_edits": True, "image_urls": f"file://{picture}"}
    emulator.add_faults(Fault(on="result", kind="html", times=None))
    with pytest.raises(PhotaLandingError):
        edit_and_land("", tmp_path, **more)
    emulator.clear_faults()

    def away(_):
        raise TimeoutError

    monkeypatch.setattr("airflow_provider_phota.results.manifests.info_of", away)
    assert edit_and_land("", tmp_path, **more)["files"]
    with pytest.raises(PhotaLedgerError, match=r"(?s)nothing was sent by this attempt.*TimeoutError"):
        edit_and_land("", tmp_path, **{**more, "ledger_path": None})
    with pytest.raises(PhotaLedgerError, match="nothing was sent by this attempt"):
        edit_and_land("", tmp_path, edition="second", **more)
    assert len(emulator.ledger()) == 1

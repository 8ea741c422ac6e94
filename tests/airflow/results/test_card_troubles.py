"""Trouble with small copies, by hostile pictures or by the store: the pictures land, and the log says so."""

from __future__ import annotations

import io
import logging
import struct
import threading
import zlib
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from uuid import uuid4

import pytest
from airflow_runs import TaskInstance
from drawn_pictures import quarters, saved
from PIL import Image

from airflow_provider_phota.results import card_writing
from airflow_provider_phota.results.cards import CARDS_FOLDER
from airflow_provider_phota.transfers.phota_to_object_storage import PhotaToObjectStorageOperator
from tests.chaos.object_store import S3Server

pytestmark = pytest.mark.usefixtures("metadata_database", "emulator")
ID = "task-unified-1757165031-uyujaw3d"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_): ...


@pytest.fixture
def served(tmp_path):
    """Serves pictures as if they were results: `served(one, another)` returns the result of a task."""
    folder = tmp_path / "cdn"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def serve(*pictures):
        images = []
        for index, content in enumerate(pictures):
            (folder / f"{index}.png").write_bytes(content)
            url = f"http://127.0.0.1:{server.server_port}/{index}.png?sig=0123456789abcdef"
            images.append({"url": url, "content_type": "image/png"})
        return {"phota_task_id": ID, "status": "completed", "images": images}

    yield serve
    server.shutdown()
    server.server_close()


def land(result, destination, **more):
    instance = TaskInstance()
    operator = PhotaToObjectStorageOperator(task_id="land", result=result, destination=destination, **more)
    return operator.execute({"ti": instance}), instance.pushed


def warnings(caplog):
    """What this package warns of. Airflow 2 has something to say too, when it is first asked for a connection."""
    ours = (record for record in caplog.records if record.name.startswith("airflow_provider_phota"))
    return [record.getMessage() for record in ours if record.levelno >= logging.WARNING]


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def huge():
    """A picture of 81 million pixels in a few kilobytes."""
    return saved(Image.new("1", (9_000, 9_000)))


def scrambled():
    """A PNG whose checksums are right, and whose pixels cannot be unpacked."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 640, 480, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", b"x\x9c" + b"?" * 900) + chunk(b"IEND", b"")


def overfull():
    """A PNG with a comment that becomes 300 MB when it is unpacked."""
    content, bomb = saved(quarters()), zlib.compress(b"\0" * 300_000_000, 9)
    return content[:33] + chunk(b"zTXt", b"x\0\0" + bomb) + content[33:]


@pytest.mark.parametrize(
    ("picture", "why"),
    [
        (huge, "has 9000 x 9000 pixels, more than the 64000000 that are decoded"),
        (scrambled, "cannot be decoded (OSError)"),
        (overfull, "cannot be decoded (ValueError)"),
    ],
)
def test_a_hostile_picture_lands_and_costs_a_line_of_the_log(served, tmp_path, caplog, picture, why):
    good = saved(quarters((64, 64)))
    files, pushed = land(served(good, picture(), good), f"file://{tmp_path}/out")
    assert [file["bytes"] for file in files] == [len(good), len(picture()), len(good)]
    assert warnings(caplog) == [f"There is no small copy of result 1: it {why}."]
    card = tmp_path / "out" / CARDS_FOLDER / ID / "card.json"
    assert pushed["phota_card"] == card.as_uri()
    assert b'"after": 1' in card.read_bytes()  # those before it
    assert b"0123456789abcdef" not in card.read_bytes()


def test_a_file_in_the_way_of_the_small_copies_costs_a_line_of_the_log(served, tmp_path, caplog):
    out = tmp_path / "out"
    out.mkdir()
    (out / CARDS_FOLDER).write_text("of somebody else")
    files, pushed = land(served(saved(quarters((64, 64)))), out.as_uri())
    assert len(files) == 1
    assert "phota_card" not in pushed
    (line,) = warnings(caplog)
    assert line.startswith(f"PHOTA task {ID} has landed, but not all small copies of its pictures could be")
    assert f"{CARDS_FOLDER}/{ID}" in line
    assert (out / CARDS_FOLDER).read_text() == "of somebody else"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with S3Server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def bucket(server, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_AWS_CARDS", server.connection)
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    name = f"cards-{uuid4().hex[:8]}"
    server.make_bucket(name)
    yield name
    server.set_gate(name, "open")


@pytest.mark.parametrize(("mode", "why"), [("failing", ""), ("hanging", "it took too long")])
def test_a_bucket_without_room_for_the_small_copies_costs_a_line_of_the_log(
    served, server, bucket, caplog, monkeypatch, mode, why
):
    monkeypatch.setattr(card_writing, "LONGEST", 3.0)
    server.set_gate(bucket, mode, CARDS_FOLDER)
    files, pushed = land(served(saved(quarters((64, 64)))), f"s3://aws_cards@{bucket}/out")
    assert [file["path"] for file in files] == [f"s3://aws_cards@{bucket}/out/{ID}-0.png"]
    assert list(server.names(bucket, "out/")) == [f"out/{ID}-0.png"]
    assert "phota_card" not in pushed
    lines = [line for line in warnings(caplog) if line.startswith(f"PHOTA task {ID} has landed, but not all")]
    assert len(lines) == 1
    assert why in lines[0]
    server.set_gate(bucket, "open")
    _, pushed = land(served(saved(quarters((64, 64)))), f"s3://aws_cards@{bucket}/out")
    assert pushed["phota_card"] == f"s3://aws_cards@{bucket}/out/{CARDS_FOLDER}/{ID}/card.json"
    assert len(list(server.names(bucket, f"out/{CARDS_FOLDER}/{ID}/"))) == 2


def test_xcom_that_refuses_the_card_costs_a_line_of_the_log(served, tmp_path, caplog):
    class Refusing(TaskInstance):
        def xcom_push(self, key, value):
            raise RuntimeError("emu-0123456789abcdef")

    result = served(saved(quarters((64, 64))))
    operator = PhotaToObjectStorageOperator(task_id="land", result=result, destination=tmp_path.as_uri())
    assert len(operator.execute({"ti": Refusing()})) == 1
    assert warnings(caplog) == ["The path of the card could not be pushed to XCom (RuntimeError)."]


def test_a_copy_of_what_is_left_of_a_draft_is_not_a_race(served, tmp_path):
    """Several pictures of one order land at once, and their copies are made one at a time."""
    pictures = [saved(quarters((700 + n, 500))) for n in range(12)]
    files, pushed = land(served(*pictures), tmp_path.as_uri())
    folder = tmp_path / CARDS_FOLDER / ID
    assert len(list(folder.glob("after-*.webp"))) == len(files) == 12
    for index, file in enumerate(files):
        with Image.open(io.BytesIO((folder / f"after-{index}.webp").read_bytes())) as small:
            assert small.size == (512, round(file["height"] * 512 / file["width"]))
    assert pushed["phota_card"]

"""Uploads: byte for byte, streamed, and refused when the file is not what it was."""

import hashlib
import tracemalloc
from pathlib import Path
from typing import IO

import pytest
from driving import Account, Run
from http_text import answer, refusal
from raw_server import Peer, RawServer, answers, resets_in_the_body

from airflow_provider_phota.api.errors import PhotaInputError, PhotaRefused, PhotaUnreachable
from airflow_provider_phota.api.forms import file_form, form_of
from airflow_provider_phota.api.protocol import upload
from airflow_provider_phota.api.retry import Backoff

TWICE = Backoff(tries=2, first=0.01)
URL = "https://cdn.foxapi.cc/uploads/lake.jpg"
STORED = answer(200, {"id": "file-1", "url": URL, "size": 7})
MEGABYTE = 1024 * 1024


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "lake.jpg"
    path.write_bytes(bytes(range(256)) * 4096)
    return path


def test_a_file_arrives_byte_for_byte(run: Run, account: Account, picture: Path) -> None:
    form = file_form(picture)
    with RawServer((answers(STORED),)) as server:
        assert run(upload(form), account(server.url)).url == URL
    (request,) = server.posts()
    assert (request.target, request.size) == ("/v1/files/upload/stream", form.length)
    assert request.digest == hashlib.sha256(form.head + picture.read_bytes() + form.tail).hexdigest()
    assert request.headers["content-type"] == form.content_type
    assert "transfer-encoding" not in request.headers


def test_an_upload_that_broke_is_sent_again_from_its_beginning(
    run: Run, account: Account, picture: Path
) -> None:
    with RawServer((resets_in_the_body, answers(STORED))) as server:
        assert run(upload(file_form(picture), TWICE), account(server.url)).id == "file-1"
    assert [post.size for post in server.posts()] == [file_form(picture).length]


def test_a_big_file_is_never_whole_in_memory(run: Run, account: Account, tmp_path: Path) -> None:
    big = tmp_path / "big.tif"
    with big.open("wb") as file:
        file.truncate(64 * MEGABYTE)
    form = file_form(big)
    with RawServer((answers(STORED),)) as server:
        tracemalloc.start()
        try:
            run(upload(form), account(server.url))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert server.posts()[0].size == form.length
    assert peak < 16 * MEGABYTE


@pytest.mark.parametrize("size", [0, 7, 1024 * 4096, 3_000_000])
def test_a_file_that_changed_its_size_is_refused(
    run: Run, account: Account, picture: Path, size: int
) -> None:
    form = file_form(picture)
    with picture.open("r+b") as file:
        file.truncate(size)
    changed = pytest.raises(PhotaInputError, match=r"^path: .*lake\.jpg.* changed while it was uploaded")
    with RawServer((answers(STORED),)) as server, changed:
        run(upload(form, TWICE), account(server.url))
    assert (server.connections, server.received) == (1, [])


def test_a_file_that_is_gone_is_refused(run: Run, account: Account, picture: Path) -> None:
    form = file_form(picture)
    picture.unlink()
    gone = pytest.raises(PhotaInputError, match=r"^path: .*lake\.jpg.*No such file")
    with RawServer((answers(STORED),)) as server, gone:
        run(upload(form, TWICE), account(server.url))
    assert server.received == []


class Stumbling:
    """A file that says by itself what went wrong when it was read."""

    name = "lake.jpg"

    def open(self, mode: str, /) -> IO[bytes]:
        raise PhotaUnreachable("the store of lake.jpg does not answer")


def test_a_file_whose_store_does_not_answer_says_so_itself(run: Run, account: Account) -> None:
    form = form_of(Stumbling(), 7, "lake.jpg", "image/jpeg")
    unasked = pytest.raises(PhotaUnreachable, match=r"^the store of lake\.jpg does not answer$")
    with RawServer((answers(STORED),)) as server, unasked:
        run(upload(form, TWICE), account(server.url))
    assert server.received == []


def test_a_file_whose_disk_fails_may_be_read_later(run: Run, account: Account) -> None:
    form = form_of(Path("/proc/self/mem"), 7, "lake.jpg", "image/jpeg")  # whose first byte gives an I/O error
    failed = pytest.raises(
        PhotaUnreachable, match=r"/proc/self/mem.* could not be read \(Input/output error\)"
    )
    with RawServer((answers(STORED),)) as server, failed:
        run(upload(form, TWICE), account(server.url))
    assert server.received == []


def test_a_refusal_before_the_last_byte_is_heard(run: Run, account: Account, picture: Path) -> None:
    def refuses_by_the_head(peer: Peer) -> None:
        peer.receive_head()
        peer.sock.sendall(refusal(413, "", "too large", "Connection: close"))
        peer.hang()

    with RawServer((refuses_by_the_head,)) as server, pytest.raises(PhotaRefused, match="too large"):
        run(upload(file_form(picture), TWICE), account(server.url))

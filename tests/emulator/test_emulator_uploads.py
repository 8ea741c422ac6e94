import base64
import hashlib
import logging
import socket
from collections.abc import Iterator

import pytest
import requests
from emulator_client import Client, picture, wait_until

from airflow_provider_phota.emulator import Emulator


def test_a_streamed_upload_is_served_back(client: Client):
    content = picture()
    upload = client.upload(content, "my photo.png", auto_cleanup="false")

    assert upload.pop("id").startswith("file-")
    assert upload.pop("created") > 0
    url = upload.pop("url")
    assert upload == {"filename": "my_photo.png", "size": len(content)}
    served = requests.get(url, timeout=20)
    assert (served.content, served.headers["Content-Type"]) == (content, "image/png")
    assert requests.head(url, timeout=20).headers["Content-Length"] == str(len(content))


def test_an_upload_of_many_pieces_comes_back_whole(client: Client):
    content = b"".join(hashlib.sha256(bytes([n % 256, n // 256])).digest() * 512 for n in range(400))

    upload = client.upload(content, "big.bin")

    assert upload["size"] == len(content) > 6_000_000
    assert requests.get(upload["url"], timeout=20).content == content


def test_file_name_wins_over_the_form_and_is_made_harmless(client: Client):
    assert client.upload(b"x", "a.png", file_name="b.png")["filename"] == "b.png"
    assert client.upload(b"x", "a.png", file_name="../../etc/passwd")["filename"] == "passwd"
    assert client.upload(b"x", "a.png", file_name="..\\..\\.bashrc")["filename"] == "bashrc"
    assert client.upload(b"x", "été ☀.png")["filename"] == "_t_.png"


def test_a_base64_upload(client: Client):
    data = base64.b64encode(picture()).decode()
    plain = client.post("/v1/files/upload/base64", json={"file_data": data, "file_name": "a.png"})
    as_url = client.post("/v1/files/upload/base64", json={"file_data": f"data:image/png;base64,{data}"})

    assert (plain.json()["filename"], plain.json()["size"]) == ("a.png", len(picture()))
    assert (as_url.json()["filename"], as_url.json()["size"]) == ("file", len(picture()))
    assert requests.get(as_url.json()["url"], timeout=20).content == picture()


def test_an_upload_by_url(client: Client, files: str):
    answer = client.post("/v1/files/upload/url", json={"url": f"{files}/photo.png"})

    assert (answer.json()["filename"], answer.json()["size"]) == ("photo.png", len(picture()))


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        ("base64", {}, "file_data is required"),
        ("base64", {"file_data": "§"}, "not valid base64"),
        ("base64", {"file_data": "AAAA", "file_name": 7}, "file_name must be a string"),
        ("base64", {"file_data": "AAAA", "auto_cleanup": "yes"}, "auto_cleanup must be true or false"),
        ("url", {}, "url is required"),
        ("url", {"url": "https://example.com/x"}, "loopback only"),
        ("url", {"url": "http://127.0.0.1:1/x"}, "could not be fetched"),
    ],
)
def test_a_bad_upload_is_422(client: Client, path: str, body: dict, says: str):
    answer = client.post(f"/v1/files/upload/{path}", json=body)

    assert answer.status_code == 422
    assert says in answer.json()["error"]["message"]


def test_a_form_without_file_is_422_and_a_damaged_one_400(client: Client):
    path = "/v1/files/upload/stream"
    form = {"Content-Type": "multipart/form-data; boundary=b"}

    assert (
        client.post(path, files={"other": ("a", b"x")}).json()["error"]["message"].startswith("file is req")
    )
    assert client.post(path, data=b"--b\r\nno form", headers=form).status_code == 400
    assert client.post(path, data=b"x", headers={"Content-Type": "multipart/form-data"}).status_code == 400
    assert client.post(path, json={}).status_code == 400
    disposition = b'--b\r\nContent-Disposition: form-data; name="x"\r\n'
    charset = disposition + b"Content-Type: text/plain; charset=no\r\n\r\nx\r\n--b--"
    assert client.post(path, data=charset, headers=form).status_code == 400
    nested = b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\n--c--\r\n--b--"
    assert client.post(path, data=nested, headers=form).status_code == 400
    assert client.upload(b"x", auto_cleanup="true")["size"] == 1
    bad = client.post(path, files={"file": ("a", b"x")}, data={"auto_cleanup": "1"})
    assert (bad.status_code, bad.json()["error"]["code"]) == (422, "invalid_param")


def test_uploads_live_72_hours_and_are_not_billed(client: Client, phota_emulator: Emulator):
    url = client.upload(picture())["url"]
    phota_emulator.advance(72 * 3600 - 5)
    assert requests.get(url, timeout=20).status_code == 200

    phota_emulator.advance(6)
    assert requests.get(url, timeout=20).status_code == 404
    expired = client.ended(client.create(model="phota-image-edit", image_urls=[url]))
    assert expired["error"]["code"] == "invalid_image_url"
    assert "72 hours" in expired["error"]["message"]
    assert client.get("/api/usage/token/").json()["data"]["total_used"] == 0


def test_an_upload_is_found_by_its_full_name_only(client: Client):
    url = client.upload(picture())["url"]

    assert requests.get(url.replace("in.png", "other.png"), timeout=20).status_code == 404


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=b", "application/json"])
def test_an_upload_that_is_cut_off_leaves_nothing(
    client: Client, phota_emulator: Emulator, caplog: pytest.LogCaptureFixture, kind: str
):
    path = "stream" if "form" in kind else "base64"
    head = (
        f"POST /v1/files/upload/{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer emu-1\r\n"
        f"Content-Type: {kind}\r\nContent-Length: 9000000\r\n\r\n"
    )
    form = '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    with socket.create_connection(("127.0.0.1", int(client.url.rpartition(":")[2])), timeout=20) as raw:
        raw.sendall((head + form).encode() + b"x" * 1_000_000)

    def stored() -> int:
        return phota_emulator._ask_on_loop(
            lambda r: r.desk.service.store._row("SELECT count(*) FROM chunks")[0]
        )

    wait_until(lambda: phota_emulator.requests() and not stored())
    phota_emulator.stop()
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_form_without_its_end_is_400(client: Client, phota_emulator: Emulator):
    form = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nabc'
    answer = client.post(
        "/v1/files/upload/stream", data=form, headers={"Content-Type": "multipart/form-data; boundary=b"}
    )

    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")


def test_equal_uploads_are_stored_once(client: Client, phota_emulator: Emulator):
    first, second = client.upload(picture()), client.upload(picture(), "other.png")

    assert first["url"] != second["url"]
    assert requests.get(second["url"], timeout=20).content == picture()
    blobs = phota_emulator._ask_on_loop(
        lambda r: {r.desk.service.upload(u["id"]).blob for u in (first, second)}
    )
    assert len(blobs) == 1


def test_a_reset_during_an_upload_leaves_no_half_file(client: Client, phota_emulator: Emulator):
    def pieces() -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + b"x" * 2_000_000
        wait_until(
            lambda: phota_emulator._ask_on_loop(lambda r: r.desk.service.store._row("SELECT 1 FROM chunks"))
        )
        phota_emulator.reset()
        yield b"x" * 1_000_000 + b"\r\n--b--\r\n"

    form = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = client.post("/v1/files/upload/stream", data=pieces(), headers=form)

    assert answer.status_code == 503
    assert "was reset during the upload" in answer.json()["error"]["message"]
    again = client.upload(b"x" * 3_000_000)
    assert requests.get(again["url"], timeout=20).content == b"x" * 3_000_000

import socket

import pytest
from emulator_client import Client, picture

from airflow_provider_phota.emulator import Emulator

URL = "http://127.0.0.1:9/in.png"
EDIT = {"model": "phota-image-edit", "prompt": "p", "image_urls": [URL]}
GENERATE = {"model": "phota-image", "prompt": "p"}
ENHANCE = {"model": "phota-image-enhance", "image_url": URL}
MISSING = object()

BAD = [
    (EDIT, "prompt", MISSING),
    (EDIT, "prompt", "  "),
    (EDIT, "prompt", 7),
    (EDIT, "image_urls", MISSING),
    (EDIT, "image_urls", []),
    (EDIT, "image_urls", URL),
    (EDIT, "image_urls", [7]),
    (EDIT, "num_outputs", 0),
    (EDIT, "num_outputs", True),
    (EDIT, "num_outputs", "1"),
    (EDIT, "num_outputs", None),
    (EDIT, "resolution", "2K"),
    (EDIT, "resolution", ["1K"]),
    (EDIT, "profile_ids", "profile_1"),
    (EDIT, "profile_ids", [""]),
    (EDIT, "model", MISSING),
    (EDIT, "model", 7),
    (GENERATE, "aspect_ratio", "5:4"),
    (ENHANCE, "image_url", MISSING),
    (ENHANCE, "creativity", 1.5),
    (ENHANCE, "resemblance", "much"),
    ({"model": "phota-create-profile"}, "image_archive_url", MISSING),
]


@pytest.mark.parametrize(("good", "name", "value"), BAD)
def test_a_bad_parameter_is_named_and_nothing_is_billed(
    client: Client, phota_emulator: Emulator, good: dict, name: str, value: object
):
    body = {key: val for key, val in (good | {name: value}).items() if val is not MISSING}

    answer = client.submit(**body)

    error = answer.json()["error"]
    assert (answer.status_code, error["type"], error["code"]) == (422, "validation_error", "invalid_param")
    assert error["message"].startswith(name)
    assert error["message"].endswith(f"(request_id: {answer.headers['x-request-id']})")
    assert phota_emulator.ledger() == []


def test_null_is_as_good_as_nothing_where_the_vendor_says_so(client: Client):
    assert client.submit(**EDIT, profile_ids=None).status_code == 200
    assert client.submit(**ENHANCE, creativity=None, resemblance=None).status_code == 200
    assert client.submit(**EDIT, profile_ids=["profile_1"], unknown="ignored").status_code == 200


def test_an_unknown_model_is_not_found(client: Client, phota_emulator: Emulator):
    answer = client.submit(model="phota-video", prompt="p")

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "model_not_found")
    assert "'phota-video'" in answer.json()["error"]["message"]
    assert phota_emulator.ledger() == []


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/in.png",
        "http://10.0.0.1/in.png",
        "http://127.0.0.1.example.com/in.png",
        "http://localhost.example.com/in.png",
        "http://169.254.169.254/latest",
        "file:///etc/hostname",
        "data:image/png;base64,AAAA",
        "in.png",
        "http://",
        "http://[::1",
    ],
)
def test_an_input_off_loopback_is_refused(client: Client, phota_emulator: Emulator, url: str):
    answer = client.submit(**EDIT | {"image_urls": [url]})

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid_image_url")
    assert "loopback only" in answer.text or "is not a" in answer.text
    assert phota_emulator.ledger() == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"[" * 100_000, b'{"prompt": NaN}'])
def test_a_malformed_body_is_400(client: Client, body: bytes):
    answer = client.post("/v1/images/generations", data=body, headers={"Content-Type": "application/json"})

    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")


def test_a_wrong_content_type_is_400(client: Client):
    answer = client.post("/v1/images/generations", data="{}", headers={"Content-Type": "text/plain"})

    assert answer.status_code == 400
    assert "text/plain" in answer.json()["error"]["message"]


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic emu-abc", "emu-abc"])
@pytest.mark.parametrize("path", ["/v1/models", "/api/usage/token/", "/v1/tasks/x"])
def test_a_missing_key_is_401(client: Client, header: str | None, path: str):
    answer = client.get(path, headers={"Authorization": header})

    assert (answer.status_code, answer.json()["error"]["type"]) == (401, "authentication_error")
    assert "missing API key" in answer.json()["error"]["message"]


def test_a_real_key_is_refused_everywhere_and_never_repeated(client: Client, phota_emulator: Emulator):
    real = Client(client.url, "sk-canary-0123456789")
    answers = [
        real.submit(**GENERATE),
        real.get("/v1/tasks/x"),
        real.get("/v1/models"),
        real.get("/api/usage/token/"),
        real.post("/v1/files/upload/stream", files={"file": ("a.png", picture())}),
        real.post("/v1/files/upload/base64", json={"file_data": "AAAA"}),
        real.post("/v1/files/upload/url", json={"url": URL}),
    ]

    assert {answer.status_code for answer in answers} == {401}
    assert all("Never send a real key here" in answer.text for answer in answers)
    assert not any("canary" in answer.text + str(answer.headers) for answer in answers)
    assert "canary" not in repr(phota_emulator.requests())
    assert phota_emulator.ledger() == []


def test_a_balance_that_is_too_low_is_402(client: Client):
    with Emulator(credits=14, latency=(0, 0)) as emulator:
        poor, other = Client(emulator.url), Client(emulator.url, "emu-other")
        poor.create(num_outputs=4)
        refused = poor.submit(**GENERATE)

        assert (refused.status_code, refused.json()["error"]["type"]) == (402, "insufficient_quota")
        assert "needs 3 credits, 2 are left" in refused.json()["error"]["message"]
        assert other.submit(**GENERATE).status_code == 200
        assert len(emulator.ledger()) == 2


def test_unknown_tasks_and_paths_are_404(client: Client):
    for method, path in [
        ("GET", "/v1/tasks/nope"),
        ("GET", "/v2"),
        ("DELETE", "/v1/tasks/nope"),
        ("GET", "/"),
    ]:
        answer = client.call(method, path)
        assert (answer.status_code, answer.json()["error"]["type"]) == (404, "not_found")
        assert "(request_id: " in answer.json()["error"]["message"]


def test_a_task_id_may_need_quoting(client: Client):
    answer = client.get("/v1/tasks/a%2Fb:c%20d")

    assert answer.status_code == 404
    assert "'a/b:c d'" in answer.json()["error"]["message"]


def test_a_body_that_cannot_be_decoded_is_400(client: Client):
    encoded = {"Content-Type": "application/json", "Content-Encoding": "gzip"}

    answer = client.post("/v1/images/generations", data=b"damaged", headers=encoded)

    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")


@pytest.mark.parametrize("tail", [b"\x00", b"\x7f", b"\xff\xfe", b"\n folded"])
def test_a_damaged_header_puts_no_key_into_a_log(
    client: Client, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], tail: bytes
):
    with socket.create_connection(("127.0.0.1", int(client.url.rpartition(":")[2])), timeout=20) as raw:
        raw.sendall(
            b"GET /v1/models HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer emu-canary" + tail + b"\r\n\r\n"
        )
        answered = raw.recv(1000)

    assert answered.startswith((b"HTTP/1.0 400 ", b"HTTP/1.1 200 "))
    assert "canary" not in caplog.text + "".join(capfd.readouterr())

import pytest
from emulator_client import Client, picture

from airflow_provider_phota.emulator import Emulator


def edited(client: Client, *urls: str) -> dict:
    return client.ended(client.create(model="phota-image-edit", image_urls=list(urls)))


def test_inputs_come_from_a_server_on_loopback(client: Client, files: str):
    by_name = files.replace("127.0.0.1", "localhost")

    assert edited(client, f"{files}/photo.png", f"{by_name}/photo.png")["status"] == "completed"


@pytest.mark.parametrize(
    ("path", "code", "says"),
    [
        ("/missing.png", "invalid_image_url", "answered HTTP 404"),
        ("/moved", "invalid_image_url", "answered HTTP 302"),
        ("/text", "invalid_file_type", "is not a picture"),
    ],
)
def test_an_input_that_is_no_picture_fails_the_task(
    client: Client, files: str, path: str, code: str, says: str
):
    view = edited(client, files + path)

    assert (view["status"], view["results"]) == ("failed", None)
    assert (view["error"]["code"], view["error"]["type"]) == (code, "task_error")
    assert says in view["error"]["message"]


def test_a_server_that_is_not_there_fails_the_task(client: Client, phota_emulator: Emulator):
    view = edited(client, "http://127.0.0.1:1/photo.png")

    assert view["error"]["code"] == "invalid_image_url"
    assert "could not be fetched" in view["error"]["message"]
    (entry,) = phota_emulator.ledger()
    assert (entry.status, entry.credits) == ("failed", 0)
    assert client.get("/api/usage/token/").json()["data"]["total_used"] == 0


def test_damaged_and_unknown_uploads_fail_the_task(client: Client):
    damaged = client.upload(picture((500, 500), kind="JPEG")[:900])["url"]
    unknown = damaged.replace("file-", "file-0")

    assert edited(client, damaged)["error"]["code"] == "invalid_file_type"
    assert edited(client, unknown)["error"]["code"] == "invalid_image_url"


def test_a_profile_needs_an_archive(client: Client, files: str):
    def profile(path: str) -> dict:
        return client.ended(client.create(model="phota-create-profile", image_archive_url=files + path))

    assert profile("/faces.zip")["status"] == "completed"
    assert profile("/photo.png")["error"]["code"] == "invalid_file_type"


def test_links_follow_the_host_the_client_used(client: Client, phota_emulator: Emulator):
    as_seen = {"Host": "phota.test:8000", "X-Forwarded-Proto": "https"}
    upload = client.post("/v1/files/upload/base64", json={"file_data": "AAAA"}, headers=as_seen).json()
    body = {"model": "phota-image-edit", "prompt": "p", "image_urls": [upload["url"]]}
    task = client.post("/v1/images/generations", json=body, headers=as_seen)

    assert upload["url"].startswith("https://phota.test:8000/uploads/file-")
    assert task.status_code == 200


def test_a_foreign_host_header_does_not_lead_off_loopback(client: Client):
    body = {"model": "phota-image-edit", "prompt": "p", "image_urls": ["http://phota.test/in.png"]}
    task = client.post("/v1/images/generations", json=body, headers={"Host": "phota.test"})

    failed = client.ended(task.json()["id"])

    assert f"{client.url}/in.png answered HTTP 404" in failed["error"]["message"]

from email.utils import parsedate_to_datetime

import pytest
import requests
from emulator_client import Client, picture

from airflow_provider_phota import __version__
from airflow_provider_phota.emulator import Emulator, Fault


def test_account_endpoints(client: Client):
    client.create(num_outputs=2)

    models = client.get("/v1/models").json()
    assert models["object"] == "list"
    names = ["phota-image-edit", "phota-image", "phota-image-enhance", "phota-create-profile"]
    assert [model["id"] for model in models["data"]] == names
    usage = client.get("/api/usage/token/").json()["data"]
    assert usage["total_used"] == 6 * 5000
    assert usage["total_available"] == usage["total_granted"] - usage["total_used"]
    assert usage["unlimited_quota"] is False
    pricing = requests.get(f"{client.url}/api/pricing", timeout=20).json()
    assert pricing["group_ratio"] == {"default": 1.0}
    assert {price["model_name"]: price["model_price"] for price in pricing["data"]}[
        "phota-image-edit"
    ] == 0.05


def test_each_key_has_its_own_balance_and_sees_every_task(client: Client):
    task_id = client.create()
    rotated = Client(client.url, "emu-rotated")

    assert rotated.get("/api/usage/token/").json()["data"]["total_used"] == 0
    assert rotated.task(task_id)["id"] == task_id


def test_the_ledger_lists_every_task_with_its_body(client: Client, phota_emulator: Emulator):
    url = client.upload(picture())["url"]
    body = {"model": "phota-image-edit", "prompt": "p", "image_urls": [url], "extra": {"a": [1]}}
    first = client.create(**body)
    second = client.create(prompt="other")
    client.submit(model="phota-image")

    tasks = requests.get(f"{client.url}/_emulator/ledger", timeout=20).json()["tasks"]

    assert [task["id"] for task in tasks] == [first, second]
    assert tasks[0]["request"] == body
    assert set(tasks[0]) == {"id", "model", "created", "status", "credits", "request"}
    assert (tasks[0]["model"], tasks[0]["credits"]) == ("phota-image-edit", 5)
    assert [entry.id for entry in phota_emulator.ledger()] == [first, second]
    assert "emu-" not in str(tasks)


def test_requests_are_logged_without_query_and_key(client: Client, phota_emulator: Emulator):
    task_id = client.create()
    client.get(f"/v1/tasks/{task_id}?sync_upstream=true")
    client.get("/nowhere")

    log = requests.get(f"{client.url}/_emulator/requests", timeout=20).json()

    paths = [(seen["method"], seen["path"], seen["status"]) for seen in log["requests"]]
    assert paths == [
        ("POST", "/v1/images/generations", 200),
        ("GET", f"/v1/tasks/{task_id}", 200),
        ("GET", "/nowhere", 404),
        ("GET", "/_emulator/requests", None),
    ]
    assert log["counts"]["GET /v1/tasks/{task_id}"] == 1
    assert phota_emulator.counts()["POST /v1/images/generations"] == 1
    assert phota_emulator.key not in str(log)
    assert all(
        before.at <= after.at for before, after in zip(*[iter(phota_emulator.requests())] * 2, strict=False)
    )


def test_reset_forgets_everything(client: Client, phota_emulator: Emulator):
    task_id, upload = client.create(), client.upload(picture())
    url = client.ended(task_id)["results"][0]["url"]
    phota_emulator.add_faults(Fault("models", "status", status=500))
    phota_emulator.advance(1000)

    assert client.post("/_emulator/reset").json() == {"reset": True}

    assert phota_emulator.ledger() == phota_emulator.faults() == phota_emulator.requests()[1:] == []
    assert client.get(f"/v1/tasks/{task_id}").status_code == 404
    assert requests.get(upload["url"], timeout=20).status_code == 404
    assert requests.get(url, timeout=20).status_code == 404
    assert client.get("/api/usage/token/").json()["data"]["total_used"] == 0
    assert client.get("/v1/models").status_code == 200


def test_a_revoked_key_is_refused_until_a_reset(client: Client, phota_emulator: Emulator):
    task_id = client.create()
    answer = client.post("/_emulator/keys", json={"revoke": phota_emulator.key})
    assert answer.json() == {"revoked": True}
    refused = client.get(f"/v1/tasks/{task_id}")
    assert (refused.status_code, phota_emulator.key in refused.text) == (401, False)
    other = {"Authorization": "Bearer emu-its-successor"}
    assert requests.get(f"{phota_emulator.url}/v1/tasks/{task_id}", headers=other, timeout=20).ok
    phota_emulator.reset()
    assert client.get("/v1/models").status_code == 200
    assert client.post("/_emulator/keys", json={"revoke": 1}).status_code == 400


def test_a_result_url_needs_its_signature_and_ends_after_24_hours(client: Client, phota_emulator: Emulator):
    view = client.ended(client.create(num_outputs=2))
    first, second = (result["url"] for result in view["results"])
    signature = second.partition("?")[2]

    def status(url: str) -> int:
        return requests.get(url, timeout=20).status_code

    assert status(first) == 200
    assert status(first.partition("?")[0]) == 403
    assert status(f"{first.partition('?')[0]}?{signature}") == 403
    assert status(first.replace("/0.png", "/00.png")) == 403
    assert status(first[:-1] + "%ff") == 403
    phota_emulator.advance(24 * 3600 - 10)
    assert status(first) == 200
    phota_emulator.advance(20)
    expired = requests.get(first, timeout=20)
    assert (expired.status_code, expired.headers["Content-Type"]) == (404, "application/xml; charset=utf-8")
    assert "<Message>The file has expired.</Message>" in expired.text


def test_a_result_is_not_there_before_its_time(client: Client, phota_emulator: Emulator):
    phota_emulator.add_faults(Fault("submit", "latency", seconds=100))
    task_id = client.create()
    path = f"{task_id}/0"
    signature = phota_emulator._ask_on_loop(lambda running: running.desk.service.signature(path))

    assert requests.get(f"{client.url}/results/{path}.png?sig={signature}", timeout=20).status_code == 404


def test_the_clock_moves(client: Client, phota_emulator: Emulator):
    before = client.get("/_emulator").json()
    assert before["version"] == __version__

    assert client.post("/_emulator/clock", json={"advance": 500.5}).json()["now"] >= before["now"] + 500.5
    assert phota_emulator.now() >= before["now"] + 500.5


@pytest.mark.parametrize("advance", ["1e999", "true", '"1"', "null"])
def test_the_clock_takes_a_finite_number(client: Client, advance: str):
    answer = client.post(
        "/_emulator/clock", data=f'{{"advance": {advance}}}', headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 400
    assert '{"advance": <seconds>}' in answer.json()["error"]["message"]


def test_an_answer_bears_the_services_own_time(client: Client, phota_emulator: Emulator):
    task_id = client.create()
    phota_emulator.advance(1000)
    answer = client.get(f"/v1/tasks/{task_id}")
    date = parsedate_to_datetime(answer.headers["Date"]).timestamp()
    assert 1000 <= date - answer.json()["created"] < 1100

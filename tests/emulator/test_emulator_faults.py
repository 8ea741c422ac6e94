from __future__ import annotations

import time
from collections.abc import Callable

import pytest
import requests
from emulator_client import Client, archive, picture

from airflow_provider_phota.emulator import Emulator, Fault

GENERATE = {"model": "phota-image", "prompt": "a red house"}
ROUTES = {
    "submit": ("POST", "/v1/images/generations", {"json": GENERATE}),
    "task": ("GET", "/v1/tasks/{task_id}", {}),
    "upload": ("POST", "/v1/files/upload/stream", {"files": {"file": ("a.png", picture())}}),
    "models": ("GET", "/v1/models", {}),
    "usage": ("GET", "/api/usage/token/", {}),
    "result": ("GET", "{result}", {}),
}


@pytest.fixture
def ask(client: Client, phota_emulator: Emulator):
    """Sends the request of a place. A task and its result exist, as the only entry of the ledger."""
    view = client.ended(client.create())
    result = view["results"][0]["url"].removeprefix(client.url)

    def sent(on: str) -> requests.Response:
        method, path, kwargs = ROUTES[on]
        return client.call(method, path.format(task_id=view["id"], result=result), **kwargs)

    return sent


@pytest.mark.parametrize("on", ROUTES)
def test_a_status_is_answered_once_and_nothing_is_created(ask, phota_emulator: Emulator, on: str):
    phota_emulator.add_faults(Fault(on, "status", status=429, headers={"Retry-After": "7"}))

    answer = ask(on)

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert answer.json()["error"]["type"] == "rate_limit_error"
    assert answer.json()["error"]["message"].endswith(f"(request_id: {answer.headers['x-request-id']})")
    assert len(phota_emulator.ledger()) == 1
    assert ask(on).status_code == 200
    assert phota_emulator.faults() == []


def test_a_status_without_retry_after_and_with_own_words(ask, phota_emulator: Emulator):
    phota_emulator.add_faults(
        Fault("submit", "status", status=422, code="no_available_model", message="no upstream"),
        Fault("submit", "status", status=503),
        Fault(
            "submit", "status", status=502, body="<html>bad gateway", headers={"Content-Type": "text/html"}
        ),
        Fault("models", "status", status=200, body={"data": [{"id": "other-model"}]}),
    )

    error = ask("submit").json()["error"]
    assert error["message"].startswith("no upstream (request_id: ")
    assert (error["code"], error["type"]) == ("no_available_model", "service_unavailable_error")
    plain = ask("submit")
    assert plain.json()["error"]["message"].startswith(
        "Service Unavailable (a fault scripted in the emulator)"
    )
    assert "Retry-After" not in plain.headers
    page = ask("submit")
    assert (page.status_code, page.text, page.headers["Content-Type"]) == (
        502,
        "<html>bad gateway",
        "text/html",
    )
    assert ask("models").json() == {"data": [{"id": "other-model"}]}


@pytest.mark.parametrize("on", ROUTES)
@pytest.mark.parametrize("kind", ["reset_before", "reset_after"])
def test_a_reset_breaks_the_connection(ask, phota_emulator: Emulator, on: str, kind: str):
    phota_emulator.add_faults(Fault(on, kind))

    with pytest.raises(requests.ConnectionError) as caught:
        ask(on)

    assert "ConnectionResetError" in repr(caught.value.args[0])
    assert phota_emulator.requests()[-1].status is None
    assert len(phota_emulator.ledger()) == 1 + (on == "submit" and kind == "reset_after")
    assert ask(on).status_code == 200


def test_a_billed_status_creates_the_task_all_the_same(client: Client, phota_emulator: Emulator):
    phota_emulator.add_faults(Fault("submit", "billed_status", status=500, times=2))

    assert client.submit(model="phota-image").status_code == 422
    assert phota_emulator.ledger() == []
    answer = client.submit(**GENERATE)

    assert (answer.status_code, answer.json()["error"]["type"]) == (500, "server_error")
    assert [entry.request for entry in phota_emulator.ledger()] == [GENERATE]


@pytest.mark.parametrize("created", [True, False])
def test_a_hang_ends_with_a_closed_connection(client: Client, phota_emulator: Emulator, created: bool):  # noqa: FBT001
    phota_emulator.add_faults(Fault("submit", "hang", seconds=0.3, created=created))

    started = time.monotonic()
    with pytest.raises(requests.ConnectionError) as caught:
        client.submit(**GENERATE)

    assert time.monotonic() - started >= 0.3
    assert "RemoteDisconnected" in repr(caught.value.args[0])
    assert len(phota_emulator.ledger()) == created


def test_a_hang_is_given_up_when_the_client_goes(client: Client, phota_emulator: Emulator):
    phota_emulator.add_faults(Fault("models", "hang", seconds=1e6))

    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{client.url}/v1/models", headers={"Authorization": "Bearer emu-1"}, timeout=0.2)


@pytest.mark.parametrize("on", ROUTES)
def test_a_slow_body_takes_its_time_and_is_whole(ask, phota_emulator: Emulator, on: str):
    phota_emulator.add_faults(Fault(on, "slow_body", seconds=0.1))

    started = time.monotonic()
    answer = ask(on)

    assert time.monotonic() - started >= 0.09
    assert answer.status_code == 200
    assert answer.headers["x-request-id"]
    assert answer.headers["Content-Type"] == ("image/png" if on == "result" else "application/json")
    assert len(answer.content) == int(answer.headers["Content-Length"])


@pytest.mark.parametrize("on", ROUTES)
def test_a_truncated_body_is_shorter_than_it_says(ask, phota_emulator: Emulator, on: str):
    phota_emulator.add_faults(Fault(on, "truncated_body"))

    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        ask(on)

    assert len(phota_emulator.ledger()) == 1 + (on == "submit")


@pytest.mark.parametrize(("status", "created"), [(None, None), (502, None), (None, True), (504, False)])
def test_html_instead_of_json(client, phota_emulator: Emulator, status: int | None, created):
    phota_emulator.add_faults(Fault("submit", "html", status=status, created=created))

    answer = client.submit(**GENERATE)

    assert (answer.status_code, answer.headers["Content-Type"]) == (status or 200, "text/html; charset=utf-8")
    assert answer.text.startswith("<!DOCTYPE html>")
    assert len(phota_emulator.ledger()) == bool(created)


def test_completed_without_results_n_times(client: Client, phota_emulator: Emulator):
    phota_emulator.add_faults(Fault("submit", "latency", seconds=50), Fault("task", "no_results", times=3))
    task_id = client.create()
    assert client.task(task_id)["status"] == "pending"

    phota_emulator.advance(60)
    views = [client.task(task_id) for _ in range(4)]

    assert [view["status"] for view in views] == ["completed"] * 4
    assert [view["results"] is None for view in views] == [True, True, True, False]


def test_a_task_fails_by_script_of_its_submit(client: Client, phota_emulator: Emulator):
    phota_emulator.add_faults(Fault("submit", "fail_task", code="content_policy", message="not this one"))
    task_id = client.create()
    assert client.task(task_id)["error"] is None

    view = client.ended(task_id)

    assert view["status"] == "failed"
    assert view["error"] == {"code": "content_policy", "message": "not this one", "type": "task_error"}
    assert view["usage"]["credits_used"] == 0
    assert [entry.credits for entry in phota_emulator.ledger()] == [0]
    assert client.get("/api/usage/token/").json()["data"]["total_used"] == 0


def test_a_task_fails_by_script_of_a_query(client: Client, phota_emulator: Emulator):
    task_id, other = client.create(), client.create()
    phota_emulator.add_faults(Fault("task", "fail_task", match={"task_id": task_id}))

    assert client.ended(other)["status"] == "completed"
    assert client.task(task_id)["error"]["code"] == "generation_failed"
    assert client.task(task_id)["status"] == "failed"


def test_an_unknown_status_word(client: Client, phota_emulator: Emulator):
    task_id = client.create()
    phota_emulator.add_faults(
        Fault("task", "status_word", word="waiting_for_moon"), Fault("task", "status_word")
    )

    words = [client.task(task_id)["status"] for _ in range(2)]

    assert words == ["waiting_for_moon", "upstream_queued"]
    assert client.ended(task_id)["status"] == "completed"


def test_latency_of_one_task(client: Client, phota_emulator: Emulator):
    phota_emulator.add_faults(Fault("submit", "latency", seconds=1000))

    handle = client.submit(**GENERATE).json()

    assert 800 <= handle["task_info"]["estimated_time"] <= 1300
    assert client.submit(**GENERATE).json()["task_info"]["estimated_time"] == 1


def test_skip_times_and_match_choose_the_requests(client: Client, phota_emulator: Emulator):
    phota_emulator.add_faults(
        Fault("submit", "status", status=500, skip=1, times=2, match={"prompt": "cat"}),
        Fault("submit", "status", status=503, times=None, match={"prompt": "dog"}),
    )

    def answers(prompt: str, times: int) -> list[int]:
        return [client.submit(model="phota-image", prompt=prompt).status_code for _ in range(times)]

    assert answers("a bird", 3) == [200] * 3
    assert answers("a cat", 5) == [200, 500, 500, 200, 200]
    assert answers("a dog", 5) == [503] * 5
    assert [fault.status for fault in phota_emulator.faults()] == [503]


def test_match_by_prompt_works_on_queries_and_results(client: Client, phota_emulator: Emulator):
    cat, dog = (client.ended(client.create(prompt=f"a {animal}")) for animal in ("cat", "dog"))
    phota_emulator.add_faults(
        Fault("task", "status", status=503, match={"prompt": "cat"}),
        Fault("result", "status", status=410, match={"task_id": dog["id"]}),
    )

    assert client.get(f"/v1/tasks/{dog['id']}").status_code == 200
    assert client.get(f"/v1/tasks/{cat['id']}").status_code == 503
    assert requests.get(cat["results"][0]["url"], timeout=20).status_code == 200
    assert requests.get(dog["results"][0]["url"], timeout=20).status_code == 410


@pytest.mark.parametrize(
    ("model", "argument", "of"),
    [
        ("phota-image-edit", "image_urls", lambda url: [url]),
        ("phota-image-enhance", "image_url", str),
        ("phota-create-profile", "image_archive_url", str),
    ],
)
def test_match_by_url_chooses_the_orders_that_read_a_file(
    client: Client, phota_emulator: Emulator, model: str, argument: str, of: Callable[[str], object]
):
    content = archive(picture()) if model == "phota-create-profile" else picture()
    url = client.upload(content)["url"]
    phota_emulator.add_faults(
        Fault("submit", "status", status=503, times=None, match={"url": "?of=cat"}),
        Fault("task", "status", status=502, times=None, match={"url": "?of=bird"}),
    )

    def submitted(animal: str) -> requests.Response:
        return client.submit(**{"model": model, "prompt": "cat", argument: of(f"{url}?of={animal}")})

    assert submitted("cat").status_code == 503
    dog, bird = submitted("dog").json()["id"], submitted("bird").json()["id"]
    assert client.ended(dog)["status"] == "completed"
    assert client.get(f"/v1/tasks/{bird}").status_code == 502


def test_a_malformed_submit_does_not_disturb_the_script(client: Client, phota_emulator: Emulator):
    phota_emulator.add_faults(Fault("submit", "status", status=503, match={"prompt": "cat"}))

    for body in (b"{", b"[]", b"7", b'{"prompt": 7}', b'{"image_urls": 7}'):
        answer = client.post(
            "/v1/images/generations", data=body, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code in (400, 422)
    assert len(phota_emulator.faults()) == 1

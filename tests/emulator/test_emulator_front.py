"""A person looks at the emulator with a browser: what the page holds. How it looks is tested in tests/browser."""

import re
import subprocess
import sys

import pytest
import requests
from emulator_client import Client, archive, opened, picture
from front_page import BROWSER, Page, front

from airflow_provider_phota.emulator import Emulator, Fault


def test_a_client_that_asks_for_no_page_gets_what_the_api_says(client: Client, phota_emulator: Emulator):
    for accept in ({}, {"Accept": "application/json"}, {"Accept": "*/*"}):
        answer = requests.get(f"{client.url}/", headers=accept, timeout=20)
        assert (answer.status_code, answer.json()["error"]["type"]) == (404, "not_found")
    assert phota_emulator.counts() == {"GET (unknown)": 3}


def test_an_empty_page_tells_what_to_do(client: Client, phota_emulator: Emulator):
    page = front(client)

    assert "No tasks yet" in page.text
    assert f"export AIRFLOW_CONN_PHOTA_DEFAULT='{phota_emulator.connection}'" in page.text
    assert page.cards == []


def test_the_order_and_the_fault_shown_work(client: Client, phota_emulator: Emulator, run_shell):
    commands = [text for text in _commands(front(client)) if text.startswith("curl")]
    assert len(commands) == 3

    for command in commands:
        run_shell(command.replace("curl", "curl --silent --fail --noproxy '*'", 1))
        if "/v1/" in command:
            assert [entry.model for entry in phota_emulator.ledger()] == ["phota-image"]
    assert [fault.status for fault in phota_emulator.faults()] == [429]
    clear = next(text for text in _commands(front(client)) if "DELETE" in text)
    run_shell(clear.replace("curl", "curl --silent --fail --noproxy '*'", 1))
    assert phota_emulator.faults() == []


def _commands(page: Page) -> list[str]:
    return re.findall(r"^(?:curl|export) (?:.*\\\n)*.*", page.text, re.M)


def test_tasks_are_shown_newest_first(client: Client, phota_emulator: Emulator):
    url, photos = client.upload(picture())["url"], client.upload(archive(picture()))["url"]
    edit = client.create(model="phota-image-edit", prompt="an edit", image_urls=[url], num_outputs=2)
    phota_emulator.add_faults(Fault("submit", "fail_task", code="content_policy", message="moderated"))
    failing = client.create(prompt="to be refused")
    client.ended(edit)
    client.ended(failing)
    phota_emulator.add_faults(Fault("submit", "latency", seconds=500))
    running = client.create(model="phota-create-profile", image_archive_url=photos)

    page = front(client)

    assert page.cards == [running, failing, edit]
    assert "Pending 1 Processing 0 Completed 1 Failed 1" in page.words
    assert "Edit 10 credits 1K 2 outputs" in page.words
    assert "content_policy moderated" in page.words
    assert "Generate 0 credits 1K 1:1" in page.words
    assert len(page.all("progress")) == 1
    assert [has["alt"] for has in page.all("img")[1:]] == ["Result 1 of 2: an edit", "Result 2 of 2: an edit"]
    assert front(client, "?status=failed").cards == [failing]
    assert "There are no such tasks" in front(client, "?page=2").text


def test_a_thumbnail_is_a_small_picture_of_the_result(client: Client):
    url = client.upload(picture((600, 300)))["url"]
    edit = client.create(model="phota-image-edit", image_urls=[url], resolution="4K")
    client.ended(edit)
    [shown] = front(client).all("img", loading="lazy")

    answer = requests.get(client.url + shown["src"], timeout=20)

    assert answer.headers["Content-Type"] == "image/jpeg"
    assert opened(answer.content).size == (480, 240)
    assert len(answer.content) < 100_000
    [link] = [has["href"] for has in front(client).all("a") if str(has["href"]).startswith("/results/")]
    assert opened(requests.get(client.url + link, timeout=20).content).size == (4096, 2048)


@pytest.mark.parametrize("pictures", ["small", "shared"])
def test_cheap_results_have_thumbnails_too(client: Client, phota_emulator: Emulator, pictures: str):
    phota_emulator.draw(pictures)
    task_id = client.create(aspect_ratio="16:9")
    client.ended(task_id)

    answer = requests.get(f"{client.url}/_emulator/thumbnails/{task_id}/0", timeout=20)

    assert max(opened(answer.content).size) == 480


def test_there_is_no_thumbnail_of_what_is_not_there(client: Client, phota_emulator: Emulator):
    done = client.create()
    client.ended(done)
    phota_emulator.add_faults(Fault("submit", "latency", seconds=500))
    running = client.create()
    paths = (
        f"{running}/0",
        f"{done}/1",
        "task-unknown/0",
        f"{done}/-1",
        f"{done}/{'9' * 5000}",
        f"{done}/%2e",
    )

    statuses = [client.get(f"/_emulator/thumbnails/{path}").status_code for path in paths]

    assert statuses == [404] * len(paths)


def test_what_the_page_refers_to_is_there(client: Client):
    client.ended(client.create())
    page = front(client)
    named = [
        has.get("href") or has.get("src") for tag, has in page.tags if tag in ("a", "link", "script", "img")
    ]

    answers = [requests.get(client.url + str(path), headers=BROWSER, timeout=20) for path in named]

    assert {answer.status_code for answer in answers} == {200}
    assert {
        answer.headers["X-Content-Type-Options"] for answer in answers if "/_emulator/" in answer.url
    } == {"nosniff"}


def test_the_page_shows_faults_requests_and_the_clock(client: Client, phota_emulator: Emulator):
    phota_emulator.add_faults(
        Fault("submit", "latency", seconds=1.5, skip=2, match={"prompt": "lake"}),
        Fault("result", "truncated_body", share=0.05, times=None),
        *[Fault("upload", "html") for _ in range(30)],
    )
    phota_emulator.advance(7200)
    client.get("/v1/models")
    client.get("/_emulator/ledger")

    words = front(client).words

    assert "Requests 1 Faults waiting 32" in words
    assert "submit latency 1.5 s prompt with “lake” after 2 others 1 time" in words
    assert "result truncated_body 5 % of them always" in words
    assert "GET /v1/models 1" in words
    assert "The clock was moved on by 2 h." in words
    assert "And 12 others." in words


def test_looking_at_the_page_is_not_a_request(client: Client, phota_emulator: Emulator):
    client.ended(client.create())
    before, log = phota_emulator.counts(), len(phota_emulator.requests())

    for has in front(client).all("img"):
        client.get(str(has["src"]))

    assert (phota_emulator.counts(), len(phota_emulator.requests())) == (before, log)


def test_many_tasks_are_shown_page_by_page(client: Client, phota_emulator: Emulator):
    phota_emulator.draw("small")
    tasks = [client.create(prompt=str(number)) for number in range(100)][::-1]

    first, second, third = (front(client, f"?page={number}") for number in (1, 2, 3))

    assert [*first.cards, *second.cards, *third.cards] == tasks
    assert len(first.cards) == 48
    assert "Page 2 of 3" in second.text
    assert [has["href"] for has in second.all("a") if "rel" in has] == ["/?page=1", "/?page=3"]
    for nonsense in ("?page=0", "?page=-1", "?page=x", "?page=" + "9" * 400, "?status=<b>", "?page=²"):
        assert front(client, nonsense).cards == first.cards


def test_expired_results_are_not_linked(client: Client, phota_emulator: Emulator):
    client.ended(client.create())
    phota_emulator.advance(25 * 3600)

    page = front(client)

    assert "Links expired" in page.text
    assert not [has for has in page.all("a") if str(has["href"]).startswith("/results/")]


def test_a_profile_is_shown_by_its_id(client: Client):
    url = client.upload(archive(picture()), "faces.zip")["url"]
    task_id = client.create(model="phota-create-profile", image_archive_url=url)
    profile = client.ended(task_id)["results"][0]["profile_id"]

    page = front(client)

    assert profile in page.text
    assert len(page.all("img")) == 1


@pytest.mark.parametrize("seconds", [-1e6, 1e10, -1e10])
def test_a_clock_in_another_age_breaks_nothing(client: Client, phota_emulator: Emulator, seconds: float):
    before = client.create()
    phota_emulator.advance(seconds)

    assert before in front(client).cards


def test_nothing_is_loaded_for_the_page_before_somebody_asks():
    code = (
        "import sys; from airflow_provider_phota.emulator import Emulator, running\n"
        "with Emulator(): print(sorted({'jinja2', 'markupsafe'} & set(sys.modules)))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stdout == "[]\n"

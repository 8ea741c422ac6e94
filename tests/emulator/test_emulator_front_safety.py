"""The page is safe to look at, whatever clients have sent."""

import pytest
import requests
from emulator_client import Client
from front_page import BROWSER, Page, front

from airflow_provider_phota.emulator import Emulator, Fault

HOSTILE = "<img src=x onerror=alert(1)>\"'</bdi></title><script>alert(2)</script>{{ 7 * 7 }}"


@pytest.mark.parametrize("name", ["nothing.css", "..%2ftemplates%2ffront.html", "%2e%2e%2fpage.py"])
def test_only_the_files_of_the_page_are_served(client: Client, name: str):
    assert client.get(f"/_emulator/static/{name}").status_code == 404


def test_a_browser_runs_nothing_but_the_pages_own_script(client: Client):
    answer = requests.get(f"{client.url}/", headers=BROWSER, timeout=20)

    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    page = Page(answer.text)
    assert [has.get("src") for has in page.all("script")] == ["/_emulator/static/front.js"]
    assert not [has for _, has in page.tags if "style" in has or any(name.startswith("on") for name in has)]


def test_hostile_texts_stay_texts(client: Client, phota_emulator: Emulator):
    harmless = front(client)
    phota_emulator.add_faults(
        Fault("task", "status", status=500, message=HOSTILE, code=HOSTILE, match={"prompt": HOSTILE}),
        Fault("submit", "fail_task", code=HOSTILE, message=HOSTILE),
    )
    client.create(prompt=HOSTILE)
    phota_emulator.advance(10)

    page = front(client)

    assert HOSTILE in page.text
    assert len(page.all("script")) == len(harmless.all("script"))
    assert not [has for has in page.all("img") if "onerror" in has]


def test_hostile_names_of_hosts_stay_texts(client: Client):
    headers = BROWSER | {"X-Forwarded-Proto": "javascript:alert(1)//<script>'; rm -rf ~ #"}

    page = Page(requests.get(f"{client.url}/", headers=headers, timeout=20).text)

    assert len(page.all("script")) == 1
    assert "'\"'\"'; rm -rf ~ #" in page.text


@pytest.mark.parametrize(
    ("prompt", "shows"),
    [
        ("safe \u202egnp.exe", "safe [U+202E]gnp.exe"),
        ("a\0b\x1b[31m", "a[U+0000]b[U+001B][31m"),
        ("two\r\n\tlines", "two lines"),
        ("half a pair \ud83d", "half a pair ?"),
        ("👩\u200d👧 \u0627\u0644\u0641\u062c\u0631", "👩\u200d👧 \u0627\u0644\u0641\u062c\u0631"),
        ("x" * 10_000, "x" * 300 + "…"),
        ("\u202e" * 10_000, "[U+202E]" * 37 + "[U+2…"),
    ],
)
def test_a_prompt_hides_nothing(client: Client, prompt: str, shows: str):
    client.create(prompt=prompt)

    text = front(client).text

    assert f"{shows}\n" in text
    assert "\u202e" not in text

"""The API key goes only to the API, whatever is uploaded, landed or redirected."""

from __future__ import annotations

import http.client
import shutil

import pytest
from airflow_runs import PICTURE, TaskInstance

from airflow_provider_phota.operators.phota import PhotaImageEditOperator
from airflow_provider_phota.results import lander

pytestmark = pytest.mark.usefixtures("metadata_database")


@pytest.fixture
def sent(monkeypatch):
    """All that leaves over HTTP, by the host it goes to."""
    by_host = {}
    original = http.client.HTTPConnection.send

    def send(self, data):
        content = data.read() if hasattr(data, "read") else bytes(data)
        by_host[self.host] = by_host.get(self.host, b"") + content
        return original(self, content)

    monkeypatch.setattr(http.client.HTTPConnection, "send", send)
    return by_host


def test_the_key_goes_to_no_host_but_the_apis(emulator, tmp_path, sent, monkeypatch):
    """Results are served by the host `localhost` here: the same emulator, but another host than the API's."""
    original = lander.land_one_picture
    monkeypatch.setattr(
        lander,
        "land_one_picture",
        lambda url, *more, **options: original(url.replace("127.0.0.1", "localhost"), *more, **options),
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".netrc").write_text(f"machine localhost login x password {emulator.key}\n")
    picture = shutil.copy(PICTURE, tmp_path / "garden.jpg")
    PhotaImageEditOperator(
        task_id="edit",
        prompt="a beach",
        image_urls=f"file://{picture}",
        num_outputs=2,
        wait_for_completion=True,
        poll_interval=0.05,
        destination=f"file://{tmp_path}/out",
    ).execute({"ti": TaskInstance()})
    assert set(sent) == {"127.0.0.1", "localhost"}
    assert emulator.key.encode() in sent["127.0.0.1"]
    assert sent["localhost"].count(b"GET /results/") == 2
    for word in (emulator.key.encode(), b"Authorization", b"Cookie"):
        assert word not in sent["localhost"]

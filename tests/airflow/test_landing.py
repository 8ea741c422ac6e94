"""PhotaToObjectStorageOperator: whole pictures under their names, or a clear error and nothing."""

from __future__ import annotations

import fsspec
import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, ObjectStoragePath, io
from airflow_runs import TaskInstance
from PIL import Image

from airflow_provider_phota.api.errors import PhotaLandingError, PhotaResultsMissing
from airflow_provider_phota.emulator import Fault
from airflow_provider_phota.operators.phota import PhotaImageEditOperator
from airflow_provider_phota.transfers.phota_to_object_storage import PhotaToObjectStorageOperator

pytestmark = pytest.mark.usefixtures("metadata_database")


@pytest.fixture
def result(emulator, picture_url):
    edit = PhotaImageEditOperator(
        task_id="edit",
        prompt="a beach",
        image_urls=picture_url,
        num_outputs=3,
        wait_for_completion=True,
        poll_interval=0.05,
    )
    return edit.execute({"ti": TaskInstance()})


def land(result, destination):
    return PhotaToObjectStorageOperator(task_id="land", result=result, destination=destination).execute({})


def test_every_picture_lands_under_its_name(result, tmp_path):
    paths = land(result, f"file://{tmp_path}/a/b")
    names = [f"{result['phota_task_id']}-{index}.png" for index in range(3)]
    assert paths == [f"file://{tmp_path}/a/b/{name}" for name in names]
    for name in names:
        with Image.open(tmp_path / "a/b" / name) as picture:
            picture.load()
            assert picture.format == "PNG"


def test_a_task_id_or_a_path_will_do_too(result, tmp_path):
    assert len(land(result["phota_task_id"], ObjectStoragePath(f"file://{tmp_path}"))) == 3


def test_other_stores_work_alike(result):
    attach = getattr(io, "attach", None) or io.store.attach  # Airflow 3, Airflow 2
    attach("memory", fs=fsspec.filesystem("memory"))
    (first, *_) = land(result, "memory://bucket/prefix")
    # universal-pathlib below 0.3 writes three slashes
    assert first.replace(":///", "://") == f"memory://bucket/prefix/{result['phota_task_id']}-0.png"
    assert ObjectStoragePath(first).read_bytes().startswith(b"\x89PNG")


def test_stale_urls_are_asked_for_anew(emulator, result, tmp_path):
    for image in result["images"]:
        image["url"] += "0"  # a signature that is no longer good
    assert len(land(result, f"file://{tmp_path}")) == 3


def test_expired_results_say_so_and_are_not_retried(emulator, result, tmp_path):
    emulator.advance(25 * 3600)
    with pytest.raises(AirflowFailException, match=r"no longer served.*24 hours"):
        land(result, f"file://{tmp_path}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"kind": "truncated_body"}, "did not arrive|was cut"),
        ({"kind": "reset_before"}, "did not arrive"),
        ({"kind": "html"}, "no PNG, JPEG or WebP"),
        ({"kind": "status", "status": 500}, "HTTP 500"),
    ],
)
def test_a_picture_that_does_not_arrive_whole_is_not_written(emulator, result, tmp_path, fault, words):
    emulator.add_faults(Fault(on="result", **fault))
    with pytest.raises(PhotaLandingError, match=words) as caught:
        land(result, f"file://{tmp_path}")
    assert "sig=" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_the_key_goes_to_no_result_url(emulator, result, tmp_path, monkeypatch):
    import requests

    seen = []
    original = requests.Session.send

    def spy(self, request, **kwargs):
        seen.append((request.path_url.split("?")[0], dict(request.headers)))
        return original(self, request, **kwargs)

    monkeypatch.setattr(requests.Session, "send", spy)
    land(result, f"file://{tmp_path}")
    downloads = [headers for path, headers in seen if path.startswith("/results/")]
    assert len(downloads) == 3
    assert all("Authorization" not in headers for headers in downloads)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/a.png", "file:///etc/passwd", "/relative.png"])
def test_only_http_urls_are_fetched(result, tmp_path, url):
    result["images"][0]["url"] = url
    with pytest.raises(PhotaLandingError, match="only https is fetched"):
        land(result, f"file://{tmp_path}")


def test_a_store_that_cannot_be_written_to_is_named(result, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(PhotaLandingError, match="could not be written"):
        land(result, f"file://{tmp_path}/file")


def test_a_task_that_is_not_finished_has_nothing_to_land(emulator, picture_url, tmp_path):
    from airflow_provider_phota.hooks.phota import PhotaHook

    emulator.add_faults(Fault(on="submit", kind="latency", seconds=60.0))
    task = PhotaHook().submit_edit("a beach", picture_url)
    with pytest.raises(PhotaResultsMissing, match="wait for it with PhotaTaskSensor"):
        land(task.id, f"file://{tmp_path}")

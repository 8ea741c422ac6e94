from __future__ import annotations

import shutil

import pytest
from airflow_runs import PICTURE, run
from PIL import Image

from airflow_provider_phota.emulator import Fault

pytestmark = pytest.mark.usefixtures("metadata_database", "at_once")


def test_a_local_picture_is_uploaded_edited_waited_for_landed_and_used(emulator, tmp_path):
    done = run("phota_edit_picture", picture=str(PICTURE), destination=f"file://{tmp_path}/landed")
    assert done.state == "success"
    phota_task_id = done.xcom("submit")
    assert done.xcom("wait")["phota_task_id"] == phota_task_id
    path = tmp_path / "landed" / f"{phota_task_id}-0.png"
    assert [file["path"] for file in done.xcom("land")] == [f"file://{path}"]
    assert done.xcom("use") == {f"file://{path}": path.stat().st_size}
    with Image.open(path) as picture:
        picture.load()
        assert max(picture.size) == 1024
    assert [entry.id for entry in emulator.ledger()] == [phota_task_id]


def test_one_task_submits_waits_deferred_and_returns_the_result(emulator, picture_url):
    done = run("phota_edit_and_wait", image_url=picture_url, prompt="a beach")
    assert done.state == "success"
    result = done.xcom("edit")
    assert sorted(result) == ["created", "expires_at", "images", "model", "phota_task_id", "status", "usage"]
    assert result["status"] == "completed"
    assert result["images"][0]["content_type"] == "image/png"
    assert done.xcom("report").startswith("1 picture(s)")
    assert len(emulator.ledger()) == 1


def test_one_mapped_edit_for_each_of_many_pictures(emulator, picture_url, tmp_path):
    urls = [picture_url, f"{picture_url}?copy=2", f"{picture_url}?copy=3"]
    destination = f"file://{tmp_path}"
    emulator.add_faults(Fault(on="submit", kind="latency", seconds=0.0, times=None))
    done = run("phota_edit_many_pictures", image_urls=urls, prompt="a beach", destination=destination)
    assert done.states["edit"] == ["success"] * 3
    assert done.states["land"] == ["success"] * 3
    assert sorted(entry.request["image_urls"] for entry in emulator.ledger()) == [[url] for url in urls]
    assert len({path.read_bytes() for path in tmp_path.glob("*.png")}) == 3


def test_the_pipeline_edits_a_folder_and_a_second_run_pays_and_fetches_nothing(emulator, tmp_path):
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    shutil.copy(PICTURE, inbox / "lake.jpg")
    Image.new("RGB", (64, 64), "red").save(inbox / "red.png")
    (inbox / "notes.txt").write_text("no picture")
    conf = {"inbox": f"file://{inbox}", "destination": f"file://{tmp_path}/edits", "prompt": "a beach"}
    first = run("phota_asset_pipeline", **conf)
    assert (first.state, first.states["edit"]) == ("success", ["success"] * 2)
    assert len(emulator.ledger()) == 2
    counts = emulator.counts()

    (inbox / "red.png").rename(inbox / "the same by another name.png")
    second = run("phota_asset_pipeline", **conf)
    assert second.state == "success"
    assert [result["status"] for result in second.pushed["edit", "return_value"]] == ["existing"] * 2
    files = [[result["files"] for result in done.pushed["edit", "return_value"]] for done in (first, second)]
    assert files[0] == files[1]
    assert emulator.counts() == counts


def test_photos_become_a_profile_and_the_profile_is_used_by_an_edit_and_a_new_picture(emulator, tmp_path):
    photos = tmp_path / "anna"
    photos.mkdir()
    for name, colour in (("one.jpg", "red"), ("two.png", "blue")):
        Image.new("RGB", (64, 64), colour).save(photos / name)
    done = run(
        "phota_profile_to_pictures", photos=f"file://{photos}", destination=f"file://{tmp_path}/landed"
    )
    assert done.state == "success"
    profile_id = done.xcom("anna")
    created, *made = sorted(emulator.ledger(), key=lambda entry: entry.model != "phota-create-profile")
    assert created.request["image_archive_url"].endswith(".zip")
    requests = {entry.model: entry.request for entry in made}
    assert requests["phota-image-edit"]["profile_ids"] == [profile_id]
    assert requests["phota-image"]["prompt"] == f"[[{profile_id}]] reading a book in a hammock"
    assert len(list((tmp_path / "landed").glob("*.png"))) == 2

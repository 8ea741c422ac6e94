from __future__ import annotations

import shutil
from collections import Counter
from datetime import UTC, datetime

import pytest
from airflow_runs import PICTURE, dag_of, run
from PIL import Image

from airflow_provider_phota.emulator import Fault

pytestmark = pytest.mark.usefixtures("metadata_database", "at_once")


def test_a_picture_is_edited_landed_and_used(emulator, tmp_path):
    done = run("phota_edit_picture", picture=f"file://{PICTURE}", destination=f"file://{tmp_path}/landed")
    assert done.state == "success"
    path = tmp_path / "landed" / f"{done.xcom('edit', 'phota_task_id')}-0.png"
    assert [file["path"] for file in done.xcom("edit")["files"]] == [f"file://{path}"]
    assert done.xcom("use") == {f"file://{path}": path.stat().st_size}
    assert len(emulator.ledger()) == 1


def test_a_local_picture_is_uploaded_edited_waited_for_landed_and_used(emulator, tmp_path):
    done = run("phota_edit_step_by_step", picture=str(PICTURE), destination=f"file://{tmp_path}/landed")
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
    fields = ["cost", "created", "expires_at", "images", "model", "phota_task_id", "status", "usage"]
    assert sorted(result) == fields
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


def test_a_catalogue_is_edited_in_one_task_and_what_failed_is_told(emulator, tmp_path):
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    for number in range(12):
        Image.new("RGB", (32, 32), (number * 20, 0, 0)).save(inbox / f"chair {number:02d}.png")
    emulator.add_faults(
        Fault(on="submit", kind="fail_task", match={"prompt": "Put chair 07 on a white background"})
    )
    out = tmp_path / "out"
    conf = {"inbox": f"file://{inbox}", "destination": f"file://{out}"}
    when = datetime(2025, 9, 6, tzinfo=UTC)

    first = run("phota_edit_catalogue", when, **conf)
    assert (first.state, first.xcom("edit")["counts"]["landed"]) == ("success", 11)
    (told,) = first.xcom("report")
    assert told.startswith("chair 07.png: failed: ")
    prompts = [entry.request["prompt"] for entry in emulator.ledger()]
    assert sorted(prompts) == [f"Put chair {number:02d} on a white background" for number in range(12)]
    assert len(list(out.glob("*.png"))) == 11


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


def test_photos_become_a_profile_that_is_paid_for_once_and_is_used_by_an_edit_and_a_new_picture(
    emulator, tmp_path, monkeypatch
):
    profiles = tmp_path / "profiles"
    photos = tmp_path / "anna"
    profiles.mkdir()
    photos.mkdir()
    for name, colour in (("one.jpg", "red"), ("two.png", "blue")):
        Image.new("RGB", (64, 64), colour).save(photos / name)
    monkeypatch.setattr(
        dag_of("phota_profile_to_pictures").get_task("anna"), "profiles_path", f"file://{profiles}"
    )
    conf = {"photos": f"file://{photos}", "destination": f"file://{tmp_path}/landed"}

    first = run("phota_profile_to_pictures", **conf)
    assert first.state == "success"
    profile_id = first.xcom("anna")
    models = Counter(entry.model for entry in emulator.ledger())
    assert models == {"phota-create-profile": 1, "phota-image-edit": 1, "phota-image": 1}
    requests = {entry.model: entry.request for entry in emulator.ledger()}
    assert requests["phota-create-profile"]["image_archive_url"].endswith(".zip")
    assert requests["phota-image-edit"]["profile_ids"] == [profile_id]
    assert requests["phota-image"]["prompt"] == f"[[{profile_id}]] on a beach"
    assert len(list((tmp_path / "landed").glob("*.png"))) == 2

    second = run("phota_profile_to_pictures", **conf)
    assert (second.state, second.xcom("anna")) == ("success", profile_id)
    models = Counter(entry.model for entry in emulator.ledger())
    assert models == {"phota-create-profile": 1, "phota-image-edit": 2, "phota-image": 2}

"""The links of finished and failed task instances, as Airflow's server shows them."""

from __future__ import annotations

import json

import pytest
from airflow_runs import PICTURE, run
from shown_links import gallery_of, pictures_at, shown_links

from airflow_provider_phota.compat import HAS_VIEWS
from airflow_provider_phota.emulator import Fault
from airflow_provider_phota.hooks.phota import PhotaHook

pytestmark = pytest.mark.usefixtures("metadata_database", "at_once")


@pytest.fixture
def console(emulator, monkeypatch):
    """The connection has a console; the page of a PHOTA task there."""
    extra = {"console_url": "https://console.example/tasks/{phota_task_id}"}
    connection = {"conn_type": "phota", "password": emulator.key, "host": emulator.url, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_PHOTA_DEFAULT", json.dumps(connection))
    return lambda phota_task_id: f"https://console.example/tasks/{phota_task_id}"


@pytest.mark.parametrize("dag_id", ["submit_only", "wait_in_worker", "wait_deferred"])
def test_both_links_lead_to_the_gallery_without_a_console(emulator, picture_url, dag_id):
    done = run(dag_id, image_urls=picture_url)
    page = gallery_of(dag_id, done.run_id, "edit")
    assert shown_links(dag_id, done.run_id, "edit") == {**pictures_at(page), "PHOTA task": page}


@pytest.mark.parametrize("dag_id", ["submit_only", "wait_in_worker", "wait_deferred"])
def test_a_phota_task_is_shown_in_the_console(console, picture_url, dag_id):
    done = run(dag_id, image_urls=picture_url)
    page = gallery_of(dag_id, done.run_id, "edit")
    links = shown_links(dag_id, done.run_id, "edit")
    assert links == {**pictures_at(page), "PHOTA task": console(done.xcom("edit", "phota_task_id"))}


@pytest.mark.parametrize("dag_id", ["no_time_in_worker", "no_time_deferred"])
def test_the_links_are_there_after_a_failure(console, emulator, picture_url, dag_id):
    emulator.add_faults(Fault(on="submit", kind="latency", seconds=60.0))
    done = run(dag_id, image_urls=picture_url)
    assert done.states == {"edit": ["failed"]}
    page = gallery_of(dag_id, done.run_id, "edit")
    links = shown_links(dag_id, done.run_id, "edit")
    assert links == {**pictures_at(page), "PHOTA task": console(done.xcom("edit", "phota_task_id"))}


def test_a_task_that_failed_before_it_submitted_leads_to_its_page(console):
    done = run("submit_only", image_urls="not a picture")
    assert done.states == {"edit": ["failed"]}
    page = gallery_of("submit_only", done.run_id, "edit")
    assert shown_links("submit_only", done.run_id, "edit") == {**pictures_at(page), "PHOTA task": None}


def test_mapped_instances_have_links_of_their_own(console, picture_url):
    done = run("model_edit_mapped", items=json.dumps([picture_url, str(PICTURE.as_uri())]))
    assert done.states["order"] == ["success", "success"]
    for index, phota_task_id in enumerate(done.pushed["order", "phota_task_id"]):
        page = gallery_of("model_edit_mapped", done.run_id, "order", index)
        assert shown_links("model_edit_mapped", done.run_id, "order", index) == {
            **pictures_at(page),
            "PHOTA task": console(phota_task_id),
        }


@pytest.mark.parametrize("mode", ["poke", "reschedule", "deferred"])
@pytest.mark.parametrize("fails", [False, True])
def test_a_sensor_leads_to_what_it_waits_for(console, emulator, picture_url, mode, fails):
    if fails:
        emulator.add_faults(Fault(on="submit", kind="fail_task"))
    phota_task_id = PhotaHook().submit_edit("a beach", picture_url).id
    dag_id = f"sensor_{mode}"
    done = run(dag_id, phota_task_id=phota_task_id)
    assert done.states == {"wait": ["failed" if fails else "success"]}
    assert shown_links(dag_id, done.run_id, "wait") == {
        **pictures_at(gallery_of(dag_id, done.run_id, "wait")),
        "PHOTA task": console(phota_task_id),
    }


def test_landed_pictures_have_both_links(console, picture_url, tmp_path):
    phota_task_id = PhotaHook().submit_edit("a beach", picture_url).id
    done = run("land_by_id", phota_task_id=phota_task_id, destination=tmp_path.as_uri())
    assert shown_links("land_by_id", done.run_id, "land")["PHOTA task"] == console(phota_task_id)


@pytest.mark.skipif(not HAS_VIEWS, reason="there is no gallery")
def test_a_batch_leads_to_its_pictures_only(emulator, tmp_path):
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "lake.jpg").write_bytes(PICTURE.read_bytes())
    folders = {"inbox": (tmp_path / "inbox").as_uri(), "destination": (tmp_path / "out").as_uri()}
    done = run("batch_profile", **folders)
    assert shown_links("batch_profile", done.run_id, "edit") == {
        "Pictures": gallery_of("batch_profile", done.run_id, "edit")
    }


def test_no_link_has_a_secret(console, emulator, picture_url):
    done = run("wait_deferred", image_urls=picture_url)
    assert emulator.key not in json.dumps(shown_links("wait_deferred", done.run_id, "edit"))

"""Links are pushed while an attempt is under way, and whatever goes wrong with them costs nothing."""

from __future__ import annotations

import json
import logging

import pytest
from airflow_runs import TaskInstance
from shown_links import gallery_of

from airflow_provider_phota.compat import HAS_VIEWS
from airflow_provider_phota.emulator import Fault
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.links.early import push_links, push_pictures_link, push_task_link
from airflow_provider_phota.operators.phota import PhotaImageEditBatchOperator, PhotaImageEditOperator
from airflow_provider_phota.sensors.phota import PhotaTaskSensor

pytestmark = pytest.mark.usefixtures("metadata_database", "emulator")

PICTURES, TASK = "phota_pictures_link", "phota_task_link"
ID = "task-unified-1757165031-uyujaw3d"
CONSOLE = "https://console.example/tasks/{phota_task_id}"


@pytest.fixture
def extra(emulator, monkeypatch):
    """Gives the connection an extra."""

    def give(**fields):
        connection = {"conn_type": "phota", "password": emulator.key, "host": emulator.url, "extra": fields}
        monkeypatch.setenv("AIRFLOW_CONN_PHOTA_DEFAULT", json.dumps(connection))

    return give


class Watched(TaskInstance):
    """Notes how many orders had been sent when a link was pushed."""

    def __init__(self, emulator):
        super().__init__()
        self.emulator, self.sent = emulator, {}

    def xcom_push(self, key, value):
        self.sent[key] = len(self.emulator.ledger())
        super().xcom_push(key, value)


class Refusing(TaskInstance):
    """Its Airflow takes no link."""

    def xcom_push(self, key, value):
        if key in (PICTURES, TASK):
            raise RuntimeError("the API server answers 500: emu-0123456789abcdef")
        super().xcom_push(key, value)


def edit(picture_url, **arguments):
    usual = {"task_id": "edit", "prompt": "a beach", "image_urls": picture_url, "poll_interval": 0.05}
    return PhotaImageEditOperator(**usual | arguments)


def own_page():
    return gallery_of("dag", "run", "edit")


def without_none(links):
    return {key: url for key, url in links.items() if url}


def links_of(instance):
    return {key: instance.pushed[key] for key in (PICTURES, TASK) if key in instance.pushed}


def test_the_pictures_have_their_link_before_anything_is_sent_and_the_task_has_it_at_once(
    emulator, picture_url, extra
):
    extra(console_url=CONSOLE)
    instance = Watched(emulator)
    emulator.add_faults(Fault(on="submit", kind="fail_task"))
    with pytest.raises(Exception, match="PHOTA task"):
        edit(picture_url, wait_for_completion=True).execute({"ti": instance})
    console = CONSOLE.format(phota_task_id=emulator.ledger()[0].id)
    assert links_of(instance) == without_none({PICTURES: own_page(), TASK: console})
    assert without_none({PICTURES: HAS_VIEWS and "0", TASK: "1"}) == {
        key: str(instance.sent[key]) for key in links_of(instance)
    }


def test_an_order_that_is_refused_has_the_link_to_its_page_only(emulator, picture_url):
    emulator.add_faults(Fault(on="submit", kind="status", status=402))
    instance = TaskInstance()
    with pytest.raises(Exception, match="402"):
        edit(picture_url).execute({"ti": instance})
    assert links_of(instance) == without_none({PICTURES: own_page()})


@pytest.mark.skipif(not HAS_VIEWS, reason="there is no gallery")
def test_a_batch_has_its_link_before_anything_is_sent(emulator, tmp_path, picture):
    instance = Watched(emulator)
    PhotaImageEditBatchOperator(
        task_id="edit",
        edits=picture.parent.as_uri(),
        prompt="a beach",
        destination=(tmp_path / "out").as_uri(),
        deferrable=False,
        poll_interval=0.1,
    ).execute({"ti": instance})
    assert (instance.pushed[PICTURES], instance.sent[PICTURES]) == (own_page(), 0)


@pytest.mark.parametrize("kind", ["edit", "sensor"])
def test_an_airflow_that_takes_no_links_costs_no_attempt(emulator, picture_url, extra, caplog, kind):
    caplog.set_level(logging.INFO)
    extra(console_url=CONSOLE)
    instance = Refusing()
    if kind == "edit":
        edit(picture_url, wait_for_completion=True).execute({"ti": instance})
    else:
        phota_task_id = PhotaHook().submit_edit("a beach", picture_url).id
        sensor = PhotaTaskSensor(task_id="edit", phota_task_id=phota_task_id, poke_interval=0.1)
        assert sensor.execute({"ti": instance})["status"] == "completed"
    assert len(emulator.ledger()) == 1
    assert "The link in XCom 'phota_task_link' is missing for now: RuntimeError" in caplog.text
    assert "emu-0123456789abcdef" not in caplog.text


@pytest.mark.parametrize("context", [{}, {"ti": None}])
def test_without_a_task_instance_there_are_no_links_and_no_error(context):
    push_links(context, PhotaHook(), ID)
    push_pictures_link(context)


@pytest.mark.parametrize("phota_task", [None, "", 17, [], {}, {"phota_task_id": None}, "two words", "a/../b"])
def test_what_is_not_a_phota_task_has_no_link_and_is_no_error_here(phota_task, extra):
    extra(console_url=CONSOLE)
    instance = TaskInstance()
    push_links({"ti": instance}, PhotaHook(), phota_task)
    assert TASK not in instance.pushed


@pytest.mark.parametrize("phota_task", [ID, {"phota_task_id": ID, "status": "completed"}])
def test_a_finished_task_is_known_by_its_dict(phota_task, extra):
    extra(console_url=CONSOLE)
    instance = TaskInstance()
    push_task_link({"ti": instance}, PhotaHook(), phota_task)
    assert instance.pushed == {TASK: CONSOLE.format(phota_task_id=ID)}


def test_an_id_cannot_lead_to_another_page_of_the_console(extra):
    extra(console_url="https://console.example/tasks/{phota_task_id}/pictures")
    instance = TaskInstance()
    push_task_link({"ti": instance}, PhotaHook(), "a:b.c_d-1")
    assert instance.pushed == {TASK: "https://console.example/tasks/a%3Ab.c_d-1/pictures"}


@pytest.mark.parametrize("console_url", ["javascript:alert(1)//{phota_task_id}", "no url", 17])
def test_a_console_that_is_wrong_leads_to_the_gallery(extra, console_url):
    extra(console_url=console_url)
    instance = TaskInstance()
    push_links({"ti": instance}, PhotaHook(), ID)
    page = gallery_of("dag", "run", "edit")
    assert links_of(instance) == without_none({PICTURES: page, TASK: page})


def test_a_connection_that_is_not_there_is_no_error_here():
    instance = TaskInstance()
    push_links({"ti": instance}, PhotaHook("no_such_connection"), ID)
    assert links_of(instance).keys() <= {PICTURES, TASK}

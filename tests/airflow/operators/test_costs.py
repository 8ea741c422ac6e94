"""What results, XCom, the log, metrics and the ledger say about the cost of an order."""

from __future__ import annotations

import json
import logging

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, Stats
from airflow_runs import TaskInstance
from attempt_by_hand import Accessor

from airflow_provider_phota.api.errors import PhotaLandingError, PhotaTaskFailed
from airflow_provider_phota.api.orders.base import EDIT_MODEL
from airflow_provider_phota.emulator import Fault
from airflow_provider_phota.hooks import price_lists
from airflow_provider_phota.hooks.price_lists import PriceLists
from airflow_provider_phota.ledger.records import Record
from airflow_provider_phota.operators.phota import PhotaCreateProfileOperator, PhotaImageEditOperator
from airflow_provider_phota.sensors.phota import PhotaTaskSensor
from airflow_provider_phota.transfers.phota_to_object_storage import PhotaToObjectStorageOperator
from airflow_provider_phota.triggers.events import WaitEnd, WaitEvent

pytestmark = pytest.mark.usefixtures("metadata_database", "at_once")

NOTHING = {"usd": 0.0, "credits": 0.0, "is_estimate": False}
FOR_ONE = {"usd": 0.05, "credits": 5.0, "is_estimate": False}


@pytest.fixture(autouse=True)
def _fresh_prices(monkeypatch):
    monkeypatch.setattr(price_lists, "_LISTS", PriceLists())


@pytest.fixture
def counted(monkeypatch):
    """What is counted by Airflow's metrics: the name, how many, model and outcome."""
    seen = []

    def incr(name, count=1, *, tags=None):
        if tags:
            seen.append((name, count, tags["model"], tags["outcome"]))

    monkeypatch.setattr(Stats, "incr", incr)
    return seen


def edit(**arguments):
    usual = {"task_id": "edit", "prompt": "a beach", "poll_interval": 0.05, "wait_for_completion": True}
    return PhotaImageEditOperator(**usual | arguments)


def execute(context=None, **arguments):
    context = context or {"ti": TaskInstance()}
    return edit(**arguments).execute(context), context["ti"].pushed


def test_a_result_says_what_the_order_has_cost(emulator, picture_url, caplog, counted):
    caplog.set_level(logging.INFO)
    result, pushed = execute(image_urls=picture_url, num_outputs=2, resolution="4K")
    cost = {"usd": 0.2, "credits": 20.0, "is_estimate": False}
    assert result["cost"] == pushed["phota_cost"] == cost
    json.dumps(result)
    said = [record.getMessage() for record in caplog.records]
    assert sum("Cost: 0.2 USD, 20 credits." in text for text in said) == 2  # at the submit, and at the end
    assert counted == [
        ("phota.edits", 1, EDIT_MODEL, "succeeded"),
        ("phota.cost_usd", 0.2, EDIT_MODEL, "succeeded"),
    ]


def test_an_operator_that_does_not_wait_says_what_was_reserved(emulator, picture_url, counted):
    _, pushed = execute(image_urls=picture_url, wait_for_completion=False)
    assert pushed["phota_cost"] == FOR_ONE
    assert counted == [
        ("phota.edits", 1, EDIT_MODEL, "submitted"),
        ("phota.cost_usd", 0.05, EDIT_MODEL, "submitted"),
    ]


def test_the_cost_survives_a_deferral(emulator, picture_url, monkeypatch):
    context = {"ti": TaskInstance()}
    phota_task_id, _ = execute(context, image_urls=picture_url, wait_for_completion=False)
    make_everything_dearer(monkeypatch)
    event = WaitEvent(WaitEnd.FINISHED, phota_task_id).to_dict()
    result = edit(image_urls=picture_url, deferrable=True).execute_complete(context, event)
    assert result["cost"] == context["ti"].pushed["phota_cost"] == FOR_ONE


def make_everything_dearer(monkeypatch):
    monkeypatch.setattr("airflow_provider_phota.emulator.views.PRICES", {EDIT_MODEL: 500})
    monkeypatch.setattr(price_lists, "_LISTS", PriceLists())


def test_a_retry_takes_the_cost_from_the_ledger_and_not_from_the_prices_of_today(
    emulator, picture_url, tmp_path, monkeypatch, counted
):
    emulator.add_faults(Fault("result", "html", times=None))
    more = {
        "image_urls": picture_url,
        "ledger_path": f"file://{tmp_path}",
        "destination": f"file://{tmp_path}/out",
    }
    with pytest.raises(PhotaLandingError):
        execute(**more)
    assert counted == []  # the retry counts it
    emulator.clear_faults()
    (task_file,) = tmp_path.rglob("*-task.json")
    fields = json.loads(task_file.read_text())
    entry = fields["entries"][0]
    assert (entry["model"], entry["cost"]) == (EDIT_MODEL, FOR_ONE)
    assert fields["instance"]["task_id"] == "edit"
    fields["entries"][0]["cost"]["usd"] = 0.07
    task_file.write_text(json.dumps(fields))
    make_everything_dearer(monkeypatch)
    retry = TaskInstance()
    retry.try_number = 2
    result, _ = execute({"ti": retry}, **more)
    assert result["cost"] == {**FOR_ONE, "usd": 0.07}
    assert [entry.id for entry in emulator.ledger()] == [result["phota_task_id"]]
    assert [name for name, *_ in counted] == ["phota.edits", "phota.cost_usd"]


def test_an_intent_has_the_expected_cost(emulator, picture_url):
    emulator.add_faults(Fault("submit", "billed_status", status=500))
    store = Accessor()
    with pytest.raises(Exception, match="billed"):
        execute({"ti": TaskInstance(), "task_state_store": store}, image_urls=picture_url)
    (entry,) = Record.from_dict(store.values["airflow_provider_phota"]).entries
    assert (entry.phota_task_id, entry.model) == (None, EDIT_MODEL)
    assert entry.cost.to_dict() == {"usd": 0.05, "credits": None, "is_estimate": True}


def test_a_refused_input_is_counted_as_such(emulator, picture_url, counted):
    emulator.add_faults(Fault("submit", "fail_task", code="content_policy_violation"))
    with pytest.raises(AirflowFailException):
        execute(image_urls=picture_url)
    assert counted == [("phota.edits", 1, EDIT_MODEL, "refused")]


def test_a_failed_task_costs_nothing_if_the_credits_are_given_back(emulator, picture_url, caplog, counted):
    caplog.set_level(logging.INFO)
    emulator.add_faults(Fault("submit", "fail_task"))
    context = {"ti": TaskInstance()}
    with pytest.raises(PhotaTaskFailed):
        execute(context, image_urls=picture_url)
    assert context["ti"].pushed["phota_cost"] == NOTHING
    assert "is failed. Cost: 0 USD, 0 credits." in caplog.text
    assert counted == [("phota.edits", 1, EDIT_MODEL, "failed")]


def test_what_has_landed_before_costs_nothing(emulator, picture, tmp_path, counted):
    more = {
        "destination": f"file://{tmp_path}/out",
        "skip_existing_edits": True,
        "image_urls": f"file://{picture}",
    }
    first, _ = execute(**more)
    (manifest,) = (tmp_path / "out").glob("*.json")
    assert json.loads(manifest.read_text())["cost"] == first["cost"] == FOR_ONE
    again, pushed = execute(**more)
    assert again["cost"] == pushed["phota_cost"] == NOTHING
    assert counted[-1] == ("phota.edits", 1, EDIT_MODEL, "existing")


def test_an_adopted_task_costs_what_the_service_says_of_it(emulator, picture_url):
    phota_task_id, _ = execute(image_urls=picture_url, wait_for_completion=False)
    store = Accessor()
    context = {"ti": TaskInstance(), "task_state_store": store}
    result, _ = execute(context, image_urls=picture_url, prompt="b", adopt_phota_task_id=phota_task_id)
    assert result["cost"] == {"usd": None, "credits": 5.0, "is_estimate": True}
    (entry,) = Record.from_dict(store.values["airflow_provider_phota"]).entries
    assert (entry.model, entry.cost.credits) == (EDIT_MODEL, 5.0)


def test_without_a_list_of_prices_the_order_is_placed_and_its_cost_is_not_known(
    emulator, picture_url, monkeypatch
):
    monkeypatch.setattr("airflow_provider_phota.emulator.views.PRICES", {})
    result, _ = execute(image_urls=picture_url)
    assert result["cost"] == {"usd": None, "credits": 5.0, "is_estimate": True}


def test_the_price_of_the_users_group_holds_until_the_service_names_it(emulator, picture_url, monkeypatch):
    connection = {
        "conn_type": "phota",
        "password": emulator.key,
        "host": emulator.url,
        "extra": {"user_group": "unheard of"},
    }
    monkeypatch.setenv("AIRFLOW_CONN_PHOTA_DEFAULT", json.dumps(connection))
    result, _ = execute(image_urls=picture_url)
    assert result["cost"] == FOR_ONE  # the emulator names the group


def test_the_sensor_knows_the_credits_and_counts_the_end(emulator, picture_url, counted):
    phota_task_id, _ = execute(image_urls=picture_url, wait_for_completion=False)
    del counted[:]
    sensor = PhotaTaskSensor(
        task_id="wait", phota_task_id=phota_task_id, poke_interval=0.05, deferrable=False
    )
    result = sensor.execute({"ti": TaskInstance()})
    assert result["cost"] == {"usd": None, "credits": 5.0, "is_estimate": True}
    assert counted == [("phota.edits", 1, EDIT_MODEL, "succeeded")]


def test_a_cost_that_a_user_has_made_does_not_keep_pictures_from_landing(emulator, picture_url, tmp_path):
    result, _ = execute(image_urls=picture_url)
    for cost in ("much", {"usd": "much"}, None):
        land = PhotaToObjectStorageOperator(
            task_id="land", result={**result, "cost": cost}, destination=f"file://{tmp_path}"
        )
        assert land.execute({"ti": TaskInstance()})


def test_what_a_profile_costs_is_in_xcom(emulator, picture):
    instance = TaskInstance()
    operator = PhotaCreateProfileOperator(task_id="edit", photos=[f"file://{picture}"], poll_interval=0.05)
    assert operator.execute({"ti": instance}).startswith("profile")
    assert instance.pushed["phota_cost"] == {"usd": 0.5, "credits": 50.0, "is_estimate": False}

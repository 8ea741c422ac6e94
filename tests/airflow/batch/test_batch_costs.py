"""What a batch costs: in its rows, its summary, its journal, its manifests, and by Airflow's metrics."""

from __future__ import annotations

import json

import pytest
from airflow.providers.common.compat.sdk import Stats

from airflow_provider_phota.api.costs import Cost
from airflow_provider_phota.api.orders.base import EDIT_MODEL
from airflow_provider_phota.emulator import Fault
from airflow_provider_phota.hooks import price_lists
from airflow_provider_phota.hooks.price_lists import PriceLists
from airflow_provider_phota.journal.bill import Bill
from airflow_provider_phota.journal.events import Intent, Paid
from airflow_provider_phota.journal.segments import Segments
from airflow_provider_phota.storage.paths import Place, checked_path

NOTHING = {"usd": 0.0, "credits": 0.0, "is_estimate": False}
FOR_ONE = {"usd": 0.05, "credits": 5.0, "is_estimate": False}


@pytest.fixture(autouse=True)
def _fresh_prices(monkeypatch):
    monkeypatch.setattr(price_lists, "_LISTS", PriceLists())


@pytest.fixture
def counted(monkeypatch):
    """What is counted by model and outcome: the sum by name and outcome."""
    seen = {}

    def incr(name, count=1, *, tags=None):
        if tags:
            assert tags["model"] == EDIT_MODEL
            key = name, tags["outcome"]
            seen[key] = round(seen.get(key, 0) + count, 6)

    monkeypatch.setattr(Stats, "incr", incr)
    return seen


def costs_of(shop):
    return {key: row["cost"] for key, row in shop.rows.items()}


def events_of(summary):
    folder = Place.of(checked_path("journal", f"file://{summary['journal'].removeprefix('file://')}"))
    return list(Segments(folder, 0).read_all())


def test_each_row_and_the_summary_say_what_it_costs(shop, counted):
    summary = shop.add_pictures(3).run(num_outputs=2)
    assert list(costs_of(shop).values()) == [{"usd": 0.1, "credits": 10.0, "is_estimate": False}] * 3
    assert summary["cost"] == {"usd": 0.3, "credits": 30.0, "is_estimate": False}
    assert counted == {("phota.edits", "succeeded"): 3, ("phota.cost_usd", "succeeded"): 0.3}


def test_the_journal_says_what_was_ordered_and_what_that_costs(shop):
    summary = shop.add_pictures(1).run()
    events = [event for _, event in events_of(summary)]
    (intent,) = [event for event in events if isinstance(event, Intent)]
    (paid,) = [event for event in events if isinstance(event, Paid)]
    assert (intent.model, intent.cost.to_dict()) == (
        EDIT_MODEL,
        {**FOR_ONE, "credits": None, "is_estimate": True},
    )
    assert (paid.model, paid.cost.to_dict(), paid.credits) == (EDIT_MODEL, FOR_ONE, 5.0)


def test_a_task_that_fails_costs_nothing_if_its_credits_are_given_back(shop, counted):
    shop.emulator.add_faults(Fault("submit", "fail_task"))
    summary = shop.add_pictures(2).run()
    (failed,) = [row for row in shop.rows.values() if row["status"] == "failed"]
    assert (failed["cost"], failed["credits"]) == (NOTHING, 5.0)
    assert (summary["cost"], summary["credits"]) == (FOR_ONE, 10.0)
    bill = Bill()
    for name, event in events_of(summary):
        bill.apply(event, name)
    assert bill.payments()[failed["phota_task_id"]].cost == Cost.from_dict(NOTHING)
    assert counted["phota.edits", "failed"] == 1


def test_twins_cost_nothing_themselves(shop, counted):
    shop.add_pictures(1)
    url = f"file://{shop.folder}/inbox/000.png"
    summary = shop.run(edits=[{"key": key, "image_urls": url} for key in "abc"], prompt="Shine")
    costs = list(costs_of(shop).values())
    assert (costs.count(FOR_ONE), costs.count(NOTHING)) == (1, 2)
    assert (summary["cost"], counted["phota.edits", "succeeded"]) == (FOR_ONE, 1)
    after = shop.run(edits=[{"key": key, "image_urls": url} for key in "d"], prompt="Shine")
    assert (costs_of(shop), after["cost"]) == ({"d": FOR_ONE}, FOR_ONE)  # no other row has it any more


def test_what_has_landed_before_costs_nothing(shop):
    shop.add_pictures(2).run(skip_existing_edits=True)
    manifests = list((shop.folder / "out").rglob("*.json"))
    assert [json.loads(path.read_text())["cost"] for path in manifests if path.parent.name == "out"] == [
        FOR_ONE
    ] * 2
    shop.run_id = "another"
    again = shop.run(skip_existing_edits=True)
    assert list(costs_of(shop).values()) == [NOTHING] * 2
    assert (again["counts"]["existing"], again["cost"]) == (2, NOTHING)


def test_what_may_have_been_paid_for_is_in_the_cost_as_an_estimate(shop):
    shop.emulator.add_faults(Fault("submit", "billed_status", status=500))
    summary = shop.add_pictures(2).run()
    (held,) = [row for row in shop.rows.values() if row["status"] == "ambiguous"]
    assert held["cost"] == {"usd": 0.05, "credits": None, "is_estimate": True}
    assert summary["cost"] == {"usd": 0.1, "credits": 5.0, "is_estimate": True}


def test_what_is_refused_at_the_submit_costs_nothing(shop):
    shop.emulator.add_faults(Fault("submit", "status", status=422, code="invalid_param"))
    summary = shop.add_pictures(2).run()
    (refused,) = [row for row in shop.rows.values() if row["status"] == "refused"]
    assert (refused["cost"], summary["cost"]) == (NOTHING, FOR_ONE)


def test_a_later_attempt_takes_the_cost_from_the_journal(shop, monkeypatch, counted):
    shop.emulator.add_faults(Fault("result", "html", times=None))
    shop.add_pictures(1).run()
    assert counted == {}  # it can end better in another attempt
    shop.emulator.clear_faults()
    monkeypatch.setattr("airflow_provider_phota.emulator.views.PRICES", {EDIT_MODEL: 500})
    monkeypatch.setattr(price_lists, "_LISTS", PriceLists())
    summary = shop.run()
    assert (list(costs_of(shop).values()), summary["cost"]) == ([FOR_ONE], FOR_ONE)
    assert counted == {("phota.edits", "succeeded"): 1, ("phota.cost_usd", "succeeded"): 0.05}


def test_an_adopted_task_costs_what_the_service_says_of_it(shop):
    shop.emulator.add_faults(Fault("submit", "billed_status", status=500))
    shop.add_pictures(1).run()
    (key,) = shop.rows
    summary = shop.clear().run(adopt={key: shop.emulator.ledger()[0].id})
    cost = {"usd": None, "credits": 5.0, "is_estimate": True}
    assert (costs_of(shop)[key], summary["cost"]) == (cost, cost)
    assert shop.statuses == {"landed": 1}

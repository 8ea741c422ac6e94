"""What does not fit into a budget is skipped or waits, and no error after a wait says that something is paid."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from airflow.providers.common.compat.sdk import (
    AirflowFailException,
    AirflowSkipException,
    AirflowTaskTimeout,
    TaskDeferred,
)
from airflow_runs import TaskInstance
from limited_shop import PRICE, cost, fires, unusable

from airflow_provider_phota.api.costs import NO_COST
from airflow_provider_phota.budget.log import BudgetLog
from airflow_provider_phota.operators.phota import PhotaImageGenerateOperator
from airflow_provider_phota.triggers import phota
from airflow_provider_phota.triggers.budget import PhotaBudgetTrigger

pytestmark = pytest.mark.usefixtures("metadata_database", "at_once")


def test_what_does_not_fit_is_skipped_if_that_is_asked_for(shop):
    shop.connect(budget="0.03 USD / day")
    shop.order("first")
    with pytest.raises(AirflowSkipException, match="begins again at"):
        shop.order(on_budget="skip")


def test_what_does_not_fit_waits_in_the_triggerer_until_money_is_given_back(shop):
    shop.connect(budget="0.03 USD / day")
    purse = shop.purse()
    reserved = purse.reserve("other-1", cost(PRICE))
    with pytest.raises(TaskDeferred) as deferred:
        shop.order(on_budget="wait")
    assert deferred.value.method_name == "execute_after_budget"
    trigger = deferred.value.trigger
    _, arguments = trigger.serialize()
    trigger = PhotaBudgetTrigger(**{**arguments, "poll_interval": 0.05})
    assert not fires(trigger, within=0.5)
    purse.settle({"other-1": NO_COST}, reserved.at)
    assert fires(trigger, within=5.0)["why"] == "the order fits"
    shop.order(on_budget="wait")
    assert len(shop.emulator.ledger()) == 1


@pytest.fixture
def can_fit(shop):
    """The arguments of a stored trigger whose order fits by now."""
    shop.connect(budget="0.03 USD / day")
    reserved = shop.purse().reserve("other-1", cost(PRICE))
    with pytest.raises(TaskDeferred) as deferred:
        shop.order(on_budget="wait")
    shop.purse().settle({"other-1": NO_COST}, reserved.at)
    _, arguments = deferred.value.trigger.serialize()
    return arguments


def test_it_never_fires_within_six_seconds_of_the_deferral(can_fit, monkeypatch):
    monkeypatch.setattr(phota, "EARLIEST_EVENT", 6.0)
    assert can_fit["deferred_at"] == pytest.approx(time.time(), abs=5.0)
    start = time.monotonic()
    assert fires(PhotaBudgetTrigger(**can_fit), within=30.0)["why"] == "the order fits"
    assert time.monotonic() - start >= 6.0


def test_a_wait_that_began_long_ago_ends_at_once(can_fit, monkeypatch):
    """Two busy triggerers may take a trigger from each other every few seconds."""
    monkeypatch.setattr(phota, "EARLIEST_EVENT", 60.0)
    moved = PhotaBudgetTrigger(**{**can_fit, "deferred_at": time.time() - 60.0})
    assert fires(moved, within=30.0)["why"] == "the order fits"


def test_a_trigger_of_an_older_version_holds_its_event_back_at_each_start(can_fit, monkeypatch):
    monkeypatch.setattr(phota, "EARLIEST_EVENT", 60.0)
    del can_fit["deferred_at"]
    assert not fires(PhotaBudgetTrigger(**can_fit), within=3.0)


@pytest.mark.parametrize("next_method", ["execute_after_budget", "__fail__"])
def test_an_error_after_the_wait_for_a_budget_says_nothing_of_a_paid_task(shop, next_method, monkeypatch):
    """Also without a ledger: a retry does not pay again, since nothing was sent."""
    shop.connect(budget="1 USD / day", ledger_path=None)
    monkeypatch.setattr(BudgetLog, "reserve", unusable)
    operator = PhotaImageGenerateOperator(task_id="edit", prompt="a beach")
    arguments = {"event": {}} if next_method == "execute_after_budget" else {"error": "Trigger failure"}
    with pytest.raises(Exception) as caught:  # noqa: PT011  # of Airflow, or of the service
        operator.resume_execution(next_method, arguments, {"ti": TaskInstance()})
    assert "is billed" not in str(caught.value)
    assert not isinstance(caught.value, AirflowFailException)


def test_a_wait_for_a_budget_that_takes_all_the_time_says_that_nothing_was_sent(shop):
    operator = PhotaImageGenerateOperator(
        task_id="edit", prompt="a beach", execution_timeout=timedelta(minutes=1)
    )
    ti = TaskInstance()
    ti.start_date, ti.next_method = datetime.now(UTC) - timedelta(hours=1), "execute_after_budget"
    with pytest.raises(AirflowTaskTimeout, match="Nothing was sent"):
        operator.pre_execute({"ti": ti})


def test_an_order_that_costs_more_than_the_whole_budget_does_not_wait_forever(shop):
    shop.connect(budget="0.02 USD / day")
    with pytest.raises(AirflowFailException, match="more than the whole budget") as refused:
        shop.order(on_budget="wait")
    assert "begins again" not in str(refused.value)


def test_the_wait_is_over_when_the_period_turns(shop):
    shop.connect(budget="0.03 USD / day")
    shop.order("first")
    with pytest.raises(TaskDeferred) as deferred:
        shop.order(on_budget="wait")
    _, arguments = deferred.value.trigger.serialize()
    assert arguments["ends_at"] > time.time()
    trigger = PhotaBudgetTrigger(**{**arguments, "ends_at": time.time() + 0.3, "poll_interval": 0.05})
    assert fires(trigger, within=5.0)["why"] == "its period has turned"


def test_a_worker_looks_from_time_to_time_whether_the_budget_was_raised(shop, monkeypatch):
    monkeypatch.setattr("airflow_provider_phota.triggers.budget._LONGEST_WAIT", 0.2)
    shop.connect(budget="0.03 USD / total")
    shop.order("first")
    with pytest.raises(TaskDeferred) as deferred:
        shop.order(on_budget="wait")
    _, arguments = deferred.value.trigger.serialize()
    trigger = PhotaBudgetTrigger(**{**arguments, "poll_interval": 0.05})
    assert "raised" in fires(trigger, within=5.0)["why"]
    shop.connect(budget="0.06 USD / total")
    shop.order(on_budget="wait")
    assert len(shop.emulator.ledger()) == 2

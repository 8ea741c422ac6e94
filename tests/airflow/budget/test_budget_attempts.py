"""Whatever an attempt dies of, and whoever overtakes it: in the end what is spent is what was billed."""

from __future__ import annotations

import time

import pytest
from airflow.providers.common.compat.sdk import (
    AirflowFailException,
)
from limited_shop import PRICE, Killed, after, die, unusable

from airflow_provider_phota.api.errors import PhotaSubmitAmbiguous
from airflow_provider_phota.budget.log import BudgetLog
from airflow_provider_phota.emulator import Fault
from airflow_provider_phota.ledger.ledger import Ledger
from airflow_provider_phota.submitting.charge import Charge

pytestmark = pytest.mark.usefixtures("metadata_database", "at_once")


def test_an_order_that_is_refused_gives_its_money_back(shop):
    shop.emulator.add_faults(Fault(on="submit", kind="status", status=422, code="invalid_param"))
    with pytest.raises(AirflowFailException):
        shop.order()
    assert shop.state().used == 0


@pytest.mark.parametrize("seen", [True, False])
def test_a_task_that_failed_and_costs_nothing_gives_its_money_back(shop, seen):
    """Also if the attempt that would have seen its end was killed."""
    shop.emulator.add_faults(Fault(on="submit", kind="fail_task", code="out_of_memory", message="no"))
    if seen:
        with pytest.raises(Exception, match="out_of_memory"):
            shop.order(wait_for_completion=True)
    else:
        shop.order()
        assert shop.state().used == PRICE
        time.sleep(0.4)
        shop.order()  # it has failed: the next attempt pays again
    state = shop.state()
    assert (state.spent, state.reserved) == (shop.billed, 0)


def test_what_is_not_clear_stays_reserved_until_a_person_names_the_task(shop):
    shop.connect(budget="0.10 USD / total", total_timeout=1)  # an attempt waits that long for a sender
    shop.emulator.add_faults(Fault(on="submit", kind="billed_status", status=500))
    with pytest.raises((AirflowFailException, PhotaSubmitAmbiguous)):
        shop.order()
    assert (shop.state().spent, shop.state().reserved) == (0, PRICE)
    with pytest.raises((AirflowFailException, PhotaSubmitAmbiguous)):
        shop.order()
    (entry,) = shop.emulator.ledger()
    shop.order(adopt_phota_task_id=entry.id)
    assert (shop.state().spent, shop.state().reserved) == (PRICE, 0)


def test_a_process_that_died_before_its_intent_is_replaced_by_the_next_attempt(shop, monkeypatch):
    shop.connect(budget="0.03 USD / total")
    with monkeypatch.context() as broken:
        broken.setattr("airflow_provider_phota.submitting.submission.Submission._begin_sending", die)
        with pytest.raises(Killed):
            shop.order()
    assert shop.state().reserved == PRICE
    shop.order()
    assert (shop.state().spent, shop.state().reserved) == (PRICE, 0)


def test_a_process_that_died_before_it_settled_is_settled_by_the_next_attempt(shop, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr("airflow_provider_phota.submitting.charge.Charge.settle", die)
        with pytest.raises(Killed):
            shop.order()
    assert (shop.state().spent, shop.state().reserved) == (0, PRICE)
    shop.order()
    assert len(shop.emulator.ledger()) == 1
    assert (shop.state().spent, shop.state().reserved) == (PRICE, 0)


def test_an_attempt_that_is_overtaken_while_it_reserves_counts_nothing_twice(shop, monkeypatch):
    reserve = Charge.reserve

    def overtaken(charge, cost):
        monkeypatch.setattr(Charge, "reserve", reserve)
        shop.order()
        reserve(charge, cost)

    monkeypatch.setattr(Charge, "reserve", overtaken)
    shop.order()
    assert len(shop.emulator.ledger()) == 1
    assert (shop.state().spent, shop.state().reserved) == (PRICE, 0)


def test_a_paid_task_that_the_service_does_not_know_any_more_counts(shop, monkeypatch):
    """Also if the attempt that has paid for it died before it could settle it."""
    with monkeypatch.context() as broken:
        broken.setattr(Charge, "settle", die)
        with pytest.raises(Killed):
            shop.order()
    shop.emulator.add_faults(Fault(on="task", kind="status", status=404, times=None))
    monkeypatch.setattr("airflow_provider_phota.ledger.decisions.NEW_TASK_GRACE", -1.0)
    with pytest.raises(AirflowFailException):
        shop.order()
    assert (shop.state().spent, shop.state().reserved) == (PRICE, 0)


def test_a_process_that_died_while_it_adopted_a_task_leaves_nothing_reserved(shop, monkeypatch):
    shop.emulator.add_faults(Fault(on="submit", kind="billed_status", status=500))
    with pytest.raises((AirflowFailException, PhotaSubmitAmbiguous)):
        shop.order()
    (entry,) = shop.emulator.ledger()
    with monkeypatch.context() as broken:
        broken.setattr(Ledger, "note_task", after(Ledger.note_task))
        with pytest.raises(Killed):
            shop.order(adopt_phota_task_id=entry.id)
    shop.order(adopt_phota_task_id=entry.id)
    assert (shop.state().spent, shop.state().reserved) == (PRICE, 0)


def test_a_store_that_is_away_at_the_end_loses_nothing_paid(shop, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(BudgetLog, "settle", unusable)
        task_id, _ = shop.order()
    assert task_id == shop.emulator.ledger()[0].id
    assert shop.state().reserved == PRICE


@pytest.mark.parametrize("extra", [{"budget_path": None}, {"budget": "50"}])
def test_a_budget_that_became_wrong_keeps_nothing_paid_from_coming_home(shop, extra):
    """It is said once an order is to be sent; what was paid for before needs no money."""
    task_id, _ = shop.order()
    shop.connect(**{"budget": "0.10 USD / total", **extra})
    assert shop.order(wait_for_completion=True)[0]["phota_task_id"] == task_id
    with pytest.raises(AirflowFailException, match="budget"):
        shop.order("other")
    assert len(shop.emulator.ledger()) == 1

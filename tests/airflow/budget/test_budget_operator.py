"""Operators with a budget: what fits is paid and counted, what does not is not sent, and nothing is counted twice."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest
from airflow.providers.common.compat.sdk import (
    AirflowFailException,
)
from airflow_runs import TaskInstance
from limited_shop import PRICE, cost

from airflow_provider_phota.api.errors import PhotaInputError, PhotaNotBilled
from airflow_provider_phota.budget.log import BudgetLog
from airflow_provider_phota.operators.phota import PhotaCreateProfileOperator, PhotaImageGenerateOperator

pytestmark = pytest.mark.usefixtures("metadata_database", "at_once")


def test_what_fits_is_paid_and_counted_and_what_does_not_is_not_sent(shop):
    for item in "abc":
        shop.order(item)
    with pytest.raises(AirflowFailException) as refused:
        shop.order("d")
    for words in (
        "The budget of 0.1 USD / total is used up",
        "0.09 USD are spent",
        "Nothing was sent",
        "0.03",
    ):
        assert words in str(refused.value)
    assert len(shop.emulator.ledger()) == 3
    state = shop.state()
    assert (state.spent, state.reserved) == (shop.billed, 0) == (Decimal("0.09"), 0)


def test_nothing_at_all_reaches_the_service_once_the_budget_is_used_up(shop, tmp_path):
    shop.connect(budget="0.03 USD / total")
    shop.purse().reserve("other-1", cost(PRICE))
    shop.emulator.reset()
    with pytest.raises(AirflowFailException, match="used up"):
        shop.order()
    assert {(each.method, each.path) for each in shop.emulator.requests()} <= {("GET", "/api/pricing")}


@pytest.mark.parametrize(("unit", "spent"), [("USD", "0.12"), ("credits", "12")])
def test_the_unit_is_usd_or_credits(shop, unit, spent):
    shop.connect(budget=f"50 {unit} / month", credits_per_usd=100)
    shop.order(num_outputs=2, resolution="4K")
    assert shop.state().spent == Decimal(spent)


def test_a_budget_in_credits_needs_to_know_what_a_credit_is(shop):
    shop.connect(budget="50 credits / month")
    with pytest.raises(PhotaNotBilled, match="credits_per_usd"):
        shop.order()
    assert not shop.emulator.ledger()


def test_without_a_price_nothing_is_sent_if_there_is_a_budget(shop):
    shop.connect(user_group="unheard of", budget="50 USD / month")
    with pytest.raises(PhotaNotBilled, match="It is not known what this order costs"):
        shop.order()
    assert not shop.emulator.ledger()


def test_an_order_has_to_fit_into_the_budget_of_its_dag_too(shop):
    shop.order("a", budget="0.05 USD / run")
    with pytest.raises(AirflowFailException, match="budget of DAG 'dag'"):
        shop.order("b", budget="0.05 USD / run")
    shop.order("c")
    assert shop.state().used == Decimal("0.06")
    assert shop.state(budget="0.05 USD / run").used == Decimal("0.03")


def test_a_warning_is_given_once_and_calls_what_the_author_named(shop, caplog):
    told = []
    for item in "abc":
        shop.order(item, on_budget_warning=told.append)
    assert caplog.text.count("of the budget of connection 'phota_default'") == 1
    (context,) = told
    assert context["phota_budget"].limit == "0.1 USD / total"
    assert context["phota_budget"].reserved == PRICE


def test_a_profile_counts_too(shop, picture):
    shop.connect(budget="0.5 USD / total")
    operator = PhotaCreateProfileOperator(
        task_id="profile", photos=f"file://{picture.parent}", poll_interval=0.05
    )
    operator.execute({"ti": TaskInstance()})
    assert shop.state().spent == Decimal("0.5")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"budget": "50"}, "must say how much of what in which period"),
        ({"budget": "50 EUR / month"}, "must be 'USD' or 'credits'"),
        ({"budget": "-1 USD / day"}, "must begin with a number"),
        ({"budget": "1e999 USD / day"}, "must begin with a number"),
        ({"budget": "{{ params.x }}"}, "is not a templated field"),
        ({"on_budget": "hope"}, "must be 'fail', 'skip' or 'wait'"),
        ({"budget_warning": 80}, "must be a share above 0 and at most 1"),
        ({"budget_warning": True}, "must be a share above 0 and at most 1"),
        ({"on_budget_warning": "mail"}, "must be a function of the context"),
    ],
)
def test_a_wrong_argument_is_named_when_the_dag_is_parsed(shop, arguments, words):
    with pytest.raises(PhotaInputError, match=words):
        PhotaImageGenerateOperator(task_id="edit", prompt="a beach", **arguments)


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ({"budget": "50"}, "extra 'budget' of connection 'phota_default'"),
        ({"budget": "1 USD / day", "budget_path": None}, "needs a budget_path"),
        ({"budget": "1 USD / day", "budget_path": "/data"}, "must be an object-storage URL"),
        ({"budget": "1 USD / day", "budget_path": "file:///proc/budget"}, "The budget cannot be used"),
        (
            {"budget": "1 USD / day", "budget_path": "memory://budget"},
            "cannot be opened|cannot create an object exc",
        ),
    ],
)
def test_a_wrong_budget_of_the_connection_is_named_before_anything_is_sent(shop, monkeypatch, extra, words):
    monkeypatch.setattr("airflow_provider_phota.budget.log._PATIENCE", 0.3)
    monkeypatch.setattr(BudgetLog.__init__, "__defaults__", (0.3,))
    shop.connect(**extra)
    with pytest.raises((PhotaNotBilled, AirflowFailException), match=words):
        shop.order()
    assert not shop.emulator.ledger()


def test_nothing_is_sent_by_a_clock_that_is_two_hours_off(shop, monkeypatch):
    now = time.time
    monkeypatch.setattr("airflow_provider_phota.budget.log.time.time", lambda: now() + 7200)
    with pytest.raises(PhotaNotBilled, match="the clock of this machine differs from the store's"):
        shop.order()
    assert not shop.emulator.ledger()

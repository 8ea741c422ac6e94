"""Batches with a budget: blocks of money, what is given back, and what a process that died has left behind."""

from __future__ import annotations

import asyncio
import json
import time
from decimal import Decimal

import pytest
from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowFailException,
    AirflowSkipException,
    TaskDeferred,
)
from airflow_runs import TaskInstance
from dying import die_when, events
from shop import Shop

from airflow_provider_phota.api.errors import PhotaBudgetUnusable
from airflow_provider_phota.batch.spending import Spending
from airflow_provider_phota.budget.log import BudgetLog
from airflow_provider_phota.emulator import Fault
from airflow_provider_phota.hooks.phota import PhotaHook

pytestmark = pytest.mark.usefixtures("metadata_database", "at_once")
PRICE = Decimal("0.05")


class LimitedShop(Shop):
    """Runs a batch whose connection has a budget."""

    def connect(self, monkeypatch, budget, **more):
        extra = {"budget": budget, "budget_path": f"file://{self.folder}/budget", **more}
        fields = {
            "conn_type": "phota",
            "password": self.emulator.key,
            "host": self.emulator.url,
            "extra": extra,
        }
        monkeypatch.setenv("AIRFLOW_CONN_PHOTA_DEFAULT", json.dumps(fields))
        return self

    def budget(self):
        purse = self.operator()._budget.purse({"ti": TaskInstance()}, PhotaHook())
        ((_, _, state),) = purse.states(time.time())
        return state

    @property
    def usd_billed(self):
        return sum((Decimal(entry.credits) / 100 for entry in self.emulator.ledger()), Decimal(0))


@pytest.fixture
def shop(emulator, tmp_path, monkeypatch):
    emulator.draw("small")
    return LimitedShop(emulator, tmp_path).add_pictures(12).connect(monkeypatch, "5 USD / total")


def test_a_batch_reserves_in_blocks_and_settles_them(shop, monkeypatch):
    monkeypatch.setattr("airflow_provider_phota.batch.spending.BLOCK", 5)
    assert shop.run()["counts"]["landed"] == 12
    state = shop.budget()
    assert (state.spent, state.reserved) == (12 * PRICE, 0)
    assert state.number <= 6  # 12 orders: 3 blocks, each reserved and settled


def test_of_a_batch_as_many_orders_are_sent_as_fit(shop, monkeypatch):
    shop.connect(monkeypatch, "0.37 USD / total")
    error = shop.fail()
    assert isinstance(error, AirflowFailException)
    assert "The budget of 0.37 USD / total is used up" in str(error)
    assert len(shop.emulator.ledger()) == 7
    assert (shop.budget().spent, shop.budget().reserved) == (7 * PRICE, 0)
    summary = shop.pushed["return_value"]
    assert summary["counts"]["landed"] == 7
    shop.connect(monkeypatch, "5 USD / total")
    assert shop.run()["counts"]["landed"] == 12
    assert (shop.budget().spent, shop.budget().reserved) == (12 * PRICE, 0)


def test_once_the_budget_is_used_up_no_other_order_asks(shop, monkeypatch):
    shop.connect(monkeypatch, "0.05 USD / total")
    asked, reserve = [], BudgetLog.reserve
    monkeypatch.setattr(BudgetLog, "reserve", lambda *a, **b: asked.append(a) or reserve(*a, **b))
    shop.fail()
    assert (len(shop.emulator.ledger()), len(asked)) == (1, 2)


def test_nothing_is_sent_if_airflow_ends_the_task_while_it_asks_for_money(shop, monkeypatch):
    operator, draw = shop.operator(), Spending.draw

    async def draw_late(spending, cost):
        money = await draw(spending, cost)
        operator.on_kill()
        await asyncio.sleep(0.01)
        return money

    monkeypatch.setattr(Spending, "draw", draw_late)
    with pytest.raises(AirflowException, match="has ended the task"):
        operator.execute(shop.context())
    assert not shop.emulator.ledger()


def test_what_does_not_fit_is_left_out_if_that_is_asked_for(shop, monkeypatch):
    shop.connect(monkeypatch, "0.10 USD / total")
    summary = shop.run(on_budget="skip")
    assert (summary["counts"]["landed"], summary["counts"]["not_sent"]) == (2, 10)
    with pytest.raises(AirflowSkipException):
        Shop.run(shop, destination=f"file://{shop.folder}/other", on_budget="skip")


def test_what_does_not_fit_waits_in_the_triggerer(shop, monkeypatch):
    shop.connect(monkeypatch, "0.10 USD / total")
    with pytest.raises(TaskDeferred) as deferred:
        shop.run(on_budget="wait")
    assert deferred.value.method_name == "execute_after_budget"
    assert len(shop.emulator.ledger()) == 2
    shop.connect(monkeypatch, "5 USD / total")
    summary = shop.operator().execute_after_budget(shop.context(), {"why": "the order fits"})
    assert summary["counts"]["landed"] == 12
    assert (shop.budget().spent, shop.budget().reserved) == (12 * PRICE, 0)


def test_failed_and_refused_items_give_their_money_back_and_ambiguous_ones_keep_it(shop):
    shop.emulator.add_faults(
        Fault(
            on="submit",
            kind="fail_task",
            code="out_of_memory",
            message="no",
            match={"prompt": "Make 003 shine"},
        ),
        Fault(
            on="submit", kind="status", status=422, code="invalid_param", match={"prompt": "Make 004 shine"}
        ),
        Fault(on="submit", kind="billed_status", status=500, match={"prompt": "Make 005 shine"}),
    )
    shop.run()
    state = shop.budget()
    assert (state.spent, state.reserved) == (9 * PRICE, PRICE)
    assert state.spent + state.reserved == shop.usd_billed
    (lost,) = (entry for entry in shop.emulator.ledger() if "005" in entry.request["prompt"])
    shop.clear().run(adopt={"005.png": lost.id})
    assert (shop.budget().spent, shop.budget().reserved) == (shop.usd_billed, 0)


@pytest.mark.parametrize("paid", [1, 5, 12])
def test_what_a_process_that_died_has_reserved_is_settled_from_the_journal(shop, monkeypatch, paid):
    shop.connect(monkeypatch, "5 USD / total", total_timeout=3.0)
    shop.emulator.add_faults(Fault("submit", "latency", seconds=2.0, times=None))
    die_when(shop, lambda: events(shop).count("paid") >= paid)
    assert shop.budget().reserved == 12 * PRICE
    shop.run()
    state, statuses = shop.budget(), shop.statuses
    assert state.spent == statuses["landed"] * PRICE
    assert state.reserved == statuses["ambiguous"] * PRICE
    assert state.spent <= shop.usd_billed <= state.used


def test_what_has_ended_in_a_process_that_died_is_settled_however_it_was_reserved(shop, monkeypatch):
    """The second process has only the sendings of the first one, and dies when some of them have landed."""
    shop.connect(monkeypatch, "5 USD / total", total_timeout=3.0)
    shop.emulator.add_faults(
        Fault("submit", "latency", seconds=20.0, times=None, match={"prompt": "Make 009"}),
        Fault("submit", "latency", seconds=6.0, times=None),
    )
    die_when(shop, lambda: events(shop).count("paid") >= 10)
    die_when(shop, lambda: events(shop).count("ended") >= 3)
    assert shop.budget().spent == 0
    shop.run()
    state, statuses = shop.budget(), shop.statuses
    assert (state.spent, state.reserved) == (statuses["landed"] * PRICE, statuses["ambiguous"] * PRICE)
    assert statuses["landed"] >= 10


def test_what_is_paid_for_once_more_gives_back_what_the_lost_order_has_reserved(shop):
    """A person redoes an ambiguous item if there is no task of it in the console."""
    shop.emulator.add_faults(
        Fault(on="submit", kind="status", status=500, match={"prompt": "Make 005 shine"})
    )
    shop.run()
    assert (shop.budget().spent, shop.budget().reserved) == (11 * PRICE, PRICE)
    shop.clear().run(redo=["005.png"])
    assert (shop.budget().spent, shop.budget().reserved) == (12 * PRICE, 0)
    assert shop.usd_billed == 12 * PRICE


def test_what_a_batch_could_not_settle_its_next_attempt_settles(shop, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(BudgetLog, "settle", _away)
        shop.run()
    assert (shop.budget().spent, shop.budget().reserved) == (0, 12 * PRICE)
    shop.run()
    assert (shop.budget().spent, shop.budget().reserved) == (12 * PRICE, 0)
    assert shop.usd_billed == 12 * PRICE


@pytest.mark.parametrize("dies", [False, True])
def test_a_budget_in_credits_counts_orders_of_which_the_service_tells_no_credits(shop, monkeypatch, dies):
    shop.connect(monkeypatch, "500 credits / total", credits_per_usd=100)
    monkeypatch.setattr("airflow_provider_phota.api.costs.credits_in", lambda *_: None)
    with monkeypatch.context() as broken:
        if dies:
            broken.setattr(BudgetLog, "settle", _away)
        shop.run()
    shop.run()
    assert (shop.budget().spent, shop.budget().reserved) == (12 * PRICE * 100, 0)


def test_a_task_that_is_paid_for_once_more_before_it_came_home_has_cost_its_price(shop, monkeypatch):
    shop.emulator.add_faults(
        Fault("result", "status", status=500, times=None, match={"prompt": "Make 003 shine"})
    )
    monkeypatch.setattr("airflow_provider_phota.batch.attempt._LANDING_PATIENCE", 0.1)
    shop.run()
    assert (shop.budget().spent, shop.budget().reserved) == (11 * PRICE, PRICE)
    shop.emulator.clear_faults()
    shop.clear().run(redo=["003.png"])
    shop.run()
    assert len(shop.emulator.ledger()) == 13
    assert (shop.budget().spent, shop.budget().reserved) == (13 * PRICE, 0)


def test_the_log_of_a_window_is_read_once_however_many_blocks_there_were(shop, monkeypatch):
    shop.run()
    read, state = [], BudgetLog.state
    monkeypatch.setattr(BudgetLog, "state", lambda log: read.append(log) or state(log))
    purse = shop.operator()._budget.purse({"ti": TaskInstance()}, PhotaHook())
    assert purse.open_tokens("x", map(float, range(1_000))) == frozenset()
    assert len(read) == 1


def test_a_pause_keeps_what_is_under_way_reserved(shop):
    shop.emulator.add_faults(Fault(on="submit", kind="latency", seconds=3.0, times=None))
    with pytest.raises(TaskDeferred):
        shop.run(deferrable=True, defer_after=0.5)
    state = shop.budget()
    assert (state.spent, state.reserved) == (0, 12 * PRICE)
    shop.emulator.advance(10)
    entries = shop.budget().number
    summary = shop.operator().execute_complete(shop.context(), _woken(shop))
    assert summary["counts"]["landed"] == 12
    assert (shop.budget().spent, shop.budget().reserved) == (12 * PRICE, 0)
    assert shop.budget().number == entries + 1  # for all orders together


def test_what_is_paid_for_comes_home_also_if_the_store_of_the_budget_is_away(shop, monkeypatch):
    shop.emulator.add_faults(Fault(on="submit", kind="latency", seconds=3.0, times=None))
    with pytest.raises(TaskDeferred):
        shop.run(deferrable=True, defer_after=0.5)
    shop.emulator.advance(10)
    with monkeypatch.context() as broken:
        broken.setattr(BudgetLog, "state", _away)
        summary = shop.operator().execute_complete(shop.context(), _woken(shop))
    assert summary["counts"]["landed"] == 12
    shop.run()
    assert (shop.budget().spent, shop.budget().reserved) == (12 * PRICE, 0)


def test_without_the_store_of_the_budget_nothing_is_sent(shop, monkeypatch):
    monkeypatch.setattr(BudgetLog, "state", _away)
    assert "away" in str(shop.fail())
    assert not shop.emulator.ledger()


def _away(*_args, **_more):
    raise PhotaBudgetUnusable("away")


def _woken(shop):
    return {"version": 1, "waits": "", "why": "enough", "ended": 12, "open": 0}


def test_a_batch_whose_budget_became_wrong_brings_home_what_is_paid_for(shop, monkeypatch):
    shop.connect(monkeypatch, "0.37 USD / total")
    shop.emulator.add_faults(Fault("result", "status", status=500, times=7))
    shop.fail()
    shop.connect(monkeypatch, "50")
    error = shop.clear().fail()
    assert "must say how much of what in which period" in str(error)
    assert shop.statuses["landed"] == len(shop.emulator.ledger()) == 7

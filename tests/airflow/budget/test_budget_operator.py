"""Operators with a budget: what fits is paid and counted, what does not is not sent, and nothing is counted twice."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from airflow.providers.common.compat.sdk import (
    AirflowFailException,
    AirflowSkipException,
    AirflowTaskTimeout,
    TaskDeferred,
)
from airflow_runs import TaskInstance

from airflow_provider_phota.api.costs import NO_COST
from airflow_provider_phota.api.errors import PhotaInputError, PhotaNotBilled, PhotaSubmitAmbiguous
from airflow_provider_phota.budget.log import BudgetLog
from airflow_provider_phota.budget.options import BudgetOptions
from airflow_provider_phota.emulator import Fault
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.ledger.ledger import Ledger
from airflow_provider_phota.operators.phota import PhotaCreateProfileOperator, PhotaImageGenerateOperator
from airflow_provider_phota.submitting.charge import Charge
from airflow_provider_phota.triggers.budget import PhotaBudgetTrigger

pytestmark = pytest.mark.usefixtures("metadata_database", "at_once")
PRICE = Decimal("0.03")


class Shop:
    """An emulator, a connection with a budget, and an operator that spends it."""

    def __init__(self, emulator, monkeypatch, folder):
        self.emulator, self._monkeypatch = emulator, monkeypatch
        self.ledger, self.path = folder / "ledger", folder / "budget"
        self.ledger.mkdir()
        self.connect(budget="0.10 USD / total")

    def connect(self, **extra):
        extra = {"budget_path": f"file://{self.path}", "ledger_path": f"file://{self.ledger}", **extra}
        fields = {
            "conn_type": "phota",
            "password": self.emulator.key,
            "host": self.emulator.url,
            "extra": extra,
        }
        self._monkeypatch.setenv("AIRFLOW_CONN_PHOTA_DEFAULT", json.dumps(fields))

    def order(self, item="a", *, context=None, **arguments):
        operator = PhotaImageGenerateOperator(
            task_id="edit", **{"prompt": f"a beach {item}", "poll_interval": 0.05, **arguments}
        )
        ti = TaskInstance()
        ti.task_id = f"edit-{item}"
        context = {"ti": ti, **(context or {})}
        return operator.execute(context), context

    def purse(self, **options):
        options = BudgetOptions(
            **{
                "budget": None,
                "on_budget": "fail",
                "budget_warning": 0.8,
                "on_budget_warning": None,
                **options,
            }
        )
        return options.purse({"ti": TaskInstance()}, PhotaHook())

    def state(self, **options):
        *_, (_, _, state) = self.purse(**options).states(time.time())
        return state

    @property
    def billed(self):
        return sum(Decimal(entry.credits) / 100 for entry in self.emulator.ledger())


@pytest.fixture
def shop(emulator, monkeypatch, tmp_path):
    return Shop(emulator, monkeypatch, tmp_path)


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
    shop.purse().reserve("other-1", _cost(PRICE))
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


def test_what_does_not_fit_is_skipped_if_that_is_asked_for(shop):
    shop.connect(budget="0.03 USD / day")
    shop.order("first")
    with pytest.raises(AirflowSkipException, match="begins again at"):
        shop.order(on_budget="skip")


def test_what_does_not_fit_waits_in_the_triggerer_until_money_is_given_back(shop):
    shop.connect(budget="0.03 USD / day")
    purse = shop.purse()
    reserved = purse.reserve("other-1", _cost(PRICE))
    with pytest.raises(TaskDeferred) as deferred:
        shop.order(on_budget="wait")
    assert deferred.value.method_name == "execute_after_budget"
    trigger = deferred.value.trigger
    _, arguments = trigger.serialize()
    trigger = PhotaBudgetTrigger(**{**arguments, "poll_interval": 0.05})
    assert not _fires(trigger, within=0.5)
    purse.settle({"other-1": NO_COST}, reserved.at)
    assert _fires(trigger, within=5.0)["why"] == "the order fits"
    shop.order(on_budget="wait")
    assert len(shop.emulator.ledger()) == 1


@pytest.mark.parametrize("next_method", ["execute_after_budget", "__fail__"])
def test_an_error_after_the_wait_for_a_budget_says_nothing_of_a_paid_task(shop, next_method, monkeypatch):
    """Also without a ledger: a retry does not pay again, since nothing was sent."""
    shop.connect(budget="1 USD / day", ledger_path=None)
    monkeypatch.setattr(BudgetLog, "reserve", _unusable)
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
    assert _fires(trigger, within=5.0)["why"] == "its period has turned"


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
        broken.setattr("airflow_provider_phota.submitting.submission.Submission._begin_sending", _die)
        with pytest.raises(Killed):
            shop.order()
    assert shop.state().reserved == PRICE
    shop.order()
    assert (shop.state().spent, shop.state().reserved) == (PRICE, 0)


def test_a_process_that_died_before_it_settled_is_settled_by_the_next_attempt(shop, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr("airflow_provider_phota.submitting.charge.Charge.settle", _die)
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
        broken.setattr(Charge, "settle", _die)
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
        broken.setattr(Ledger, "note_task", _after(Ledger.note_task))
        with pytest.raises(Killed):
            shop.order(adopt_phota_task_id=entry.id)
    shop.order(adopt_phota_task_id=entry.id)
    assert (shop.state().spent, shop.state().reserved) == (PRICE, 0)


def test_a_store_that_is_away_at_the_end_loses_nothing_paid(shop, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(BudgetLog, "settle", _unusable)
        task_id, _ = shop.order()
    assert task_id == shop.emulator.ledger()[0].id
    assert shop.state().reserved == PRICE


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
        ({"budget": "1 USD / day", "budget_path": "memory://budget"}, "cannot be opened"),
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


class Killed(BaseException):
    """What ends a process between two lines."""


def _die(*_args, **_more):
    raise Killed


def _after(act):
    def then_die(*arguments):
        act(*arguments)
        raise Killed

    return then_die


def _unusable(*_args, **_more):
    from airflow_provider_phota.api.errors import PhotaBudgetUnusable

    raise PhotaBudgetUnusable("away")


def _cost(usd):
    from airflow_provider_phota.api.costs import Cost

    return Cost(usd)


def _fires(trigger, within):
    async def first():
        return (await anext(trigger.run())).payload

    async def wait():
        try:
            return await asyncio.wait_for(first(), within)
        except TimeoutError:
            return None

    return asyncio.run(wait())

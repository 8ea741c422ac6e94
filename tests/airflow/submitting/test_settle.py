"""on_ambiguous="settle": a submit of unknown fate is repeated only if the account proves that it was not billed."""

from __future__ import annotations

import json
import time

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow_runs import TaskInstance
from attempt_by_hand import Clock, set_clock

from airflow_provider_phota.api.errors import PhotaSubmitAmbiguous
from airflow_provider_phota.emulator import Fault
from airflow_provider_phota.operators.phota import PhotaImageGenerateOperator

pytestmark = pytest.mark.usefixtures("metadata_database", "at_once")
UNBILLED = Fault(on="submit", kind="status", status=500)
BILLED = Fault(on="submit", kind="billed_status", status=500)
AMBIGUOUS = (AirflowFailException, PhotaSubmitAmbiguous)


@pytest.fixture
def order(emulator, monkeypatch, tmp_path):
    """Places an order by an attempt of its own, a minute after the one before."""
    (tmp_path / "ledger").mkdir()
    connect(emulator, monkeypatch, tmp_path)
    monkeypatch.setattr("airflow_provider_phota.hooks.usage_readings._LAST", {})
    clock = Clock()
    set_clock(monkeypatch, clock)

    def place(item="a", **arguments):
        clock.later += 100
        ti = TaskInstance()
        ti.task_id = f"generate-{item}"
        operator = PhotaImageGenerateOperator(
            task_id="generate",
            **{"prompt": f"beach {item}", "on_ambiguous": "settle", "poll_interval": 0.05, **arguments},
        )
        return operator.execute({"ti": ti})

    return place


def connect(emulator, monkeypatch, folder, **more):
    extra = {
        "budget": "100 USD / total",
        "budget_path": f"file://{folder}/budget",
        "ledger_path": f"file://{folder}/ledger",
        **more,
    }
    fields = {"conn_type": "phota", "password": emulator.key, "host": emulator.url, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_PHOTA_DEFAULT", json.dumps(fields))


def test_what_was_provably_not_billed_is_sent_again(emulator, order):
    emulator.add_faults(UNBILLED)
    with pytest.raises(AMBIGUOUS) as lost:
        order()
    assert "a retry" in str(lost.value).lower()
    assert order() == emulator.ledger()[0].id
    assert len(emulator.ledger()) == 1


def test_what_was_billed_is_held_and_named(emulator, order):
    emulator.add_faults(BILLED)
    with pytest.raises(AMBIGUOUS):
        order()
    with pytest.raises(
        AMBIGUOUS, match="that is exactly the price of this order, so it seems to have been billed"
    ):
        order()
    assert len(emulator.ledger()) == 1


def test_while_another_order_is_under_way_nothing_is_proven(emulator, order):
    """Another order that is given back could hide that this one was billed."""
    order("other")  # it does not wait, so its end is not known
    emulator.add_faults(UNBILLED)
    with pytest.raises(AMBIGUOUS):
        order()
    with pytest.raises(AMBIGUOUS, match="nothing seems to have been billed"):
        order()
    assert len(emulator.ledger()) == 1


def test_an_order_that_came_between_proves_nothing_either(emulator, order):
    emulator.add_faults(UNBILLED)
    with pytest.raises(AMBIGUOUS):
        order()
    order("other", wait_for_completion=True)
    with pytest.raises(AMBIGUOUS, match=r"so others were billed meanwhile|exactly the price"):
        order()
    assert len(emulator.ledger()) == 1


def test_an_order_that_has_ended_before_does_not_matter(emulator, order):
    order("other", wait_for_completion=True)
    emulator.add_faults(UNBILLED)
    with pytest.raises(AMBIGUOUS):
        order()
    order()
    assert len(emulator.ledger()) == 2


@pytest.mark.parametrize("when", [0, 1])
def test_without_the_use_of_the_key_it_is_held(emulator, order, when):
    emulator.add_faults(UNBILLED, Fault(on="usage", kind="status", status=500, skip=when, times=None))
    for _ in range(2):
        with pytest.raises(AMBIGUOUS):
            order()
    assert not emulator.ledger()


def test_by_default_the_evidence_is_said_and_nothing_is_sent(emulator, order):
    emulator.add_faults(UNBILLED)
    for words in ("the submit was sent", "nothing was sent now"):
        with pytest.raises(AMBIGUOUS, match=words) as lost:
            order(on_ambiguous="fail")
        assert "nothing seems to have been billed" in str(lost.value)
    assert not emulator.ledger()


@pytest.mark.parametrize("extra", [{"budget": None}, {"budget": "5 USD / run"}])
def test_it_needs_a_budget_that_counts_all_orders(emulator, order, monkeypatch, tmp_path, extra):
    connect(emulator, monkeypatch, tmp_path, **extra)
    with pytest.raises(AirflowFailException, match="'settle' needs the extras budget"):
        order()
    assert not emulator.ledger()


def test_a_balance_below_the_price_is_said_before_the_order_is_sent(emulator, order, caplog, monkeypatch):
    monkeypatch.setattr("airflow_provider_phota.api.account.Usage.available_usd", property(lambda _: 0.01))
    order()
    assert "The balance of 0.0100 USD is below the price of this order, 0.03 USD" in caplog.text


def test_a_balance_that_is_not_told_does_not_keep_the_order(emulator, order):
    emulator.add_faults(Fault(on="usage", kind="hang", seconds=30, times=None))
    began = time.monotonic()
    order()
    assert len(emulator.ledger()) == 1
    assert time.monotonic() - began < 25

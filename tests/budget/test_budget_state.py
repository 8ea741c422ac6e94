"""What is spent and reserved, whatever is asked for in whatever order."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_phota.budget.state import BudgetState, Exceeded, Reservation

LIMIT = Decimal(10)
AMOUNTS = st.decimals(0, 12, places=2)
TOKENS = st.sampled_from("abcdef")
ASKS = st.lists(st.tuples(st.booleans(), TOKENS, AMOUNTS), max_size=60)


def reservation(amount):
    return Reservation(Decimal(amount), 1.5)


def test_it_admits_up_to_the_limit_and_no_further():
    state = BudgetState().reserve("a", reservation(6), LIMIT).reserve("b", reservation(4), LIMIT)
    assert (state.reserved, state.spent, state.number) == (10, 0, 2)
    with pytest.raises(Exceeded):
        state.reserve("c", reservation("0.01"), LIMIT)
    state = state.settle({"a": Decimal("5.5")})
    assert state.reserve("c", reservation("0.5"), LIMIT).number == 4


def test_what_is_reserved_or_settled_twice_counts_once():
    state = BudgetState().reserve("a", reservation(6), LIMIT)
    assert state.reserve("a", reservation(9), LIMIT) is state
    settled = state.settle({"a": Decimal(5)})
    assert settled.settle({"a": Decimal(5)}) is settled


def test_zero_gives_all_back():
    state = BudgetState().reserve("a", reservation(6), LIMIT).settle({"a": Decimal(0)})
    assert (state.reserved, state.spent) == (0, 0)


def test_of_many_orders_as_many_are_admitted_as_fit():
    state = BudgetState().reserve("a", reservation(7), LIMIT)
    some = state.reserve("b", reservation("8"), LIMIT, step=Decimal("0.8"))
    assert some.open["b"].amount == Decimal("2.4")
    assert state.reserve("b", reservation(3), LIMIT, step=Decimal(1)).open["b"].amount == 3
    with pytest.raises(Exceeded) as exceeded:
        some.reserve("c", reservation(5), LIMIT, step=Decimal(1))
    assert exceeded.value.state is some


def test_what_is_not_clear_stays_reserved():
    state = BudgetState().reserve("block", reservation(6), LIMIT)
    state = state.settle({"block": Decimal(3)}, keep={"doubt": reservation(1)})
    assert (state.spent, state.reserved, list(state.open)) == (3, 1, ["doubt"])
    assert state.settle({"doubt": None}).spent == 4


def test_a_task_runs_until_its_end_is_known_and_gives_back_once():
    state = BudgetState().reserve("a", reservation(6), LIMIT).settle({"a": Decimal(5)}, runs_from=100.0)
    assert state.running == {"a": 100.0}
    ended = state.end("a", Decimal(5), now=200.0)
    assert (ended.spent, ended.running) == (0, {})
    assert ended.end("a", Decimal(5), now=200.0) is ended


def test_what_ran_a_day_ago_does_not_run_any_more():
    state = BudgetState()
    for token, at in (("old", 0.0), ("new", 90_000.0)):
        state = state.reserve(token, reservation(1), LIMIT).settle({token: Decimal(1)}, runs_from=at)
    assert state.end("new", Decimal(0), now=90_001.0).running == {}


def test_tasks_that_nobody_waits_for_are_forgotten_after_a_day():
    """Else each entry of the log would name all of a month."""
    state = BudgetState()
    for number in range(10):
        token = str(number)
        state = state.reserve(token, reservation(1), LIMIT)
        state = state.settle({token: Decimal(1)}, runs_from=number * 50_000.0)
    assert list(state.running) == ["8", "9"]


def test_what_a_process_that_came_too_late_has_reserved_does_not_count_twice():
    """It has died before it could see that another one had made the payment."""
    state = BudgetState().reserve("a/1", reservation(6), LIMIT).settle({"a": Decimal(5)}, runs_from=1.0)
    state = state.reserve("a/2", reservation(5), LIMIT).settle({"a": Decimal(5)}, runs_from=1.0)
    assert (state.spent, state.reserved) == (5, 0)


def test_of_the_processes_that_are_to_make_one_payment_only_one_reserves():
    """One of them may be dead, and no two of them can send: the ledger decides between them."""
    state = BudgetState().reserve("a/1", reservation(6), LIMIT)
    state = state.reserve("a/2", reservation(6), LIMIT)
    assert list(state.open) == ["a/2"]
    assert state.reserve("b/1", reservation(4), LIMIT).reserved == 10
    assert state.settle({"a/1": Decimal(0)}) is state
    assert state.settle({"a": Decimal(5)}, runs_from=1.0).running == {"a": 1.0}
    assert state.settle({"a": Decimal(5)}).open == {}


def test_a_warning_is_given_once():
    warn_at = Decimal("0.8")
    state = BudgetState().reserve("a", reservation(7), LIMIT, warn_at=warn_at)
    assert state.warned == 0
    state = state.reserve("b", reservation(1), LIMIT, warn_at=warn_at)
    assert state.warned == warn_at
    state = state.settle({"b": Decimal(0)}).reserve("c", reservation(2), LIMIT, warn_at=warn_at)
    assert state.warned == warn_at
    assert state.settle({"c": Decimal(0)}).reserve(
        "d", reservation(3), LIMIT, warn_at=Decimal("0.9")
    ).warned == Decimal("0.9")


@given(ASKS)
def test_it_always_adds_up(asks):
    """However it is asked, what was admitted is open or settled, and it never admits beyond the limit."""
    state, settled = BudgetState(), Decimal(0)
    for is_ask, token, amount in asks:
        before = state
        if is_ask:
            try:
                state = state.reserve(token, reservation(amount), LIMIT)
            except Exceeded:
                assert before.spent + before.reserved + amount > LIMIT
                continue
            if state is not before:
                assert state.spent + state.reserved <= LIMIT
        else:
            settled += min(amount, before.open[token].amount) if token in before.open else 0
            state = state.settle(
                {token: min(amount, before.open[token].amount if token in before.open else 0)}
            )
        assert state.number - before.number == (state is not before)
        assert state.spent == settled
        assert BudgetState.from_dict(json.loads(json.dumps(state.to_dict()))) == state

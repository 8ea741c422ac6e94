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
    return Reservation(Decimal(amount), "owner", 1.5)


def test_it_admits_up_to_the_limit_and_no_further():
    state = BudgetState().reserve("a", reservation(6), LIMIT).reserve("b", reservation(4), LIMIT)
    assert (state.reserved, state.spent, state.number) == (10, 0, 2)
    with pytest.raises(Exceeded):
        state.reserve("c", reservation("0.01"), LIMIT)
    state = state.settle("a", Decimal("5.5"))
    assert state.reserve("c", reservation("0.5"), LIMIT).number == 4


def test_what_is_reserved_or_settled_twice_counts_once():
    state = BudgetState().reserve("a", reservation(6), LIMIT)
    assert state.reserve("a", reservation(9), LIMIT) is state
    settled = state.settle("a", Decimal(5))
    assert settled.settle("a", Decimal(5)) is settled


def test_zero_gives_all_back():
    state = BudgetState().reserve("a", reservation(6), LIMIT).settle("a", Decimal(0))
    assert (state.reserved, state.spent) == (0, 0)


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
            state = state.settle(token, min(amount, before.open[token].amount if token in before.open else 0))
        assert state.number - before.number == (state is not before)
        assert state.spent == settled
        assert BudgetState.from_dict(json.loads(json.dumps(state.to_dict()))) == state

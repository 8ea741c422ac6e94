"""Errors that carry more than a text."""

import pickle

import pytest

from airflow_provider_phota.api.errors import PhotaBudgetExceeded


def test_what_a_budget_error_knows_reaches_another_process() -> None:
    error = PhotaBudgetExceeded("used up", "0.05", "50", "s3://bucket/budget/all/usd/2026-11", 1795996800.0)
    other = pickle.loads(pickle.dumps(error))
    assert (str(other), vars(other)) == ("used up", vars(error))


@pytest.mark.parametrize(("amount", "limit", "can_fit"), [("50", "50", True), ("50.01", "50", False)])
def test_an_order_that_costs_more_than_the_whole_budget_never_fits(
    amount: str, limit: str, *, can_fit: bool
) -> None:
    assert PhotaBudgetExceeded("used up", amount, limit).can_fit is can_fit

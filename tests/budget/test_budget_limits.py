"""What an author may write as a budget, and which window a moment belongs to."""

from __future__ import annotations

from decimal import Decimal

import pendulum
import pytest

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.budget.limits import Budget, Period, Unit


@pytest.mark.parametrize(
    ("text", "budget"),
    [
        ("50 USD / month", Budget(Decimal(50), Unit.USD, Period.MONTH)),
        (" 0.25  credits/run ", Budget(Decimal("0.25"), Unit.CREDITS, Period.RUN)),
        ("0 USD / total", Budget(Decimal(0), Unit.USD, Period.TOTAL)),
        ("999999999.999999 USD / day", Budget(Decimal("999999999.999999"), Unit.USD, Period.DAY)),
    ],
)
def test_what_is_understood(text, budget):
    assert Budget.checked(text) == budget
    assert Budget.checked(str(budget)) == budget


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("50", "like '50 USD / month', got '50'"),
        ("50 USD", "like '50 USD / month', got '50 USD'"),
        ("USD / month", "like '50 USD / month'"),
        ("50 EUR / month", "must be 'USD' or 'credits', got 'EUR'"),
        ("50 USD / year", "must be 'day', 'week', 'month', 'run' or 'total', got 'year'"),
        ("-1 USD / day", "must begin with a number of at most 9 digits and 6 decimals, got '-1'"),
        ("1e999 USD / day", "got '1e999'"),
        ("nan USD / day", "got 'nan'"),
        ("1_0 USD / day", "got '1_0'"),
        ("٣ USD / day", "must begin with a number"),
        (50, "got 50"),
        (None, "got None"),
        ("", "got ''"),
        (["50 USD / month"], "got"),
    ],
)
def test_what_is_refused_says_why(value, shown):
    with pytest.raises(PhotaInputError) as error:
        Budget.checked(value)
    assert str(error.value).startswith("budget: ")
    assert shown in str(error.value)


@pytest.mark.parametrize(
    ("period", "at", "name", "ends_at"),
    [
        ("day", "2026-12-31T23:59:59.9Z", "2026-12-31", "2027-01-01T00:00:00Z"),
        ("day", "2027-01-01T00:00:00Z", "2027-01-01", "2027-01-02T00:00:00Z"),
        ("week", "2027-01-01T12:00:00Z", "2026-W53", "2027-01-04T00:00:00Z"),
        ("month", "2026-02-28T12:00:00Z", "2026-02", "2026-03-01T00:00:00Z"),
        ("total", "2026-02-28T12:00:00Z", "total", None),
    ],
)
def test_the_window_of_a_moment(period, at, name, ends_at):
    window = Budget.checked(f"1 USD / {period}").window(pendulum.parse(at).timestamp(), "dag run")
    assert window.name == name
    assert window.ends_at == (ends_at and pendulum.parse(ends_at).timestamp())


def test_each_run_has_a_window_of_its_own():
    budget = Budget.checked("1 USD / run")
    names = {budget.window(at, run).name for at in (0.0, 1e9) for run in ("a", "b")}
    assert len(names) == 2
    assert budget.window(0.0, "a").ends_at is None

"""What the use of a key tells about a submit of unknown fate."""

from __future__ import annotations

from decimal import Decimal

import pytest

from airflow_provider_phota.api.costs import UNKNOWN_COST, Cost
from airflow_provider_phota.ledger.evidence import Evidence

COST = Cost(Decimal("0.05"))
USD = 500_000


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (
            12.3 * USD,
            12.3 * USD,
            "The key had used 12.3000 USD before, and has used 12.3000 USD now: nothing seems",
        ),
        (12.3 * USD, 12.35 * USD, "exactly the price of this order"),
        (12.3 * USD, 12.4 * USD, "others were billed meanwhile"),
        (12.3 * USD, 12.25 * USD, "something was given back meanwhile"),
    ],
)
def test_in_words(before, after, words):
    (text,) = Evidence(before, after, COST).words
    assert words in text


@pytest.mark.parametrize(("before", "after"), [(None, 1.0), (1.0, None), (None, None)])
def test_what_could_not_be_read_says_and_proves_nothing(before, after):
    evidence = Evidence(before, after, COST, is_alone=True)
    assert evidence.words == ()
    assert not evidence.proves_unbilled


def test_only_a_key_that_was_used_by_nobody_else_proves_something():
    assert Evidence(5.0, 5.0, UNKNOWN_COST, is_alone=True).proves_unbilled
    assert not Evidence(5.0, 5.0, COST).proves_unbilled
    assert not Evidence(5.0, 5.0 + 0.05 * USD, COST, is_alone=True).proves_unbilled
    assert not Evidence(5.0 + 0.05 * USD, 5.0, COST, is_alone=True).proves_unbilled

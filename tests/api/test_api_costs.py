"""What an order costs: before it is sent, by the answer to its submit, and in the end."""

from __future__ import annotations

from decimal import Decimal

import pytest

from airflow_provider_phota.api.costs import (
    NO_COST,
    UNKNOWN_COST,
    Cost,
    Quote,
    credits_in,
    exact_total,
    expected_cost,
    final_cost,
    reserved_cost,
    total_cost,
)
from airflow_provider_phota.api.orders.base import EDIT_MODEL
from airflow_provider_phota.api.orders.edit import EditOrder
from airflow_provider_phota.api.prices import PriceList
from airflow_provider_phota.api.tasks import PhotaTask, TaskStatus

PRICES = PriceList({EDIT_MODEL: Decimal("0.05")}, {"default": Decimal(1), "vip": Decimal("0.8")})
ORDER = EditOrder("p", ("https://pictures.example/lake.jpg",), num_outputs=3, resolution="4K")


def task(status: TaskStatus = TaskStatus.COMPLETED, **usage: object) -> PhotaTask:
    return PhotaTask("t-1", EDIT_MODEL, status, status.value, usage=usage)  # type: ignore[arg-type]  # hostile too


def test_before_it_is_sent_a_cost_is_an_estimate() -> None:
    assert expected_cost(ORDER, PRICES, "vip") == Cost(Decimal("0.24"))
    assert expected_cost(ORDER, PRICES, "unheard of") == Cost()
    assert expected_cost(ORDER, None, "default") == Cost()


def test_the_answer_to_the_submit_names_the_group_and_the_credits() -> None:
    answer = {"credits_reserved": 24, "user_group": "vip"}
    assert reserved_cost(ORDER, PRICES, "default", answer) == Cost(Decimal("0.24"), 24.0, is_estimate=False)
    assert reserved_cost(ORDER, PRICES, "default", {}) == Cost(Decimal("0.3"))
    assert reserved_cost(ORDER, None, "default", answer) == Cost(None, 24.0)
    assert reserved_cost(ORDER, PRICES, "default", {"user_group": "unheard of"}) == Cost()


def test_in_the_end_it_costs_what_the_service_has_used() -> None:
    cost = Cost(Decimal("0.24"), 24.0, is_estimate=False)
    assert final_cost(cost, task()) == cost
    assert final_cost(cost, task(credits_used=24)) == cost
    assert final_cost(cost, task(credits_used=12)) == Cost(Decimal("0.12"), 12.0, is_estimate=False)
    assert final_cost(Cost(Decimal("0.24")), task(credits_used=12)) == Cost(Decimal("0.24"), 12.0)
    assert final_cost(Cost(), task(credits_reserved=5)) == Cost(None, 5.0)


def test_before_the_end_what_is_used_says_nothing() -> None:
    running = task(TaskStatus.PROCESSING, credits_used=0, credits_reserved=24)
    assert final_cost(UNKNOWN_COST, running) == Cost(None, 24.0)


def test_a_quote_says_what_one_order_costs() -> None:
    quote = Quote(ORDER, PRICES, "vip")
    assert quote.expected == Cost(Decimal("0.24"))
    usage = {"credits_reserved": 24, "user_group": "default"}
    assert quote.reserved(usage) == Cost(Decimal("0.3"), 24.0, is_estimate=False)


def test_several_orders_cost_what_is_known_of_them() -> None:
    known = Cost(Decimal("0.1"), 5.0, is_estimate=False)
    assert total_cost([]) == NO_COST
    assert total_cost([known, known, NO_COST]) == Cost(Decimal("0.2"), 10.0, is_estimate=False)
    assert total_cost([known, Cost(Decimal("0.1"), 5.0)]) == Cost(Decimal("0.2"), 10.0)
    assert total_cost([known, Cost(None, 5.0, is_estimate=False)]) == Cost(Decimal("0.1"), 10.0)
    assert total_cost([UNKNOWN_COST]) == UNKNOWN_COST


def test_an_exact_total_is_known_only_if_each_part_is():
    known = Cost(Decimal("0.1"), 5.0, is_estimate=False)
    assert exact_total([]) == NO_COST
    assert exact_total([NO_COST, known]) == known
    assert exact_total([NO_COST, known, Cost(Decimal("0.1"))]) == Cost(Decimal("0.2"))
    assert exact_total([known, Cost(None, 5.0)]) == Cost(None, 10.0)


def test_a_failed_task_costs_nothing_if_the_service_says_so_and_else_that_is_not_certain() -> None:
    cost = Cost(Decimal("0.24"), 24.0, is_estimate=False)
    assert final_cost(cost, task(TaskStatus.FAILED, credits_used=0)) == Cost(
        Decimal(0), 0.0, is_estimate=False
    )
    assert final_cost(cost, task(TaskStatus.FAILED)) == Cost(Decimal("0.24"), 24.0, is_estimate=True)


def test_what_is_read_back_is_a_cost_or_an_error() -> None:
    assert Cost.from_dict(None) == UNKNOWN_COST
    for fields in ("much", [0.1]):
        with pytest.raises(TypeError):
            Cost.from_dict(fields)  # type: ignore[arg-type]  # damaged


@pytest.mark.parametrize("value", ["5", True, -1, float("inf"), float("nan"), None])
def test_credits_are_a_number_or_not_known(value: object) -> None:
    assert credits_in({"credits_used": value}, "credits_used") is None  # type: ignore[dict-item]  # hostile


@pytest.mark.parametrize(
    ("cost", "text"),
    [
        (Cost(Decimal("0.30"), 30.0, is_estimate=False), "0.3 USD, 30 credits"),
        (Cost(Decimal(20)), "20 USD (an estimate)"),
        (Cost(None, 5.5, is_estimate=False), "5.5 credits"),
        (Cost(), "not known"),
    ],
)
def test_a_cost_in_words(cost: Cost, text: str) -> None:
    assert str(cost) == text


@pytest.mark.parametrize(
    "cost", [Cost(), Cost(Decimal("0.07"), 7.0, is_estimate=False), Cost(Decimal(0), 0.0)]
)
def test_a_cost_is_written_and_read_back(cost: Cost) -> None:
    assert Cost.from_dict(cost.to_dict()) == cost


def test_a_record_without_a_cost_is_read_and_a_wrong_one_is_refused() -> None:
    assert Cost.from_dict(None) == Cost()
    with pytest.raises(ValueError, match="usd"):
        Cost.from_dict({"usd": "much"})
    with pytest.raises(ValueError, match="could not convert"):
        Cost.from_dict({"credits": "many"})


@pytest.mark.parametrize(
    "fields", [{"usd": "NaN"}, {"usd": "Infinity"}, {"credits": float("inf")}, {"credits": float("nan")}]
)
def test_an_amount_that_is_not_finite_is_not_a_cost(fields):
    with pytest.raises(ValueError, match="not a finite number"):
        Cost.from_dict(fields)

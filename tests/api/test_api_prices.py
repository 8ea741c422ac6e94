"""Prices: what is certain, and nothing else."""

from __future__ import annotations

import json

import pytest
from scripted import Service, says

from airflow_provider_phota.api import protocol
from airflow_provider_phota.api.errors import PhotaUnreachable
from airflow_provider_phota.api.orders.base import EDIT_MODEL, ENHANCE_MODEL, PROFILE_MODEL, Order
from airflow_provider_phota.api.orders.edit import EditOrder
from airflow_provider_phota.api.orders.enhance import EnhanceOrder
from airflow_provider_phota.api.orders.generate import GenerateOrder
from airflow_provider_phota.api.orders.profile import ProfileOrder
from airflow_provider_phota.api.prices import estimate
from airflow_provider_phota.api.retry import Backoff

TWICE = Backoff(tries=2, first=1.0, chance=lambda: 1.0)
PICTURE = "https://pictures.example/lake.jpg"


def model(name: str = EDIT_MODEL, price: object = 0.05, **more: object) -> dict[str, object]:
    return {"model_name": name, "quota_type": 1, "model_price": price, **more}


def priced(*models: object, ratios: object = None, group: str = "default") -> dict[str, float]:
    ratios = {"default": 1.0, "vip": 0.8} if ratios is None else ratios
    service = Service(says(200, {"data": list(models), "group_ratio": ratios}))
    prices = service.run(protocol.get_price_list()).of_group(group)
    assert [(request.method, request.path) for request in service.requests] == [("GET", "/api/pricing")]
    assert not service.requests[0].billed
    return dict(prices)


def test_a_price_is_that_of_the_model_times_that_of_the_group() -> None:
    models = model(), model(PROFILE_MODEL, 2)
    assert priced(*models) == {EDIT_MODEL: 0.05, PROFILE_MODEL: 2.0}
    assert priced(*models, group="vip") == {EDIT_MODEL: pytest.approx(0.04), PROFILE_MODEL: 1.6}
    assert priced(model(price=0)) == {EDIT_MODEL: 0.0}


@pytest.mark.parametrize(
    "other",
    [
        model("gpt-image-1"),
        model(quota_type=0),
        model(price=None),
        model(price="0.05"),
        model(price=True),
        model(price=-0.05),
        model(price=10**400),
        model(name=["phota-image-edit"]),
        {},
        "phota-image-edit",
        None,
    ],
)
def test_what_is_not_the_certain_price_of_a_phota_model_is_left_out(other: object) -> None:
    assert priced(other, model(ENHANCE_MODEL)) == {ENHANCE_MODEL: 0.05}


@pytest.mark.parametrize("ratios", [{}, {"vip": 1}, {"default": "1"}, {"default": True}, [], "1"])
def test_without_the_price_of_the_group_no_price_is_certain(ratios: object) -> None:
    assert priced(model(), ratios=ratios) == {}


def test_an_answer_without_prices_is_no_answer() -> None:
    service = Service(says(200, {"data": None}))
    with pytest.raises(PhotaUnreachable, match="HTTP 200 without a list of prices"):
        service.run(protocol.get_price_list(backoff=TWICE))
    assert len(service.requests) == 2


def test_a_list_of_a_whole_gateway_is_read() -> None:
    service = Service(says(200, {"data": [], "group_ratio": {}}))
    service.run(protocol.get_price_list())
    assert len(json.dumps([model("x" * 40)] * 10_000)) < service.requests[0].max_answer


PRICES = {EDIT_MODEL: 0.05, "phota-image": 0.03, ENHANCE_MODEL: 0.04, PROFILE_MODEL: 0.5}


@pytest.mark.parametrize(
    ("order", "usd"),
    [
        (EditOrder("p", (PICTURE,)), 0.05),
        (EditOrder("p", (PICTURE, PICTURE), num_outputs=3), 0.15),
        (EditOrder("p", (PICTURE,), num_outputs=3, resolution="4K"), 0.3),
        (GenerateOrder("p", num_outputs=2), 0.06),
        (EnhanceOrder(PICTURE), 0.08),
        (EnhanceOrder(PICTURE, resolution="1K"), 0.04),
        (ProfileOrder(PICTURE), 0.5),
    ],
)
def test_an_order_costs_a_call_for_each_picture_and_two_at_4k(order: Order, usd: float) -> None:
    assert estimate(order, PRICES) == pytest.approx(usd)


def test_without_a_price_nothing_is_estimated() -> None:
    assert estimate(EditOrder("p", (PICTURE,)), {}) is None
    assert estimate(EditOrder("p", (PICTURE,)), {EDIT_MODEL: 0.0}) == 0.0

"""Reads the list of prices, and says what an order costs by it. Source: the vendor's page of prices."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from airflow_provider_phota.api.orders.base import PHOTA_MODELS, Order
from airflow_provider_phota.api.reading import Unreadable, read_json
from airflow_provider_phota.api.wire import Response

#: The group of users whose prices are meant if nothing else is said.
DEFAULT_GROUP = "default"
#: `quota_type` of a model whose price is one for each call.
_PER_CALL = 1
#: What `4K` costs, in calls.
CALLS_FOR = {"1K": 1, "4K": 2}


@dataclass(frozen=True)
class PriceList:
    """Is what the service's list of prices says about PHOTA models.

    Attributes:
        calls: USD of one call by model, before the ratio of the group. A model whose price is not certain is
            left out.
        ratios: by which the prices of a group of users are multiplied, by the group.
    """

    calls: Mapping[str, Decimal]
    ratios: Mapping[str, Decimal]

    def of_group(self, group: str) -> Mapping[str, float]:
        """Returns what one call of each model costs a group of users, in USD; empty if not certain."""
        ratio = self.ratios.get(group)
        return {} if ratio is None else {model: float(price * ratio) for model, price in self.calls.items()}

    def usd(self, order: Order, group: str) -> Decimal | None:
        """Returns what an order costs users of a group, in USD; None if that is not certain."""
        price, ratio = self.calls.get(order.model), self.ratios.get(group)
        return None if price is None or ratio is None else price * ratio * calls_of(order)


def read_price_list(response: Response) -> PriceList:
    """Reads a 2xx answer to the question for prices.

    Raises:
        Unreadable: the answer has no list of prices.
    """
    fields = read_json(response)
    models, ratios = fields.get("data"), fields.get("group_ratio")
    if not isinstance(models, list):
        raise Unreadable(f"HTTP {response.status} without a list of prices")
    return PriceList(
        {
            model["model_name"]: price
            for model in models
            if isinstance(model, dict) and (price := _price_per_call(model)) is not None
        },
        {
            group: ratio
            for group, value in (ratios.items() if isinstance(ratios, dict) else ())
            if (ratio := _amount(value)) is not None
        },
    )


def calls_of(order: Order) -> int:
    """Returns how many calls an order is: one for each picture, or two at `4K`; one for a profile."""
    # only orders for pictures have a resolution
    return max(order.outputs, 1) * CALLS_FOR[getattr(order, "resolution", "1K")]


def estimate(order: Order, prices: Mapping[str, float]) -> float | None:
    """Returns what an order probably costs, in USD; None if the price of its model is not known.

    Args:
        order: to be paid for.
        prices: of one call, by model.
    """
    price = prices.get(order.model)
    return None if price is None else price * calls_of(order)


def _price_per_call(model: Mapping[str, Any]) -> Decimal | None:
    if model.get("model_name") not in PHOTA_MODELS or model.get("quota_type") != _PER_CALL:
        return None
    return _amount(model.get("model_price"))


def _amount(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        amount = float(value)
    except OverflowError:
        return None
    # by its text, since 0.1 is meant and not the binary fraction next to it
    return Decimal(str(amount)) if 0 <= amount < math.inf else None

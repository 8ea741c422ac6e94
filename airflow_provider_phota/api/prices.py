"""Reads the list of prices, and estimates what an order costs. Source: the vendor's page of prices."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from airflow_provider_phota.api.orders.base import PHOTA_MODELS, Order
from airflow_provider_phota.api.reading import Unreadable, read_json
from airflow_provider_phota.api.wire import Response

#: The group of users whose prices are meant if nothing else is said.
DEFAULT_GROUP = "default"
#: `quota_type` of a model whose price is one for each call.
_PER_CALL = 1
#: What `4K` costs, in calls.
_CALLS_FOR = {"1K": 1, "4K": 2}


def read_prices(response: Response, group: str = DEFAULT_GROUP) -> Mapping[str, float]:
    """Returns what one call of each PHOTA model costs, in USD.

    Args:
        response: a 2xx answer to the question for prices.
        group: of the user. The answer to a submit names it, as `usage["user_group"]`.

    Returns:
        The prices by model. A model whose price is not certain is left out.

    Raises:
        Unreadable: the answer has no list of prices.
    """
    fields = read_json(response)
    models, ratios = fields.get("data"), fields.get("group_ratio")
    if not isinstance(models, list):
        raise Unreadable(f"HTTP {response.status} without a list of prices")
    ratio = _amount(ratios.get(group)) if isinstance(ratios, dict) else None
    if ratio is None:
        return {}
    return {
        model["model_name"]: price * ratio
        for model in models
        if isinstance(model, dict) and (price := _price_per_call(model)) is not None
    }


def estimate(order: Order, prices: Mapping[str, float]) -> float | None:
    """Returns what an order probably costs, in USD; None if the price of its model is not known.

    Each picture is a call, and at `4K` it is two. A profile is one call.

    Args:
        order: to be paid for.
        prices: of one call, by model.
    """
    price = prices.get(order.model)
    if price is None:
        return None
    # only orders for pictures have a resolution
    return price * max(order.outputs, 1) * _CALLS_FOR[getattr(order, "resolution", "1K")]


def _price_per_call(model: Mapping[str, Any]) -> float | None:
    if model.get("model_name") not in PHOTA_MODELS or model.get("quota_type") != _PER_CALL:
        return None
    return _amount(model.get("model_price"))


def _amount(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        amount = float(value)
    except OverflowError:
        return None
    return amount if 0 <= amount < math.inf else None

"""Writes an item as a line of JSON, and reads it back."""

from __future__ import annotations

import json
from typing import Any

from airflow_provider_phota.api.orders.base import Order
from airflow_provider_phota.api.orders.edit import EditOrder
from airflow_provider_phota.api.orders.enhance import EnhanceOrder
from airflow_provider_phota.api.orders.generate import GenerateOrder
from airflow_provider_phota.batch.items.columns import OrderType
from airflow_provider_phota.batch.items.item import Item

#: The kinds of orders by the models that they ask for.
ORDERS: dict[str, OrderType] = {each.model: each for each in (EditOrder, GenerateOrder, EnhanceOrder)}
#: Made once, since making one takes as long as a line.
_ENCODER = json.JSONEncoder(separators=(",", ":"))


def to_line(item: Item) -> bytes:
    """Returns an item as a line. All fields of its order are in it, also those that nobody gave."""
    fields = {"number": item.number, "key": item.key, "order": vars(item.order)}
    return _ENCODER.encode(fields).encode() + b"\n"


def from_line(model: str, line: bytes) -> Item:
    """Reads an item back.

    Args:
        model: of its order.
        line: that `to_line` wrote.

    Raises:
        KeyError, TypeError, ValueError: It is not an item of that model.
    """
    fields = json.loads(line)
    make: Any = ORDERS[model]
    given = {
        name: tuple(value) if isinstance(value, list) else value for name, value in fields["order"].items()
    }
    order: Order = make(**given)
    return Item(fields["number"], fields["key"], order)

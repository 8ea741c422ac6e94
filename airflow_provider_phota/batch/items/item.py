"""Defines one item of a batch."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from airflow_provider_phota.api.orders.base import Order


@dataclass(frozen=True, slots=True)
class Item:
    """Is one order of a batch.

    Attributes:
        number: its place among all items, from 1.
        key: its name, which no other item of the batch has.
        order: with its files as the user named them.
    """

    number: int
    key: str
    order: Order

    def id(self, edition: str = "") -> str:
        """Returns the name of the item in the journal: with other arguments, it is another item.

        Args:
            edition: text that makes an otherwise identical order another one.
        """
        parts = (self.key.encode(), self.order.body(), edition.encode())
        return hashlib.sha256(b"\0".join(parts)).hexdigest()[:24]

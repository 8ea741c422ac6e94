"""Says what an order costs: by the list of prices, and by what the service says about its credits."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from airflow_provider_phota.api.orders.base import Order
from airflow_provider_phota.api.prices import PriceList
from airflow_provider_phota.api.tasks import Outcome, PhotaTask
from airflow_provider_phota.api.types import PhotaCost

Usage = Mapping[str, str | int | float]


@dataclass(frozen=True, slots=True)
class Cost:
    """Is what an order costs.

    Attributes:
        usd: by the list of prices; None if that did not tell.
        credits: what the service has reserved or used; None if it did not say.
        is_estimate: True until the service has said which group's prices hold, and once more if it ends the
            task as failed without a word about the credits: it may have given them back.
    """

    usd: Decimal | None = None
    credits: float | None = None
    is_estimate: bool = True

    def to_dict(self) -> PhotaCost:
        """Returns the cost as plain data, for XCom, manifests and records."""
        usd = None if self.usd is None else float(self.usd)
        return {"usd": usd, "credits": self.credits, "is_estimate": self.is_estimate}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any] | None) -> Cost:
        """Reads a cost back. What an older version has written has none: nothing is known then.

        Raises:
            TypeError, ValueError: It is not a cost.
        """
        if fields is None:
            return cls()
        if not isinstance(fields, Mapping):
            raise TypeError("a cost has fields")
        usd, credits_ = fields.get("usd"), fields.get("credits")
        try:
            cost = cls(
                None if usd is None else Decimal(str(usd)),
                None if credits_ is None else float(credits_),
                bool(fields.get("is_estimate", True)),
            )
        except InvalidOperation:
            raise ValueError("usd is not a number") from None
        if not all(math.isfinite(amount) for amount in (cost.usd or 0, cost.credits or 0)):
            raise ValueError("an amount is not a finite number")
        return cost

    def __str__(self) -> str:
        usd = "" if self.usd is None else f"{self.usd.normalize():f} USD"
        reserved = "" if self.credits is None else f"{self.credits:g} credits"
        known = ", ".join(filter(None, (usd, reserved)))
        return f"{known}{' (an estimate)' if self.is_estimate else ''}" if known else "not known"


#: What an order costs of which nothing is known yet, and what costs nothing.
UNKNOWN_COST, NO_COST = Cost(), Cost(Decimal(0), 0.0, is_estimate=False)


@dataclass(frozen=True, slots=True)
class Quote:
    """Says what one order costs, by the list of prices that holds when it is sent.

    Attributes:
        prices: None if they could not be read.
        group: of the user, until the service names it.
    """

    order: Order
    prices: PriceList | None
    group: str

    @property
    def expected(self) -> Cost:
        """What the order probably costs, before it is sent."""
        return expected_cost(self.order, self.prices, self.group)

    def reserved(self, usage: Usage) -> Cost:
        """Returns what the order costs, by the answer to its submit."""
        return reserved_cost(self.order, self.prices, self.group, usage)


def expected_cost(order: Order, prices: PriceList | None, group: str) -> Cost:
    """Returns what an order probably costs, before it is sent.

    Args:
        order: to be paid for.
        prices: None if they could not be read.
        group: of the user, as the connection names it.
    """
    return Cost(prices.usd(order, group) if prices else None)


def reserved_cost(order: Order, prices: PriceList | None, group: str, usage: Usage) -> Cost:
    """Returns what an order costs, by the answer to its submit.

    Args:
        order: that is paid for.
        prices: that held when it was sent; None if they could not be read.
        group: of the user, if the answer does not name it.
        usage: of the answer.
    """
    named = usage.get("user_group")
    usd = prices.usd(order, str(named or group)) if prices else None
    return Cost(usd, credits_in(usage, "credits_reserved"), is_estimate=usd is None or not named)


def final_cost(cost: Cost, task: PhotaTask) -> Cost:
    """Returns what a task has cost in the end, or what is known of that so far.

    Args:
        cost: by the answer to its submit; `UNKNOWN_COST` if nobody here has sent it.
        task: as the service showed it last.
    """
    used = credits_in(task.usage, "credits_used") if task.status.is_terminal else None
    reserved = cost.credits
    if reserved is None:
        reserved = credits_in(task.usage, "credits_reserved")
    if used is None:
        failed = task.outcome is Outcome.FAILED
        return replace(cost, credits=reserved, is_estimate=cost.is_estimate or failed)
    if used == 0:
        return NO_COST
    if cost.usd is None or not reserved or used == reserved:
        return replace(cost, credits=used)
    return replace(cost, usd=cost.usd * Decimal(str(used)) / Decimal(str(reserved)), credits=used)


def total_cost(costs: Iterable[Cost]) -> Cost:
    """Returns what several orders cost together, as far as that is known.

    It is an estimate if one of them is, or if the cost in USD of one is not known.
    """
    if not (all_costs := list(costs)):
        return NO_COST
    usd = [cost.usd for cost in all_costs if cost.usd is not None]
    credits_ = [cost.credits for cost in all_costs if cost.credits is not None]
    return Cost(
        sum(usd, Decimal(0)) if usd else None,
        math.fsum(credits_) if credits_ else None,
        is_estimate=len(usd) < len(all_costs) or any(cost.is_estimate for cost in all_costs),
    )


def exact_total(costs: Iterable[Cost]) -> Cost:
    """Returns what several orders cost together; an amount is known only if it is known of each of them."""
    total = total_cost(all_costs := list(costs))
    return replace(
        total,
        usd=None if any(cost.usd is None for cost in all_costs) else total.usd,
        credits=None if any(cost.credits is None for cost in all_costs) else total.credits,
    )


def credits_in(usage: Usage, name: str) -> float | None:
    """Returns credits that the service has named; None if it did not say."""
    value = usage.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
        return None
    return float(value)

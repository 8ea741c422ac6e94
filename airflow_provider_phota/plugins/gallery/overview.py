"""Adds up what the orders of many DAGs have cost, and names those that need a person. It does no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from airflow_provider_phota import xcom_keys
from airflow_provider_phota.api.costs import Cost
from airflow_provider_phota.ledger.records import InstanceName
from airflow_provider_phota.plugins.gallery.instances import Instance, Pushed
from airflow_provider_phota.plugins.gallery.orders import (
    Standing,
    phota_task_id_of,
    problem_of,
    result_of,
    standing_of,
    submitted_at,
)
from airflow_provider_phota.plugins.gallery.tiles import short_name
from airflow_provider_phota.results.gallery_urls import task_url
from airflow_provider_phota.texts import duration, visible

#: For how long the service keeps results after a task has ended.
RESULTS_LIVE = timedelta(hours=24)
#: Errors after which there is nothing to fetch.
_WITHOUT_RESULTS = frozenset({"PhotaTaskFailed", "PhotaInputRefused", "PhotaResultsExpired"})


@dataclass(frozen=True)
class Spending:
    """Is what was spent on one day, or by one DAG.

    Attributes:
        name: the day or the DAG.
        orders: how many task instances have said what they cost.
        usd: what they cost, as far as that is known.
        credits: the same in credits.
    """

    name: str
    orders: int
    usd: Decimal
    credits: float

    @property
    def amount(self) -> str:
        return f"{self.usd:.2f} USD" if self.usd else f"{self.credits:g} credits"


@dataclass(frozen=True)
class Pending:
    """Is an order that needs a person.

    Attributes:
        name: of its task instance.
        link: the page that shows it.
        why: what is the matter.
        command: what settles it.
    """

    name: str
    link: str
    why: str
    command: str


def spending_by_day(costs: Sequence[tuple[InstanceName, Pushed]]) -> list[Spending]:
    """Adds up costs by the day (UTC) on which they became known, the latest day first."""
    return sorted(
        _added(((pushed.at.date(), pushed) for _, pushed in costs)), key=lambda row: row.name, reverse=True
    )


def spending_by_dag(costs: Sequence[tuple[InstanceName, Pushed]]) -> list[Spending]:
    """Adds up costs by DAG, the most expensive one first."""
    rows = _added((visible(name.dag_id), pushed) for name, pushed in costs)
    return sorted(rows, key=lambda row: (-row.usd, -row.credits, row.name))


def held_orders(instances: Iterable[Instance]) -> list[Pending]:
    """Names the orders that may have been paid for, with the command that settles each."""
    return [
        _pending(instance, "It may have been billed, and its PHOTA task is not known.", _adopt(instance))
        for instance in instances
        if standing_of(instance) is Standing.HELD
    ]


def expiring_orders(instances: Sequence[Instance], now: datetime) -> list[Pending]:
    """Names paid orders whose results are on the service alone, and for how long."""
    landed = {phota_task_id_of(instance) for instance in instances if _is_settled(instance)}
    pending = []
    for instance in instances:
        phota_task_id, at = phota_task_id_of(instance), submitted_at(instance)
        if not phota_task_id or phota_task_id in landed or at is None or not standing_of(instance).is_over:
            continue
        if (left := RESULTS_LIVE - (now - _aware(at))) < timedelta():
            continue
        landed.add(phota_task_id)
        why = f"Its pictures have not landed, and may be gone in {duration(left.total_seconds())}."
        pending.append(_pending(instance, why, f"airflow phota land {phota_task_id} DESTINATION"))
    return pending


def _is_settled(instance: Instance) -> bool:
    """True if the pictures of an order are at home, or if there are none to be fetched."""
    problem = problem_of(instance)
    return bool(
        instance.value(xcom_keys.CARD)
        or result_of(instance).paths
        or (problem and problem.error in _WITHOUT_RESULTS)
    )


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _pending(instance: Instance, why: str, command: str) -> Pending:
    name = instance.name
    return Pending(
        visible(f"{name.dag_id} · {name.run_id} · {short_name(name)}"), task_url(name), why, command
    )


def _adopt(instance: Instance) -> str:
    name = instance.name
    index = f" {name.map_index}" if name.map_index >= 0 else ""
    return f"airflow phota adopt {name.dag_id} {name.run_id} {name.task_id}{index} PHOTA_ID"


def _added(costs: Iterable[tuple[object, Pushed]]) -> list[Spending]:
    sums: dict[str, Spending] = {}
    for key, pushed in costs:
        name = key.isoformat() if isinstance(key, date) else str(key)
        before = sums.get(name, Spending(name, 0, Decimal(0), 0.0))
        cost = _cost(pushed.value)
        sums[name] = Spending(
            name,
            before.orders + 1,
            before.usd + (cost.usd or Decimal(0)),
            before.credits + (cost.credits or 0.0),
        )
    return list(sums.values())


def _cost(fields: object) -> Cost:
    try:
        return Cost.from_dict(fields if isinstance(fields, Mapping) else None)
    except (TypeError, ValueError):  # somebody else has pushed it
        return Cost()

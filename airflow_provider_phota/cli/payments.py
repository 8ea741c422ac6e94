"""Makes one list of what ledgers, journals and Airflow itself know about payments: each of them once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from airflow_provider_phota.api.costs import UNKNOWN_COST, Cost
from airflow_provider_phota.journal.overview import BatchView
from airflow_provider_phota.journal.sendings import Sending
from airflow_provider_phota.ledger.overview import Owned
from airflow_provider_phota.ledger.records import InstanceName


@dataclass(frozen=True)
class Owner:
    """Names the task instance that has paid.

    Attributes:
        item: of a mapped task or of a batch; empty if there is only one.
    """

    dag_id: str
    run_id: str
    task_id: str
    item: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, (f"{self.dag_id}.{self.task_id}", self.run_id, self.item)))


#: Of a record that an older version has written: it does not say whose it is.
UNKNOWN_OWNER = Owner("(not known)", "", "")


@dataclass(frozen=True)
class Payment:
    """Is one submit that was paid for, or may have been.

    Attributes:
        phota_task_id: None if it is not known whether there is a task.
        sent_at: epoch seconds; 0 if that is not known.
        deadline: epoch seconds until which its sender may still be at work.
        is_final: True if the record says how the task has ended.
        key: the same for the same submit, wherever it is recorded.
    """

    phota_task_id: str | None
    model: str
    cost: Cost
    sent_at: float
    deadline: float
    owner: Owner
    key: str
    is_final: bool = False

    def to_dict(self) -> dict[str, Any]:
        return {
            "dag_id": self.owner.dag_id,
            "run_id": self.owner.run_id,
            "task_id": self.owner.task_id,
            "item": self.owner.item,
            "phota_task_id": self.phota_task_id,
            "model": self.model,
            "cost": self.cost.to_dict(),
            "sent_at": self.sent.isoformat() if self.sent else None,
        }

    @property
    def sent(self) -> datetime | None:
        return datetime.fromtimestamp(self.sent_at, UTC) if self.sent_at else None


def once(payments: Iterable[Payment]) -> list[Payment]:
    """Returns each payment once, the oldest first.

    A submit whose task is known in one place is not doubtful because another place has its intent alone.
    """
    payments = list(payments)
    paid: dict[str, Payment] = {}
    for each in payments:
        if each.phota_task_id:
            known = paid.get(each.phota_task_id)
            paid[each.phota_task_id] = _better(known, each) if known else each
    settled = {each.key for each in payments if each.phota_task_id}
    doubtful = {each.key: each for each in payments if not each.phota_task_id and each.key not in settled}
    return sorted([*paid.values(), *doubtful.values()], key=lambda each: each.sent_at)


def _better(one: Payment, other: Payment) -> Payment:
    """Returns the payment of which more is known."""
    return max(
        one, other, key=lambda each: (each.is_final, each.cost != UNKNOWN_COST, each.owner != UNKNOWN_OWNER)
    )


def of_entries(owned: Iterable[Owned]) -> Iterator[Payment]:
    """Yields the payments of a ledger."""
    owned = list(owned)
    adopted = _adopted(owned)
    for each in owned:
        entry = each.entry
        if entry.phota_task_id or entry.generation >= adopted.get((entry.fingerprint, each.instance), 0):
            yield Payment(
                entry.phota_task_id,
                entry.model,
                entry.cost,
                entry.sent_at,
                entry.send_deadline,
                _owner(each),
                f"{entry.fingerprint} {entry.generation} {entry.token or _owner(each)}",
            )


def _adopted(owned: Iterable[Owned]) -> dict[tuple[str, InstanceName | None], int]:
    """Returns the last generation of each order whose task a person has found and adopted.

    Nothing was sent for it: it is the task of an intent before it.
    """
    found: dict[tuple[str, InstanceName | None], int] = {}
    for each in owned:
        if each.entry.phota_task_id and each.entry.seconds_to_send == 0:
            key = each.entry.fingerprint, each.instance
            found[key] = max(each.entry.generation, found.get(key, 0))
    return found


def _owner(owned: Owned) -> Owner:
    name = owned.instance
    if name is None:
        return UNKNOWN_OWNER
    index = f"[{name.map_index}]" if name.map_index >= 0 else ""
    iteration = "" if name.iteration is None else f"iteration {name.iteration}"
    return Owner(
        name.dag_id, name.run_id, name.task_id, " ".join(filter(None, (name.key or index, iteration)))
    )


def of_batch(batch: BatchView) -> Iterator[Payment]:
    """Yields the payments of a batch."""
    of = batch.owner
    for item, history in batch.histories.items():
        owner = Owner(of.dag_id, of.run_id, of.task_id, batch.keys.get(item, item))
        yield from (_of_sending(sending, owner, batch) for sending in history.payments())


def _of_sending(sending: Sending, owner: Owner, batch: BatchView) -> Payment:
    sent_at = sending.sent_at or 0.0
    return Payment(
        sending.phota_task_id,
        sending.model,
        batch.costs.get(sending.phota_task_id or "", sending.cost),
        sent_at,
        sent_at + sending.seconds,
        owner,
        f"{owner.item} {sending.generation} {sending.token}",
        is_final=sending.phota_task_id in batch.settled,
    )

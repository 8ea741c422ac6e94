"""Decides by ledgers and journals what became of money that is reserved in a budget."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache, partial
from typing import TypeAlias

from airflow_provider_phota.api.costs import NO_COST, Cost
from airflow_provider_phota.api.errors import PhotaLedgerError
from airflow_provider_phota.batch.accounts import Account, accounts_of
from airflow_provider_phota.batch.spending import at_of, held_of, told_apart
from airflow_provider_phota.budget.limits import Unit
from airflow_provider_phota.budget.owners import owner_name
from airflow_provider_phota.budget.state import Reservation, payment_of
from airflow_provider_phota.cli.instances import is_over
from airflow_provider_phota.journal.leases import BatchOwner, owner_of
from airflow_provider_phota.journal.segments import events_in
from airflow_provider_phota.ledger.overview import Owned
from airflow_provider_phota.ledger.records import Entry, InstanceName
from airflow_provider_phota.storage.paths import Place

#: Seconds for which an order may be on its way to its intent, and a process may go on without its Airflow.
_UNDER_WAY = 900.0
AMBIGUOUS = "it is not known whether the order was billed"
UNDER_WAY = "the Airflow task may still be at work: it is not over, or not for 15 minutes yet"
UNREAD = "not all ledgers and journals could be read"
UNKNOWN = "no ledger or journal that was read knows the Airflow task"


@dataclass(frozen=True)
class Settled:
    """Says what a reservation has cost.

    Attributes:
        keep: what stays reserved of it, by tokens of its own.
        runs_from: when its task was paid for, if it may be running.
    """

    token: str
    cost: Cost
    keep: Mapping[str, Cost] = field(default_factory=dict)
    runs_from: float | None = None

    def amounts(self, unit: Unit, rate: float | None) -> tuple[Decimal | None, dict[str, Reservation]]:
        """Returns the same in the unit of a budget."""
        kept = {
            token: Reservation(unit.amount(cost, rate) or Decimal(0), at_of(token))
            for token, cost in self.keep.items()
        }
        return unit.amount(self.cost, rate), kept


@dataclass(frozen=True)
class Kept:
    """Says why a reservation stays."""

    token: str
    why: str


Verdict: TypeAlias = Settled | Kept


class Verdicts:
    """Knows what ledgers and journals say about payments.

    Args:
        owned: the entries of ledgers.
        ledger: where a ledger is in object storage, if there is one.
        journals: the folders of journals.
        is_whole: False if something could not be read: then what is not on record may have been sent.
    """

    def __init__(
        self,
        owned: Iterable[Owned],
        ledger: Place | None,
        journals: Iterable[Place],
        *,
        is_whole: bool = True,
    ) -> None:
        self._is_whole = is_whole
        self._ledger = ledger
        self._instances: dict[str, InstanceName] = {}
        self._entries: dict[str, Entry] = {}
        for each in owned:
            if each.instance:
                self._add(each.instance, each.entry)
        self._journals = {owner_name(_name_of(owner_of(folder)), folder): folder for folder in journals}
        self._is_over = cache(is_over)

    def paid(self, payment: str) -> Entry | None:
        """Returns the entry of a payment; None if no ledger knows its task."""
        entry = self._entries.get(payment)
        return entry if entry and entry.phota_task_id else None

    def of(self, reserved: Mapping[str, Reservation], now: float) -> Iterator[Verdict]:
        """Yields what became of each reservation.

        Args:
            reserved: by tokens.
            now: epoch seconds.
        """
        of_batches: dict[str, list[str]] = {}
        for token, reservation in reserved.items():
            owner = token.partition("-")[0]
            if owner in self._journals:
                of_batches.setdefault(owner, []).append(token)
            else:
                yield self._of_order(token, owner, now - reservation.at)
        for owner, tokens in of_batches.items():
            yield from self._of_batch(self._journals[owner], f"{owner}-", tokens)

    def _add(self, instance: InstanceName, entry: Entry) -> None:
        # it is not told which entries Airflow itself has kept
        for owner in {owner_name(instance, self._ledger), owner_name(instance, None)}:
            self._instances[owner] = instance
            payment = f"{owner}-{entry.fingerprint[:8]}-{entry.generation}"
            known = self._entries.get(payment)
            if known is None or known.phota_task_id is None:
                self._entries[payment] = entry

    def _of_order(self, token: str, owner: str, age: float) -> Verdict:
        entry, instance = self._entries.get(payment_of(token)), self._instances.get(owner)
        if entry and entry.phota_task_id:
            return Settled(payment_of(token), entry.cost, runs_from=entry.sent_at)
        if entry:
            return Kept(token, AMBIGUOUS)
        if instance is None:
            return Kept(token, UNKNOWN)
        if age < _UNDER_WAY or not self._is_over(instance, _UNDER_WAY):
            return Kept(token, UNDER_WAY)
        return Settled(token, NO_COST) if self._is_whole else Kept(token, UNREAD)

    def _of_batch(self, folder: Place, prefix: str, tokens: Collection[str]) -> Iterator[Verdict]:
        if not self._is_over(_name_of(owner_of(folder)), _UNDER_WAY):
            yield from (Kept(token, UNDER_WAY) for token in tokens)
            return
        sendings, blocks = told_apart(tokens)
        try:
            accounts = accounts_of(partial(events_in, folder), blocks, sendings)
        except PhotaLedgerError:
            yield from (Kept(token, UNREAD) for token in tokens)
            return
        for name, token in sendings.items():
            account = accounts.get(name, Account(open={name: NO_COST})).closed()
            yield Kept(token, AMBIGUOUS) if account.open else Settled(token, account.spent)
        for block in blocks:
            account = accounts.get(block, Account()).closed()
            yield Settled(block, account.spent, held_of(prefix, block, account))


def _name_of(owner: BatchOwner) -> InstanceName:
    return InstanceName(owner.dag_id, owner.run_id, owner.task_id, owner.map_index, key=owner.key)

"""Finds out from the journal what became of the money that was reserved for orders. It does no I/O."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from airflow_provider_phota.api.costs import NO_COST, Cost, total_cost
from airflow_provider_phota.journal.events import Doubtful, Ended, Event, Intent, Paid, TakenBack
from airflow_provider_phota.journal.rows import Status


@dataclass
class Account:
    """Says what became of the money of one block.

    Attributes:
        spent: what its orders have cost that have ended.
        open: what its orders cost that have not, or of which it is not known, by their sendings.
    """

    spent: Cost = NO_COST
    open: dict[str, Cost] = field(default_factory=dict)


@dataclass
class _Sending:
    block: str
    cost: Cost
    phota_task_id: str | None = None
    is_taken_back: bool = False


def accounts_of(events: Callable[[], Iterable[Event]], blocks: Collection[str]) -> dict[str, Account]:
    """Returns what became of the money of blocks, by their tokens.

    Args:
        events: returns all events of the journal. They are read twice, so that their order does not matter.
        blocks: the tokens.
    """
    sent = {
        event.token: _Sending(event.block, event.cost)
        for event in events()
        if isinstance(event, Intent) and event.block in blocks
    }
    ended: dict[str, Cost] = {}
    for event in events():
        if isinstance(event, (TakenBack, Paid, Doubtful)) and (sending := sent.get(event.token)):
            if isinstance(event, TakenBack):
                sending.is_taken_back = True
            elif isinstance(event, Paid):
                sending.phota_task_id, sending.cost = event.phota_task_id, event.cost
        elif isinstance(event, Ended) and event.row.phota_task_id and not _may_go_on(event):
            ended[event.row.phota_task_id] = event.row.cost
    return _accounts(sent, ended)


def _may_go_on(event: Ended) -> bool:
    return event.row.can_retry or event.row.status is Status.AMBIGUOUS or event.row.same_as is not None


def _accounts(sent: dict[str, _Sending], ended: dict[str, Cost]) -> dict[str, Account]:
    accounts: dict[str, Account] = {}
    for name, sending in sent.items():
        account = accounts.setdefault(sending.block, Account())
        if sending.phota_task_id in ended:
            final = ended[sending.phota_task_id or ""]
            known = final if final.usd is not None else sending.cost
            account.spent = total_cost((account.spent, known))
        elif sending.phota_task_id or not sending.is_taken_back:
            account.open[name] = sending.cost
    return accounts

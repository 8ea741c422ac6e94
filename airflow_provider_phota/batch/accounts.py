"""Finds out from the journal what became of the money that was reserved for orders. It does no I/O."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from airflow_provider_phota.api.costs import NO_COST, Cost, exact_total
from airflow_provider_phota.journal.events import Ended, Event, Intent, Paid, Reopened, TakenBack
from airflow_provider_phota.journal.rows import Status

#: Characters of a sending's name in the token of its money.
SENDING = 12


@dataclass
class Account:
    """Says what became of the money of one block.

    Attributes:
        spent: what its orders have cost that have ended.
        open: what its orders cost that have not, or of which it is not known, by their sendings.
        paid: which of those are paid for.
    """

    spent: Cost = NO_COST
    open: dict[str, Cost] = field(default_factory=dict)
    paid: set[str] = field(default_factory=set)

    def closed(self) -> Account:
        """Returns the account once no attempt goes on: what is paid for has cost its price."""
        paid = [self.open[name] for name in self.paid]
        unclear = {name: cost for name, cost in self.open.items() if name not in self.paid}
        return Account(exact_total([self.spent, *paid]), unclear)


@dataclass
class _Sending:
    account: str
    item: str
    generation: int
    cost: Cost
    phota_task_id: str | None = None
    is_taken_back: bool = False


def accounts_of(
    events: Callable[[], Iterable[Event]], blocks: Collection[str], sendings: Collection[str] = ()
) -> dict[str, Account]:
    """Returns what became of the money of blocks and of single sendings, by their tokens and their names.

    Args:
        events: returns all events of the journal. They are read twice, so that their order does not matter.
        blocks: the tokens.
        sendings: how the tokens of sendings begin.
    """
    sent = {
        event.token: _Sending(account, event.item, event.generation, event.cost)
        for event in events()
        if isinstance(event, Intent) and (account := _account_of(event, blocks, sendings))
    }
    ended: dict[str, Cost] = {}
    adopted: dict[str, Paid] = {}
    replaced: dict[str, int] = {}
    for event in events():
        if isinstance(event, Paid) and event.adopted:
            adopted[event.item] = event
        elif isinstance(event, Ended) and event.row.phota_task_id and not _may_go_on(event):
            ended[event.row.phota_task_id] = event.row.cost
        elif isinstance(event, Reopened):
            replaced[event.item] = max(event.generation, replaced.get(event.item, 0))
        elif isinstance(event, (TakenBack, Paid)) and (sending := sent.get(event.token)):
            sending.is_taken_back |= isinstance(event, TakenBack)
            if isinstance(event, Paid):
                sending.phota_task_id, sending.cost = event.phota_task_id, event.cost
    _take_in_adopted(sent, adopted)
    for sending in sent.values():
        if sending.generation > replaced.get(sending.item, 0):
            continue
        if sending.phota_task_id:
            ended.setdefault(sending.phota_task_id, sending.cost)  # nobody waits for it any more
        else:
            sending.is_taken_back = True  # a person has found no task of it
    return _accounts(sent, ended)


def _account_of(intent: Intent, blocks: Collection[str], sendings: Collection[str]) -> str:
    if intent.block in blocks:
        return intent.block
    return name if (name := intent.token[:SENDING]) in sendings else ""


def _may_go_on(event: Ended) -> bool:
    return event.row.can_retry or event.row.status is Status.AMBIGUOUS or event.row.same_as is not None


def _take_in_adopted(sent: dict[str, _Sending], adopted: dict[str, Paid]) -> None:
    """Lets a task that a person has found be that of the submit that was lost."""
    for sending in sent.values():
        paid = adopted.get(sending.item)
        if paid and not (sending.phota_task_id or sending.is_taken_back):
            sending.phota_task_id = paid.phota_task_id
            del adopted[paid.item]  # of several that were lost, it is one


def _accounts(sent: dict[str, _Sending], ended: dict[str, Cost]) -> dict[str, Account]:
    accounts: dict[str, Account] = {}
    for name, sending in sent.items():
        account = accounts.setdefault(sending.account, Account())
        if sending.phota_task_id in ended:
            final = ended[sending.phota_task_id or ""]
            known = final if final.usd is not None else sending.cost
            account.spent = exact_total((account.spent, known))
        elif sending.phota_task_id or not sending.is_taken_back:
            account.open[name] = sending.cost
            if sending.phota_task_id:
                account.paid.add(name)
    return accounts

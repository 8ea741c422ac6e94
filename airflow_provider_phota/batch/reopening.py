"""Opens items again that had ended: to pay for them once more, or since their PHOTA task was found."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar
from uuid import uuid4

from airflow_provider_phota.api.costs import UNKNOWN_COST, credits_in, final_cost
from airflow_provider_phota.api.errors import PhotaInputError, PhotaNotFound
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.api.tasks import PhotaTask
from airflow_provider_phota.batch.items.item import Item
from airflow_provider_phota.batch.items.plan import Plan
from airflow_provider_phota.batch.options import Redo
from airflow_provider_phota.journal.events import Paid, Reopened
from airflow_provider_phota.journal.history import ItemState, Phase
from airflow_provider_phota.journal.leases import first_lease_since_clear
from airflow_provider_phota.journal.rows import Status
from airflow_provider_phota.journal.writer import Journal

T = TypeVar("T")

log = logging.getLogger(__name__)

#: What `redo="failed"` pays for once more. An order of unknown fate has to be named by its key.
FAILED = frozenset({Status.FAILED, Status.REFUSED, Status.EXPIRED})
#: Airflow ends a running task that is cleared, and goes on with it as after a failure. A clear raises
#: `max_tries`, unless the author has lowered `retries` as well.
_NO_CLEAR = (
    "To clear it while it runs does not count, and may not if its retries were lowered as well. "
    "Clear it once more, when it has ended."
)


async def adopt_tasks(
    journal: Journal, plan: Plan, adopt: Mapping[str, str], ask: Callable[[str], PhotaTask]
) -> None:
    """Notes PHOTA tasks that a person has found as the paid tasks of their items.

    Args:
        journal: of the batch.
        plan: of its items.
        adopt: the IDs of the tasks, by the keys of the items.
        ask: asks the service about a task, which is free.

    Raises:
        PhotaInputError: No item has such a key, or the task is not known, or another item's.
        PhotaNotBilled: The service could not be asked.
    """
    items = await _named(journal, plan, frozenset(adopt), "adopt")
    new = {key: item.id(plan.edition) for key, item in items.items() if _is_new(journal, plan, item, adopt)}
    if not new:
        return
    await _check_payers(journal, plan, {adopt[key]: key for key in new}, set(new.values()))
    for key, item_id in new.items():
        task = await asyncio.to_thread(_known_task, key, adopt[key], ask)
        await _adopt(journal, item_id, task)
        log.info("Going on with PHOTA task %s for %s by adopt; nothing is sent.", adopt[key], shown(key))


def _is_new(journal: Journal, plan: Plan, item: Item, adopt: Mapping[str, str]) -> bool:
    state = journal.state.item(item.id(plan.edition))
    if state is None:
        return True
    if adopt[item.key] in {state.phota_task_id, *state.besides}:
        return False
    is_landed = state.status is not None and state.status.is_success
    if is_landed and not (state.sending and state.sending.is_adopted):
        log.warning("adopt: %s has landed already, so its task is not replaced.", shown(item.key))
        return False
    return True


async def _check_payers(journal: Journal, plan: Plan, tasks: Mapping[str, str], own: set[str]) -> None:
    if not (payers := journal.state.payers_of(tasks)):
        return
    keys = await _read(journal, lambda: {item.id(plan.edition): item.key for item in plan.items()})
    for phota_task_id, item_id in payers.items():
        if item_id in keys and item_id not in own:
            raise PhotaInputError(
                "adopt",
                f"names {phota_task_id} for {shown(tasks[phota_task_id])}, but that PHOTA task was paid for "
                f"{shown(keys[item_id])} of this batch.",
            )


def _known_task(key: str, phota_task_id: str, ask: Callable[[str], PhotaTask]) -> PhotaTask:
    try:
        return ask(phota_task_id)
    except PhotaNotFound:
        raise PhotaInputError(
            "adopt",
            f"names {phota_task_id} for {shown(key)}, but the service knows no such PHOTA task. Is the ID "
            "mistyped, or was it paid for with another key?",
        ) from None


async def _adopt(journal: Journal, item_id: str, task: PhotaTask) -> None:
    state = journal.state.item(item_id)
    generation = max(state.generation, 1) if state else 1
    if state and state.end and state.end.status.is_success:  # by a task that was adopted by mistake
        await journal.append(Reopened(item_id, generation))
        generation += 1
    paid = Paid(
        item_id,
        generation,
        uuid4().hex,
        task.id,
        at=time.time(),
        credits=credits_in(task.usage, "credits_reserved"),
        adopted=True,
        model=task.model,
        cost=final_cost(UNKNOWN_COST, task),
    )
    await journal.append(paid)


async def reopen_items(journal: Journal, plan: Plan, redo: Redo, *, begins: bool) -> set[str]:
    """Opens items again that the user pays for once more: once, and not again in each of Airflow's retries.

    A retry opens what the attempt before it could not open any more, and nothing that has ended since.

    Args:
        journal: of the batch.
        plan: of its items.
        redo: says which items.
        begins: True if this is the beginning of an attempt. After a pause nothing is opened again.

    Returns:
        The IDs of items that are not opened again yet, since what was paid for may still come home.

    Raises:
        PhotaInputError: No item has such a key.
        PhotaLedgerError: The journal cannot be read or written.
    """
    if not (redo.failed or (begins and redo.keys)):
        return set()
    named = {item.id(plan.edition) for item in (await _named(journal, plan, redo.keys, "redo")).values()}
    since = await _read(journal, partial(first_lease_since_clear, journal.lease))
    first_home = await _read(journal, partial(_to_bring_home, journal, plan, since)) if redo.failed else set()
    if begins:
        reopened = await _read(journal, partial(_to_reopen, journal, plan, redo, named, since))
        await _reopen(journal, reopened)
        if first_home:
            log.info("redo: %s are brought home first; what is broken is then paid for.", len(first_home))
        if not (reopened or first_home):
            log.info("What has ended since this Airflow task was last cleared is left. %s", _NO_CLEAR)
    return first_home


def is_paid_again(state: ItemState) -> bool:
    """Returns True if `redo="failed"` pays for an item, and does not try to bring it home first."""
    return state.status in FAILED and not state.can_retry


async def _reopen(journal: Journal, states: Sequence[ItemState]) -> None:
    await asyncio.gather(*(journal.append(Reopened(each.item, each.generation)) for each in states))
    log.info("redo: %s items are paid for once more.", len(states))


def _to_bring_home(journal: Journal, plan: Plan, since: int) -> set[str]:
    """Returns the items that have failed, and may land in another attempt."""
    states = (journal.state.item(item.id(plan.edition)) for item in plan.items())
    return {
        state.item
        for state in states
        if state
        and state.end
        and state.status in FAILED
        and state.can_retry
        and state.end.position[0] < since
    }


def _to_reopen(journal: Journal, plan: Plan, redo: Redo, named: set[str], since: int) -> list[ItemState]:
    states = []
    for item in plan.items():
        item_id = item.id(plan.edition)
        state = journal.state.item(item_id)
        if state is None:
            continue
        is_meant = item_id in named or (redo.failed and is_paid_again(state))
        if is_meant and _may_reopen(journal, state, item.key, since):
            states.append(state)
    return states


def _may_reopen(journal: Journal, state: ItemState, key: str, since: int) -> bool:
    """Returns True if an item has ended before the user has asked, or if it is not known how it has."""
    if state.end is not None:
        return state.end.position[0] < since
    if state.phase is Phase.PAID:
        log.warning("redo: %s is paid for and not landed yet. It is brought home instead.", shown(key))
        return False
    if journal.seconds_left(state) > 0:
        log.warning("redo: %s may be on its way still. It is not paid for once more yet.", shown(key))
        return False
    return any(each.lease < since for each in state.unresolved)


async def _read(journal: Journal, call: Callable[[], T]) -> T:
    """Runs what reads the plan, or all leases."""
    return await journal.patience.call(call, "read", reads_all=True)


async def _named(journal: Journal, plan: Plan, keys: frozenset[str], argument: str) -> dict[str, Item]:
    if not keys:
        return {}
    return _all(keys, await _read(journal, partial(_found, plan, keys)), argument)


def named_items(plan: Plan, keys: frozenset[str], argument: str) -> dict[str, Item]:
    """Returns the items that a user has named, by their keys.

    Args:
        plan: of the batch.
        keys: of the items.
        argument: that names them, for the error.

    Raises:
        PhotaInputError: No item has such a key.
    """
    return _all(keys, _found(plan, keys), argument)


def _found(plan: Plan, keys: frozenset[str]) -> dict[str, Item]:
    return {item.key: item for item in plan.items() if item.key in keys}


def _all(keys: frozenset[str], found: dict[str, Item], argument: str) -> dict[str, Item]:
    if missing := keys - set(found):
        raise PhotaInputError(
            argument,
            f"names items that are not in the batch: {shown(sorted(missing))}. Their keys are in the column "
            "key of the results.",
        )
    return found

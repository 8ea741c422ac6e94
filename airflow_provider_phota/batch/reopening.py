"""Opens items again that had ended: to pay for them once more, or since their PHOTA task was found."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar
from uuid import uuid4

from airflow_provider_phota.api.errors import PhotaInputError, PhotaNotFound
from airflow_provider_phota.api.shown import shown
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
#: Airflow ends a running task that is cleared, and goes on with it as after a failure.
_NO_CLEAR = "To clear it while it runs does not count: do it once more when it has ended."


async def adopt_tasks(
    journal: Journal, plan: Plan, adopt: Mapping[str, str], ask: Callable[[str], object]
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
        await asyncio.to_thread(_check_known, key, adopt[key], ask)
        await _adopt(journal, item_id, adopt[key])
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


def _check_known(key: str, phota_task_id: str, ask: Callable[[str], object]) -> None:
    try:
        ask(phota_task_id)
    except PhotaNotFound:
        raise PhotaInputError(
            "adopt",
            f"names {phota_task_id} for {shown(key)}, but the service knows no such PHOTA task. Is the ID "
            "mistyped, or was it paid for with another key?",
        ) from None


async def _adopt(journal: Journal, item_id: str, phota_task_id: str) -> None:
    state = journal.state.item(item_id)
    generation = max(state.generation, 1) if state else 1
    if state and state.end and state.end.status.is_success:  # by a task that was adopted by mistake
        await journal.append(Reopened(item_id, generation))
        generation += 1
    await journal.append(Paid(item_id, generation, uuid4().hex, phota_task_id, at=time.time(), adopted=True))


async def reopen_items(journal: Journal, plan: Plan, redo: Redo) -> set[str]:
    """Opens items again that the user pays for once more: once, and not again in each of Airflow's retries.

    A retry opens what the attempt before it could not open any more, and nothing that has ended since.

    Args:
        journal: of the batch.
        plan: of its items.
        redo: says which items.

    Returns:
        The IDs of items that are not opened again yet, since what was paid for may still come home.

    Raises:
        PhotaInputError: No item has such a key.
        PhotaLedgerError: The journal cannot be read or written.
    """
    if not (redo.failed or redo.keys):
        return set()
    named = {item.id(plan.edition) for item in (await _named(journal, plan, redo.keys, "redo")).values()}
    since = await _read(journal, partial(first_lease_since_clear, journal.lease))
    meant = await _read(journal, partial(_meant, journal, plan, redo, named, since))
    reopened = [state for state in meant if state.item in named or not state.can_retry]
    await asyncio.gather(*(journal.append(Reopened(each.item, each.generation)) for each in reopened))
    log.info("redo: %s items are paid for once more.", len(reopened))
    if waiting := len(meant) - len(reopened):
        log.info("redo: %s are brought home first, for free; if that fails, they are paid for.", waiting)
    if not meant:
        log.info("What has ended since this Airflow task was last cleared is left. %s", _NO_CLEAR)
    return {each.item for each in meant} - {each.item for each in reopened}


def _meant(journal: Journal, plan: Plan, redo: Redo, named: set[str], since: int) -> list[ItemState]:
    meant = []
    for item in plan.items():
        item_id = item.id(plan.edition)
        state = journal.state.item(item_id)
        if state is None:
            continue
        is_meant = item_id in named or (redo.failed and state.status in FAILED)
        if is_meant and _may_reopen(journal, state, item.key, since):
            meant.append(state)
    return meant


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
    found = await _read(journal, lambda: {item.key: item for item in plan.items() if item.key in keys})
    if missing := keys - set(found):
        raise PhotaInputError(
            argument,
            f"names items that are not in the batch: {shown(sorted(missing))}. Their keys are in the column "
            "key of the results.",
        )
    return found

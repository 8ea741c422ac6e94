"""Finds items that were paid for and have left the batch since, as its source has other rows now."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.batch.items.item import Item
from airflow_provider_phota.batch.items.plan import Plan, UnreadablePlan
from airflow_provider_phota.batch.items.together import Together
from airflow_provider_phota.batch.names import BatchNames
from airflow_provider_phota.journal.history import ItemState
from airflow_provider_phota.journal.leases import Lease

log = logging.getLogger(__name__)


def leavers_to_land(
    lease: Lease, plan: Plan, names: BatchNames, left: Mapping[str, ItemState]
) -> list[tuple[Item, ItemState]]:
    """Returns items that are not in the plan any more, and whose pictures can land all the same.

    Of the others the log says what is known. Nothing more can be done for them.

    Args:
        lease: the latest one of the journal.
        plan: what is followed now.
        names: of the pictures.
        left: items that are paid for or in doubt, and not in the plan, by their IDs.
    """
    missing = dict(left)
    together = Together(names)
    for item in plan.items():
        together.check(item)
    found = list(_found(lease, plan, missing))
    leavers = [(item, state) for item, state in found if _can_land(item, state, together)]
    for state in missing.values():
        log.error("An item that no plan of this batch has is open, %s", _what_is_known(state))
    if leavers:
        log.warning(
            "%s items are not in the batch any more, and are paid for. They land, and have no rows: %s",
            len(leavers),
            shown([item.key for item, _ in leavers]),
        )
    return leavers


def _found(lease: Lease, plan: Plan, missing: dict[str, ItemState]) -> Iterator[tuple[Item, ItemState]]:
    """Yields the items that other plans have, and takes them out of those that are missing."""
    for older in _older_plans(lease, plan):
        try:
            for item in older.items():
                if state := missing.pop(item.id(older.edition), None):
                    yield item, state
        except UnreadablePlan as damage:
            log.warning("%s", damage)
        if not missing:
            return


def _older_plans(lease: Lease, plan: Plan) -> Iterator[Plan]:
    """Yields the other plans that attempts have followed, the latest one first."""
    seen = {plan.digest}
    for number in range(lease.number - 1, 0, -1):
        digest = Lease.numbered(lease.folder, number).plan
        if digest not in seen:
            seen.add(digest)
            try:
                yield Plan.read(lease.folder, digest)
            except UnreadablePlan as damage:
                log.warning("%s", damage)


def _can_land(item: Item, state: ItemState, together: Together) -> bool:
    if state.phota_task_id is None:
        log.warning("%s is not in the batch any more, %s", shown(item.key), _what_is_known(state))
        return False
    if together.names.has("phota_task_id"):
        return True  # no other item has such a name
    try:
        together.check(replace(item, number=-item.number))  # as a row of its own, next to those of the plan
    except PhotaInputError:
        log.warning(
            "%s has another row now, and its old order has no place of its own to land, %s",
            *(shown(item.key), _what_is_known(state)),
        )
        return False
    return True


def _what_is_known(state: ItemState) -> str:
    if state.phota_task_id:
        return f"although PHOTA task {state.phota_task_id} is paid for. Its results live for 24 hours."
    return "and its submit was never answered, so that it may have been billed. Nothing is sent for it."

"""Lands the pictures of an item, and writes small copies of them for people to look at."""

from __future__ import annotations

from functools import partial

from airflow_provider_phota.api import protocol
from airflow_provider_phota.batch.items.item import Item
from airflow_provider_phota.batch.kit import Kit
from airflow_provider_phota.results.card_writing import Landed, Ordered
from airflow_provider_phota.results.lander import land_with_fresh_urls
from airflow_provider_phota.results.landing import LandedFile, Landing
from airflow_provider_phota.results.manifests import mark_as_landed
from airflow_provider_phota.results.result import ResultImages
from airflow_provider_phota.results.thumbnails import SmallCopies


async def land_item(
    kit: Kit, item: Item, results: ResultImages, digest: str, *, is_shared: bool
) -> list[LandedFile]:
    """Brings the pictures of an item to their places, and marks its order as landed.

    Args:
        kit: of the batch.
        item: the item.
        results: of its PHOTA task.
        digest: of its order, if what has landed is to be found by it.
        is_shared: True if another item has paid for the task.

    Raises:
        PhotaLandingError: A picture did not land.
        PhotaResultsExpired: A URL is no longer served.
    """
    landing = kit.preparer.landing(item, digest)
    copies, phota_task_id = SmallCopies(kit.cards.most_copies), results.phota_task_id
    files = await kit.land(phota_task_id, _land, kit, results, landing, copies)
    if landing.digest and len(files) == item.order.outputs:
        await kit.land(phota_task_id, mark_as_landed, landing, files, phota_task_id, results.cost)
    await kit.cards.write(
        Landed(
            landing.directory,
            phota_task_id,
            files,
            results.cost,
            Ordered.of(item.order),
            copies.made,
            is_shared,
        )
    )
    return files


def _land(kit: Kit, results: ResultImages, landing: Landing, copies: SmallCopies) -> list[LandedFile]:
    land = partial(kit.lander.land, landing=landing, copies=copies)
    ask = kit.drivers.run
    return land_with_fresh_urls(land, results, lambda task_id: ask(lambda: protocol.get_task(task_id)))

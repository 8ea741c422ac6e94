"""Brings pictures home and tells Airflow of them: as lineage, and by asset events."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.lineage.hook import get_hook_lineage_collector
from airflow.providers.common.compat.sdk import Asset, AssetAlias

from airflow_provider_phota import xcom_keys
from airflow_provider_phota.api.costs import Cost
from airflow_provider_phota.api.errors import PhotaNotBilled
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.results import manifests
from airflow_provider_phota.results.card_writing import Landed, Ordered, find_card, write_card
from airflow_provider_phota.results.cards import MOST_PICTURES
from airflow_provider_phota.results.lander import land, land_with_fresh_urls
from airflow_provider_phota.results.landing import LandedFile, Landing, manifest
from airflow_provider_phota.results.landing_checks import cannot_land, check_lands_alone
from airflow_provider_phota.results.options import check_index
from airflow_provider_phota.results.result import ResultImages
from airflow_provider_phota.results.thumbnails import SmallCopies
from airflow_provider_phota.storage.paths import asset_uri

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Delivery:
    """Brings a task's pictures home, and tells Airflow of them.

    Attributes:
        outlets: of the Airflow task. An asset among them gets the manifest as its event's extra, an alias
            gets an asset for each file.
        key: the author's name for an item of a mapped task.
        ordered: what is known of the order, for its card.
    """

    hook: PhotaHook
    landing: Landing
    context: Context
    outlets: Sequence[object] = ()
    key: str | None = None
    ordered: Ordered = field(default_factory=Ordered)

    def deliver(self, results: ResultImages, ordered: int | None = None) -> list[LandedFile]:
        """Lands the pictures and announces the files.

        Args:
            results: of the task.
            ordered: how many pictures were ordered. An order with fewer results is not marked as landed.

        Raises:
            PhotaInputError: The pictures would land on one another.
            PhotaResultsExpired: A URL is no longer served, nor is a fresh one.
            PhotaLandingError: A picture did not arrive whole, is not a picture, or could not be written.
        """
        check_index(self.landing.names, len(results.images))
        self._check_lands_alone(results)
        copies = SmallCopies(MOST_PICTURES if self.landing.thumbnails else 0)
        files = land_with_fresh_urls(partial(self._land, copies), results, self.hook.get_task)
        if self.landing.digest and len(files) == ordered:
            manifests.mark_as_landed(self.landing, files, results.phota_task_id, results.cost)
        self.announce(files, results.cost)
        if self.landing.thumbnails:
            self._write_card(results, files, copies)
        log.info("Landed PHOTA task %s: %s", results.phota_task_id, shown([file.path for file in files]))
        return files

    def announce(self, files: Sequence[LandedFile], cost: Cost) -> None:
        """Names the files as lineage, and in the asset events of the outlets, with the cost of the order."""
        announce_files(self.context, self.outlets, files, cost, by=self.hook)

    def announce_card(self, files: Sequence[LandedFile]) -> None:
        """Names the card that an earlier run has written with its files, if there is one."""
        if self.landing.thumbnails and files:
            self._push_card(find_card(self.landing.directory, files[0].phota_task_id))

    def _land(self, copies: SmallCopies, results: ResultImages) -> list[LandedFile]:
        return land(results, self.landing, self.hook.settings, copies)

    def _write_card(self, results: ResultImages, files: Sequence[LandedFile], copies: SmallCopies) -> None:
        landed = Landed(
            self.landing.directory, results.phota_task_id, files, results.cost, self.ordered, copies.made
        )
        self._push_card(write_card(landed))

    def _push_card(self, url: str | None) -> None:
        if not url or not (ti := self.context.get("ti")):
            return
        try:
            ti.xcom_push(key=xcom_keys.CARD, value=url)
        except Exception as error:  # of whatever carries it; the pictures have landed
            log.warning("The path of the card could not be pushed to XCom (%s).", type(error).__name__)

    def _check_lands_alone(self, results: ResultImages) -> None:
        try:
            check_lands_alone(self.landing, self.context, len(results.images), self.key)
        except PhotaNotBilled as problem:
            raise cannot_land(results.phota_task_id, problem) from None


def announce_files(
    context: Context, outlets: Sequence[object], files: Sequence[LandedFile], cost: Cost, *, by: Any
) -> None:
    """Names files as lineage, and in the asset events of the outlets of an Airflow task.

    Args:
        context: of the attempt.
        outlets: of the Airflow task. An asset gets all files, an alias an asset for each file.
        files: that are there now.
        cost: of what has made them.
        by: the hook or the path that wrote them, for lineage.
    """
    for file in files:
        get_hook_lineage_collector().add_output_asset(context=by, uri=asset_uri(file.path))
    events: Any = context["outlet_events"] if outlets else {}
    for outlet in outlets:
        if isinstance(outlet, Asset):
            events[outlet].extra = {"files": manifest(files), "cost": cost.to_dict()}
        elif isinstance(outlet, AssetAlias):
            for file in files:
                events[outlet].add(Asset(asset_uri(file.path)), extra=file.to_dict())

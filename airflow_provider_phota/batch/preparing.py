"""Looks at the pictures of an item, and asks whether the same order has landed before."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from airflow_provider_phota.api.costs import Quote
from airflow_provider_phota.batch.items.item import Item
from airflow_provider_phota.batch.names import BatchNames
from airflow_provider_phota.hooks.kept_drivers import KeptDrivers
from airflow_provider_phota.hooks.price_lists import quote
from airflow_provider_phota.inputs.prepared import PreparedOrder
from airflow_provider_phota.inputs.publisher import Publisher
from airflow_provider_phota.journal.rows import Row, Status
from airflow_provider_phota.ledger.records import fingerprint
from airflow_provider_phota.results.landing import Landing, manifest
from airflow_provider_phota.results.manifests import landed_before
from airflow_provider_phota.results.prechecks import check_names_are_free
from airflow_provider_phota.storage.paths import Place


@dataclass(frozen=True)
class Preparer:
    """Makes an item ready to be paid for. Its methods read files, so they run in threads.

    Attributes:
        skip_argument: the argument by which the author asks to skip what has landed before; empty if they
            do not.
    """

    publisher: Publisher
    edition: str
    destination: Place
    names: BatchNames
    skip_argument: str = ""

    def uploading_by(self, drivers: KeptDrivers) -> Preparer:
        """Returns one that uploads by these drivers, whose connections then serve many uploads."""
        return replace(self, publisher=replace(self.publisher, drivers=drivers))

    def prepare(self, item: Item) -> PreparedOrder:
        """Looks at the pictures of an item.

        Raises:
            PhotaInputError: One is missing, damaged or not a picture.
            PhotaUnreachable: The store could not be asked.
        """
        prepared = PreparedOrder.of(item.order, self.publisher, self.edition)
        if self.skip_argument:
            prepared.check_content_is_known(self.skip_argument)
        return prepared

    def look_at_destination(self, item: Item, prepared: PreparedOrder, *, is_redone: bool) -> Row | None:
        """Returns what `existing` does; if the item has to be paid for, its files must have names to take.

        Args:
            item: the item.
            prepared: its order.
            is_redone: True if it is paid for once more, although the same order may have landed before.

        Raises:
            PhotaInputError: A file of its names is there, and `if_exists` is `fail`.
            PhotaLedgerError: The store cannot be read.
            PhotaUnreachable: The store could not be asked.
        """
        if not is_redone and (existing := self.existing(item, prepared)):
            return existing
        check_names_are_free(self.landing(item), item.order.outputs)
        return None

    def publish(self, prepared: PreparedOrder) -> Quote:
        """Returns the order as the service can read it, and what it costs by the prices that hold now.

        Raises:
            PhotaNotBilled: A picture could not be published.
        """
        return quote(prepared.hook, prepared.publish())

    def fingerprint(self, prepared: PreparedOrder) -> str:
        """Returns what tells orders apart that ask for different things."""
        hook = prepared.hook
        return fingerprint(prepared.identity, hook.phota_conn_id, hook.settings.base_url, prepared.edition)

    def landing(self, item: Item, digest: str = "") -> Landing:
        """Returns where the pictures of an item go.

        Args:
            item: the item.
            digest: of its order, if what has landed is to be found by it.
        """
        return self.names.landing(self.destination, item.key, digest if self.skip_argument else "")

    def existing(self, item: Item, prepared: PreparedOrder) -> Row | None:
        """Returns the row of an item whose order has landed before, in any run; None if it has not.

        Raises:
            PhotaLedgerError: The store cannot be read.
        """
        if not self.skip_argument:
            return None
        files = landed_before(self.landing(item, prepared.digest))
        if not files:
            return None
        return Row(item.number, item.key, Status.EXISTING, tuple(manifest(files)), ended_at=time.time())

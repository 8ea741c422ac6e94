"""Says what a batch would pay for. Nothing is sent or uploaded, and the journal is only read."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice

from airflow_provider_phota.api.errors import PhotaError, PhotaNotBilled
from airflow_provider_phota.api.prices import estimate
from airflow_provider_phota.api.types import PhotaBatchPreview
from airflow_provider_phota.batch.choices import Duplicates
from airflow_provider_phota.batch.items.item import Item
from airflow_provider_phota.batch.items.plan import Plan
from airflow_provider_phota.batch.options import BatchOptions
from airflow_provider_phota.batch.preparing import Preparer
from airflow_provider_phota.batch.reopening import is_paid_again, named_items
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.journal.decisions import Done, Start, next_step
from airflow_provider_phota.journal.leases import BatchOwner, claim, latest_lease
from airflow_provider_phota.journal.segments import Segments
from airflow_provider_phota.journal.state import BatchState
from airflow_provider_phota.storage.paths import Place

log = logging.getLogger(__name__)

#: Threads that look at pictures, and items that are looked at in one go.
_READERS, _IN_ONE_GO = 8, 500
#: Stands for the name of an order that has landed before.
_LANDED = b""


@dataclass
class Preview:
    """Counts what a batch would pay for.

    Attributes:
        folder: of the journal.
        owner: the task instance that the journal has to belong to.
    """

    hook: PhotaHook
    options: BatchOptions
    plan: Plan
    preparer: Preparer
    folder: Place
    owner: BatchOwner
    _state: BatchState = field(default_factory=BatchState, init=False)
    _seen: set[bytes] = field(default_factory=set, init=False)
    #: Of the items that are paid for once more: those share only with each other.
    _seen_again: set[bytes] = field(default_factory=set, init=False)
    _counts: Counter[str] = field(default_factory=Counter, init=False)

    def make(self) -> PhotaBatchPreview:
        """Looks at all items.

        Raises:
            PhotaInputError: `redo` or `adopt` names an item that is not there.
            PhotaLedgerError: The journal cannot be read, or it is another batch's.
            PhotaUnreachable: The pictures cannot be read now.
        """
        for argument, keys in (("redo", self.options.redo.keys), ("adopt", frozenset(self.options.adopt))):
            if keys:
                named_items(self.plan, keys, argument)
        if latest_lease(self.folder):
            claim(self.folder, self.owner, may_begin=False)
            for name, event in Segments(self.folder, 0).read_all():
                self._state.apply(event, name)
        prices = self._prices()
        costs: list[float | None] = []
        for item in self._to_pay():
            self._counts["to_pay"] += 1
            self._counts["pictures"] += item.order.outputs
            costs.append(estimate(item.order, prices))
        known = [cost for cost in costs if cost is not None]
        return {
            "total": self.plan.count,
            "landed": self._counts["landed"],
            "to_pay": self._counts["to_pay"],
            "pictures": self._counts["pictures"],
            "usd": round(sum(known), 6) if prices and len(known) == len(costs) else None,
        }

    def _prices(self) -> Mapping[str, float]:
        try:
            return self.hook.get_prices(self.hook.settings.user_group)
        except PhotaError as error:
            log.warning("The prices are not known: %s", str(error).partition("\n")[0])
            return {}

    def _to_pay(self) -> Iterator[Item]:
        items = self.plan.items()
        with ThreadPoolExecutor(_READERS, "phota-reading") as pool:
            while some := list(islice(items, _IN_ONE_GO)):
                unpaid = [item for item in some if self._is_unpaid(item)]
                looks = pool.map(self._look, unpaid) if self.preparer.skip_argument else map(_name, unpaid)
                for item, name in zip(unpaid, looks, strict=True):
                    if name == _LANDED:
                        self._counts["landed"] += 1
                    elif name is not None and self._is_first(name, item):
                        yield item

    def _is_unpaid(self, item: Item) -> bool:
        item_id = item.id(self.plan.edition)
        state = self._state.item(item_id)
        step = next_step(state, 0.0, self.options.on_ambiguous, new_attempt=True)
        redo = self.options.redo
        if isinstance(step, Start) or item.key in redo.keys:
            return item.key not in self.options.adopt
        if isinstance(step, Done) and step.status.is_success:
            self._counts["landed"] += 1
        elif state and redo.failed and is_paid_again(state):
            return True
        if not self.preparer.skip_argument:
            self._is_first(_name(item), item)
        return False

    def _is_redone(self, item: Item) -> bool:
        """Returns True if the item is paid for once more, although the same order has landed before."""
        state, redo = self._state.item(item.id(self.plan.edition)), self.options.redo
        if state is None:
            return False
        return item.key in redo.keys or state.reopened_by > 0 or (redo.failed and is_paid_again(state))

    def _look(self, item: Item) -> bytes | None:
        """Returns what tells orders apart, or that it has landed before; None if it would be refused."""
        try:
            prepared = self.preparer.prepare(item)
            if not self._is_redone(item) and self.preparer.existing(item, prepared):
                return _LANDED
        except PhotaNotBilled as error:
            if error.retryable:
                raise
            return None
        return self.preparer.fingerprint(prepared).encode()

    def _is_first(self, name: bytes, item: Item) -> bool:
        """Returns True if no item before asks for the same, or if each is paid for."""
        if self.options.duplicates is Duplicates.PAY:
            return True
        item_id, seen = item.id(self.plan.edition), self._seen
        if self._is_redone(item):
            seen = self._seen_again
        elif self.preparer.skip_argument and self._state.by_fingerprint(name.decode(), besides=item_id):
            return False
        digest = hashlib.blake2b(name, digest_size=12).digest()
        is_first = digest not in seen
        seen.add(digest)
        return is_first


def _name(item: Item) -> bytes:
    """Returns what tells orders apart as far as their text does: the pictures are not looked at."""
    return item.order.body()

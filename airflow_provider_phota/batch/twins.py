"""Finds items of a batch that ask for the same: one of them is paid for, and all of them get pictures."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from airflow_provider_phota.api.costs import NO_COST, UNKNOWN_COST, Cost
from airflow_provider_phota.api.policy import Policy
from airflow_provider_phota.journal.decisions import Start
from airflow_provider_phota.journal.history import ItemState
from airflow_provider_phota.journal.writer import Journal


@dataclass(frozen=True)
class Payer:
    """Is the item that was paid for, in the place of others that ask for the same.

    Attributes:
        key: of the item; None if it is not in the batch any more, so that its payment has no other row.
        phota_task_id: the paid task.
        submitted_at: epoch seconds; None if that is not known.
    """

    key: str | None
    phota_task_id: str
    submitted_at: float | None

    @property
    def cost_of_twin(self) -> Cost:
        """What an item costs that shares the payment; not known here if no other row has the cost."""
        return UNKNOWN_COST if self.key is None else NO_COST


@dataclass(frozen=True)
class Doubt:
    """Says that nobody knows whether an equal item was paid for, so that none of them may be sent.

    Attributes:
        key: of the item that was sent; None if it is not in the batch any more.
    """

    key: str | None


#: What becomes of an item that asks for the same as others: it shares, or it is the one that is sent.
Share: TypeAlias = Payer | Doubt


class Twins:
    """Lets one of several equal items be paid for, while the others wait for its task.

    Args:
        journal: of the batch.
        keys: of the items that the journal knows, by their IDs.
        on_ambiguous: what to do about a submit whose fate is unknown.
    """

    def __init__(self, journal: Journal, keys: Mapping[str, str], on_ambiguous: Policy) -> None:
        self._journal = journal
        self._keys = keys
        self._on_ambiguous = on_ambiguous
        self._shares: dict[str, asyncio.Future[Share | None]] = {}

    async def share(self, fingerprint: str, item_id: str, step: Start) -> Share | Start:
        """Returns what the item shares with an equal one; or how it is sent, if it is the one that has to be.

        The caller that is sent then says by `settle` what has become of it.

        Args:
            fingerprint: of what is asked for.
            item_id: the item, as the journal names it.
            step: how the item would be sent.
        """
        while True:
            while (shared := self._shares.get(fingerprint)) is not None:
                if (share := await asyncio.shield(shared)) is not None:
                    return share
            known = self._sent_before(fingerprint, item_id)
            if known is None:
                break
            if (share := self._payment_of(*known)) is not None:
                return share
            if (seconds := self._journal.seconds_left(known[1])) > 0:
                await asyncio.sleep(seconds)
                await self._journal.reread()  # an attempt that was overtaken still writes the IDs it gets
            elif self._on_ambiguous is Policy.RESUBMIT and known[1].resubmits == 0:
                step = replace(step, resubmits=1)  # it repeats the other one's submit
                break
            else:
                return Doubt(self._keys.get(known[0]))
        self._shares[fingerprint] = asyncio.get_running_loop().create_future()
        return step

    def settle(self, fingerprint: str, share: Share | None) -> None:
        """Takes in what the others share; or, with None, that nothing was paid and another may be sent."""
        future = self._shares.get(fingerprint)
        if future is None or future.done():
            return
        if share is None:
            del self._shares[fingerprint]
        future.set_result(share)

    def _sent_before(self, fingerprint: str, item_id: str) -> tuple[str, ItemState] | None:
        """Returns another item that asks for the same. What was sent before the reopening is not meant."""
        own = self._journal.state.item(item_id)
        return self._journal.state.by_fingerprint(
            fingerprint, besides=item_id, since=own.reopened_by if own else 0
        )

    def _payment_of(self, item_id: str, state: ItemState) -> Payer | None:
        if state.phota_task_id is None:
            return None
        submitted_at = state.sending.sent_at if state.sending else None
        return Payer(self._keys.get(item_id), state.phota_task_id, submitted_at)

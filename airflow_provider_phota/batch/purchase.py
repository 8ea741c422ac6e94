"""Pays for the order of one item, with a line in the journal before and after."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from uuid import uuid4

from airflow_provider_phota.api import protocol
from airflow_provider_phota.api.clock import Clock
from airflow_provider_phota.api.costs import UNKNOWN_COST, Cost, Quote
from airflow_provider_phota.api.errors import PhotaNotBilled, PhotaSubmitAmbiguous
from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.api.tasks import PhotaTask
from airflow_provider_phota.batch.items.item import Item
from airflow_provider_phota.journal.decisions import Start
from airflow_provider_phota.journal.events import Doubtful, Intent, Paid, TakenBack
from airflow_provider_phota.journal.writer import Journal
from airflow_provider_phota.triggers.poller import Poller

log = logging.getLogger(__name__)

#: Seconds by which the recorded time of a sending is longer than the request's own.
_MARGIN = 5.0


@dataclass
class Purchase:
    """Pays for one item once.

    Attributes:
        item_id: the item, as the journal names it.
        quote: the order as the service can read it, and what it costs.
        fingerprint: of what is asked for.
        step: which payment of the item it is.
        digest: of the order, if its landed pictures are to be found again by it.
        cost: by the answer to the submit.
    """

    item: Item
    item_id: str
    quote: Quote
    fingerprint: str
    step: Start
    journal: Journal
    poller: Poller
    settings: Settings
    digest: str = ""
    clock: Clock = time
    cost: Cost = field(default=UNKNOWN_COST, init=False)
    _intent: Intent | None = field(default=None, init=False)

    async def pay(self) -> PhotaTask:
        """Submits the order, and returns the task that was paid for.

        Raises:
            Overtaken: Another attempt has taken over; nothing was sent.
            PhotaNotBilled: The service refused the order, or could not be reached.
            PhotaSubmitAmbiguous: A task may have been created and billed.
            PhotaLedgerError: The journal cannot be written.
        """
        try:
            task = await self.poller.run(
                protocol.submit(
                    self.quote.order, before_sending=self._begin, resend_on_503=self.settings.resend_on_503
                )
            )
        except PhotaNotBilled:
            await self._take_back()
            raise
        except PhotaSubmitAmbiguous as doubt:
            await self._note_doubt(doubt)
            raise
        self.cost = cost = self.quote.reserved(task.usage)
        # in the log too, and first: if the store fails, a person can still find the task
        log.info("Submitted PHOTA task %s for %s. Cost: %s.", task.id, self.item.key, cost)
        intent = self._intent or self._new_intent()
        await self.journal.append(
            Paid(
                self.item_id,
                self.step.generation,
                intent.token,
                task.id,
                at=self.clock.time(),
                credits=cost.credits,
                estimated_time=task.estimated_time,
                model=self.quote.order.model,
                cost=cost,
            )
        )
        return task

    async def _begin(self) -> None:
        """Records that the order is sent now; the driver awaits it when the connection stands."""
        await self._take_back()  # if it was sent before, the service has refused it
        # known before it is written: if the request runs out of time meanwhile, it is written and taken back
        self._intent = intent = self._new_intent()
        await self.journal.intend(intent, self.clock.monotonic() + intent.seconds)

    async def _take_back(self) -> None:
        intent, self._intent = self._intent, None
        if intent:
            await self.journal.append(TakenBack(intent.item, intent.generation, intent.token))

    async def _note_doubt(self, doubt: PhotaSubmitAmbiguous) -> None:
        intent = self._intent or self._new_intent()
        await self.journal.append(
            Doubtful(
                self.item_id,
                self.step.generation,
                intent.token,
                at=intent.at,
                reason=str(doubt),
                named_task_id=doubt.named_task_id,
            )
        )

    def _new_intent(self) -> Intent:
        return Intent(
            self.item_id,
            self.step.generation,
            token=uuid4().hex,
            at=self.clock.time(),
            seconds=self.settings.total_timeout + _MARGIN,
            fingerprint=self.fingerprint,
            resubmits=self.step.resubmits,
            digest=self.digest,
            model=self.quote.order.model,
            cost=self.quote.expected,
        )

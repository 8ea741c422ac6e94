"""Brings one item of a batch from its order to its landed pictures."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable
from dataclasses import dataclass, field, replace
from functools import partial

from airflow_provider_phota.api.costs import Cost, final_cost
from airflow_provider_phota.api.errors import PhotaError, PhotaNotBilled, PhotaSubmitAmbiguous
from airflow_provider_phota.api.policy import Policy
from airflow_provider_phota.api.tasks import PhotaTask
from airflow_provider_phota.batch.choices import Duplicates
from airflow_provider_phota.batch.endings import is_broken, row_after, stops_batch
from airflow_provider_phota.batch.homecoming import land_item
from airflow_provider_phota.batch.items.item import Item
from airflow_provider_phota.batch.kit import Kit
from airflow_provider_phota.batch.messages import held_text, twin_held_text
from airflow_provider_phota.batch.purchase import Purchase
from airflow_provider_phota.batch.spending import Draw
from airflow_provider_phota.batch.stages import Stage, Stopped
from airflow_provider_phota.batch.twins import Doubt, Payer, Share
from airflow_provider_phota.inputs.prepared import PreparedOrder
from airflow_provider_phota.journal.decisions import Resume, Start
from airflow_provider_phota.journal.events import Ended, Reopened
from airflow_provider_phota.journal.history import ItemState
from airflow_provider_phota.journal.rows import Row, Status
from airflow_provider_phota.journal.waits import OpenTask
from airflow_provider_phota.journal.writer import Overtaken
from airflow_provider_phota.polling.durations import Observation
from airflow_provider_phota.polling.wait import wait_for_task
from airflow_provider_phota.results.landing import manifest
from airflow_provider_phota.results.result import ResultImages

log = logging.getLogger(__name__)

#: Seconds for which the worker waits for a task at least, however long ago it was paid for.
_SHORTEST_WAIT = 60.0


@dataclass(eq=False)
class Course:
    """Brings one item from its order to its landed pictures, and writes its row to the journal.

    Attributes:
        item_id: the item, as the journal names it.
        stage: how far it is.
        task: the paid task as the service showed it last; None if it never did.
        row: what is known of the item so far.
    """

    item: Item
    item_id: str
    kit: Kit
    stage: Stage = Stage.PREPARING
    task: PhotaTask | None = None
    row: Row = field(init=False)
    _generation: int = field(default=0, init=False)
    _digest: str = field(default="", init=False)
    _has_slot: bool = field(default=False, init=False)
    #: True once the service has said here that the task is running.
    _is_seen: bool = field(default=False, init=False)
    _estimated_time: float | None = field(default=None, init=False)
    #: The money for its last payment.
    _draw: Draw | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.row = Row(self.item.number, self.item.key, Status.LANDED)

    async def start(self, step: Start) -> Row | None:
        """Pays for the item and brings its pictures home.

        Returns:
            What has become of it; None if it stays open, since the batch stops.
        """
        return await self._to_its_end(self._pay_and_bring_home(step))

    async def resume(self, step: Resume, state: ItemState) -> Row | None:
        """Brings home what an earlier attempt has paid for.

        Returns:
            What has become of it; None if it stays open, since the batch stops.
        """
        sent = state.sent
        self._generation, self._digest = state.generation, sent.digest
        self._estimated_time = sent.estimated_time
        self._note_payment(step.phota_task_id, sent.cost, sent.sent_at)
        # of an adopted task, the money is that of the submit that was lost
        sendings = (sent, *state.unresolved) if sent.is_adopted else (sent,)
        self._draw = self.kit.spending.resume({each.token: each.cost for each in sendings})
        self.kit.slots.take()
        self._has_slot = True
        return await self._to_its_end(self._bring_home_or_pay_again(step.phota_task_id))

    async def hold(self, state: ItemState) -> Row | None:
        """Writes the row of an item whose last submit may have been paid for."""
        self._generation = state.generation
        self.row = replace(self.row, submitted_at=state.sent.sent_at, cost=state.sent.cost)
        return await self._to_its_end(self._give_up(state))

    @property
    def is_busy(self) -> bool:
        """True if something is done for the item right now."""
        return self.stage is not Stage.QUEUED and not (self.stage is Stage.WAITING and self._is_seen)

    def open_task(self) -> OpenTask:
        """Returns the paid task, for somebody else to wait for. Its `seconds` may be over."""
        return OpenTask(
            self.item_id,
            self.row.phota_task_id or "",
            age=self._age(),
            seconds=self._seconds_left(),
            estimated_time=self._estimated_time,
            model=self.item.order.model,
        )

    async def _to_its_end(self, way: Awaitable[None]) -> Row | None:
        try:
            try:
                await way
            except PhotaError as error:
                self._note_error(error)
            finally:
                await self._give_slot_back()
            self.row = replace(self.row, ended_at=time.time())
            self.kit.spending.note_end(self._draw, self.row)
            self.kit.journal.add(Ended(self.item_id, self._generation, self.row))
        except Stopped:
            return None
        except Overtaken as reason:
            self.kit.gate.stop(reason, is_urgent=True)
            return None
        except PhotaError as error:  # the journal cannot be written
            self.kit.gate.stop(error)
            return None
        return self.row

    def _note_error(self, error: PhotaError) -> None:
        if stops_batch(error):
            self.kit.gate.stop(error)
            raise Stopped
        self.row, state = row_after(error, self.row), self.kit.journal.state.item(self.item_id)
        if self.row.status is Status.AMBIGUOUS and state and state.unresolved:
            self.row = replace(self.row, error=held_text(self.item.key, state))
        log.warning("%s: %s", self.item.key, str(error).partition("\n")[0])

    async def _pay_and_bring_home(self, step: Start) -> None:
        kit, preparer = self.kit, self.kit.preparer
        prepared = await kit.prepare(preparer.prepare, self.item)
        look = partial(preparer.look_at_destination, is_redone=self._is_reopened)
        if existing := await kit.prepare(look, self.item, prepared):
            self.row = existing
            return
        self._digest = prepared.digest if preparer.skip_argument else ""
        fingerprint = preparer.fingerprint(prepared)
        if kit.options.duplicates is Duplicates.PAY:
            task = await self._pay(step, prepared, fingerprint)
            await self._bring_home(task.id)
            return
        self.stage = Stage.QUEUED
        share = await kit.twins.share(fingerprint, self.item_id, step)
        self.stage = Stage.PREPARING
        if isinstance(share, Start):
            await self._pay_for_all(share, prepared, fingerprint)
        elif isinstance(share, Payer):
            self._note_payment(share.phota_task_id, share.cost_of_twin, share.submitted_at)
            self.row = replace(self.row, credits=None, same_as=share.key)
            await self._bring_home_or_pay_again(share.phota_task_id)
        else:
            self.row = replace(self.row, same_as=share.key)
            raise PhotaSubmitAmbiguous(twin_held_text(share.key))

    @property
    def _is_reopened(self) -> bool:
        state = self.kit.journal.state.item(self.item_id)
        return state is not None and state.reopened_by > 0

    async def _pay_for_all(self, step: Start, prepared: PreparedOrder, fingerprint: str) -> None:
        """Pays for this item, and lets those that ask for the same share what comes of it."""
        share: Share | None = None
        try:
            task = await self._pay(step, prepared, fingerprint)
            share = Payer(self.item.key, task.id, self.row.submitted_at)
        except PhotaSubmitAmbiguous:
            share = Doubt(self.item.key)
            raise
        finally:
            self.kit.twins.settle(fingerprint, share)
        await self._bring_home(task.id)

    async def _pay(self, step: Start, prepared: PreparedOrder, fingerprint: str) -> PhotaTask:
        quote = await self.kit.publish(self.kit.preparer.publish, prepared)
        self.stage = Stage.QUEUED
        await self.kit.slots.wait_and_take()
        self._has_slot = True
        self.stage = Stage.SUBMITTING
        while True:
            if not await self.kit.gate.passed():
                raise Stopped
            self._generation = step.generation
            self.row = replace(self.row, submitted_at=time.time(), cost=quote.expected)
            self._draw = await self.kit.spending.draw(quote.expected)
            if self.kit.gate.is_stopped:  # meanwhile, since the store of a budget may take its time
                self.kit.spending.release(self._draw)
                raise Stopped
            purchase = Purchase(
                self.item, self.item_id, quote, self._draw, fingerprint, step, self.kit, self._digest
            )
            try:
                # not after an error of the journal: the order may be paid for already
                self.task = await self.kit.neighbours.repeat(
                    "submit", self.kit.patience, purchase.pay, PhotaNotBilled
                )
            except PhotaSubmitAmbiguous:
                self.kit.gate.doubt()
                if self.kit.options.on_ambiguous is not Policy.RESUBMIT or step.resubmits:
                    raise
                step = Start(step.generation + 1, resubmits=1)
            else:
                self._is_seen = True
                self._estimated_time = self.task.estimated_time
                self._note_payment(self.task.id, purchase.cost, self.row.submitted_at)
                return self.task

    async def _bring_home_or_pay_again(self, phota_task_id: str) -> None:
        try:
            await self._bring_home(phota_task_id)
        except PhotaError as error:
            if self.item_id not in self.kit.paid_if_broken or not is_broken(error):
                raise
            self.kit.paid_if_broken.remove(self.item_id)  # once
            log.warning("redo: %s is paid for once more. %s", self.item.key, str(error).partition("\n")[0])
            await self._give_slot_back()
            await self._reopen()
            await self._pay_and_bring_home(Start(self._generation + 1))

    async def _reopen(self) -> None:
        state = self.kit.journal.state.item(self.item_id)
        self._generation = state.generation if state else 0
        if self._draw:
            self.kit.spending.end(self._draw, self.row.cost)
        await self.kit.journal.append(Reopened(self.item_id, self._generation))
        self.task, self._is_seen, self._estimated_time = None, False, None
        self.row = Row(self.item.number, self.item.key, Status.LANDED)

    async def _bring_home(self, phota_task_id: str) -> None:
        self.stage = Stage.WAITING
        task = await self.kit.poller.run(
            wait_for_task(
                phota_task_id,
                seconds=max(self._seconds_left(), min(_SHORTEST_WAIT, self.kit.wait.timeout)),
                schedule=self.kit.schedule,
                patience=self.kit.wait.patience,
                seen=Observation.of(self.task),
                log_level=logging.DEBUG,
                on_running=self._note_running,
            )
        )
        await self._give_slot_back()
        self.stage = Stage.LANDING
        if self.row.same_as is None:
            self.row = replace(self.row, cost=final_cost(self.row.cost, task))
        results = ResultImages.of_task(task, self.row.cost)
        is_shared = self.row.same_as is not None
        files = await land_item(self.kit, self.item, results, self._digest, is_shared=is_shared)
        self.row = replace(self.row, files=tuple(manifest(files)))

    async def _give_up(self, state: ItemState) -> None:
        raise PhotaSubmitAmbiguous(held_text(self.item.key, state))

    def _note_running(self, _: PhotaTask) -> None:
        self._is_seen = True

    def _seconds_left(self) -> float:
        return self.kit.wait.timeout - (self._age() or 0.0)

    def _age(self) -> float | None:
        """Returns the seconds since the task was paid for; None if that is not known."""
        at = self.row.submitted_at
        return None if at is None else max(time.time() - at, 0.0)

    def _note_payment(self, task_id: str, cost: Cost, at: float | None) -> None:
        self.row = replace(self.row, phota_task_id=task_id, credits=cost.credits, cost=cost, submitted_at=at)

    async def _give_slot_back(self) -> None:
        if self._has_slot:
            self._has_slot = False
            await self.kit.slots.give_back()

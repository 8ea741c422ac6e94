"""Runs one attempt of a batch: opens its journal, places its orders, and writes down how it ended."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_provider_phota.api import protocol
from airflow_provider_phota.api.errors import PhotaError
from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.batch.accounts import accounts_of
from airflow_provider_phota.batch.cards import Cards
from airflow_provider_phota.batch.gate import Gate
from airflow_provider_phota.batch.idle import Pause
from airflow_provider_phota.batch.items.plan import Plan
from airflow_provider_phota.batch.journal_note import JournalNote
from airflow_provider_phota.batch.kit import Kit
from airflow_provider_phota.batch.loop import run_in_thread
from airflow_provider_phota.batch.messages import killed_text
from airflow_provider_phota.batch.options import BatchOptions
from airflow_provider_phota.batch.patience import Patience
from airflow_provider_phota.batch.pipeline import Pipeline
from airflow_provider_phota.batch.preparing import Preparer
from airflow_provider_phota.batch.reopening import adopt_tasks, reopen_items
from airflow_provider_phota.batch.reporting import Reporter
from airflow_provider_phota.batch.slots import Slots
from airflow_provider_phota.batch.so_far import repeating
from airflow_provider_phota.batch.spending import Spending, at_of
from airflow_provider_phota.batch.tally import Tally
from airflow_provider_phota.batch.threads import Threads
from airflow_provider_phota.budget.purse import Purse
from airflow_provider_phota.hooks.kept_drivers import KeptDrivers
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.journal.leases import BatchOwner, Try
from airflow_provider_phota.journal.patience import Patience as StorePatience
from airflow_provider_phota.journal.segments import events_in
from airflow_provider_phota.journal.writer import Journal
from airflow_provider_phota.results.lander import Lander, PhotaBadResult, PhotaNameTaken, PhotaNotServed
from airflow_provider_phota.storage.calls import finish_on_loop
from airflow_provider_phota.storage.paths import Place
from airflow_provider_phota.triggers.poller import Poller
from airflow_provider_phota.waiting import Wait

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

log = logging.getLogger(__name__)

#: Threads that look at pictures. More of them would only share the same cores, and each holds a picture.
_READERS = 4
#: Threads that upload pictures, and threads that bring them home. Most of their time is waiting: if each
#: takes a second, 500 orders in flight of 45 s need 11 of both.
_PUBLISHERS, _LANDERS = 16, 16
#: Seconds that looking at the pictures of an order, and bringing them to the service or home, may take. They
#: are many, since a line may be slow: only what would never end is to be left behind.
_LONGEST_LOOK, _LONGEST_TRANSFER = 600.0, 1800.0
#: Seconds that reading the connection may take.
_LONGEST_SETTINGS = 60.0
#: Seconds for which a store that is away is tolerated while pictures land.
_LANDING_PATIENCE = 120.0
#: Errors of landings that a few more tries may end, and many hardly.
_HARDLY_PASS = (PhotaBadResult, PhotaNameTaken, PhotaNotServed)


class Killed(Exception):
    """Says that Airflow ends the task."""


@dataclass(frozen=True)
class AttemptEnd:
    """Says how an attempt has ended.

    Attributes:
        tally: of the items.
        pause: what the batch waits for in the triggerer; None if it does not.
        reason: why not all orders were sent; None if they were.
        lease: the number under which the attempt wrote to the journal.
    """

    tally: Tally
    pause: Pause | None
    reason: Exception | None
    lease: int


@dataclass
class Attempt:
    """Runs one attempt of a batch, or what is left of it after a deferral.

    Attributes:
        folder: of the journal.
        owner: the task instance that the journal belongs to.
        wait: how to wait for one PHOTA task.
        context: Airflow's.
        purse: pays for the orders.
        write_rows: writes the rows of the items that have ended so far.
    """

    hook: PhotaHook
    options: BatchOptions
    folder: Place
    owner: BatchOwner
    preparer: Preparer
    wait: Wait
    context: Context
    purse: Purse
    write_rows: Callable[[], None]
    _pipeline: Pipeline | None = field(default=None, init=False)
    _loop: asyncio.AbstractEventLoop | None = field(default=None, init=False)
    _is_killed: bool = field(default=False, init=False)

    def run(
        self, plan: Plan, *, begins: bool, may_pause: bool, stops: PhotaError | None = None
    ) -> AttemptEnd:
        """Places the orders of a plan, until all have ended, nothing more is sent, or a pause is worth it.

        Args:
            plan: of the items.
            begins: True if this is the beginning of an attempt, and not what is left after a deferral.
            may_pause: True if the batch can go on waiting in the triggerer.
            stops: why nothing is sent, if that is known before.

        Raises:
            PhotaLedgerError: The journal cannot be read or written.
        """
        main = partial(self._run, plan, begins=begins, may_pause=may_pause, stops=stops)
        return run_in_thread(main, before_ending=self.stop)

    def stop(self) -> None:
        """Sends nothing more; may be called in any thread, since Airflow calls it in a signal handler."""
        self._is_killed = True  # for a pipeline that begins after this
        loop, pipeline = self._loop, self._pipeline
        if loop and pipeline:
            log.warning(killed_text(pipeline.kit.slots.taken))
            loop.call_soon_threadsafe(self._stop_sending, pipeline.kit.gate)

    def _stop_sending(self, gate: Gate) -> None:
        gate.stop(Killed("Airflow has ended the task."), is_urgent=True)

    async def _run(
        self, plan: Plan, *, begins: bool, may_pause: bool, stops: PhotaError | None
    ) -> AttemptEnd:
        journal = await self._open_journal(plan)
        try:
            if begins:
                await adopt_tasks(journal, plan, self.options.adopt, self.hook.get_task)
            paid_if_broken = await reopen_items(journal, plan, self.options.redo, begins=begins)
            async with (
                self._spending(journal, plan) as spending,
                self._kit(journal, paid_if_broken, spending) as kit,
            ):
                if stops:
                    kit.gate.stop(stops)
                tally = Tally(plan.count, self.options.max_failures)
                self._loop = asyncio.get_running_loop()
                reporter = Reporter.of(plan.count, self.context)
                self._pipeline = Pipeline(kit, plan, tally, reporter, may_pause=may_pause)
                if self._is_killed:
                    self._stop_sending(kit.gate)
                async with repeating(self.write_rows):
                    pause = await self._pipeline.run()
                return AttemptEnd(tally, pause, kit.gate.reason, journal.lease.number)
        finally:
            await journal.close()

    async def _open_journal(self, plan: Plan) -> Journal:
        note = JournalNote.of(self.context, self.folder)
        has_begun = await StorePatience().call(note.check, "read")
        ti: Any = self.context["ti"]
        journal = await Journal.open(
            self.folder,
            self.owner,
            Try(ti.try_number, ti.max_tries),
            plan.digest,
            may_begin=not has_begun,
        )
        if not has_begun:
            await asyncio.to_thread(note.write)
        return journal

    @asynccontextmanager
    async def _spending(self, journal: Journal, plan: Plan) -> AsyncIterator[Spending]:
        spending = Spending(self.purse, journal.lease.number, plan.count)
        ats = {time.time(), *map(at_of, journal.state.blocks)}
        await spending.open(ats, partial(accounts_of, partial(events_in, self.folder)))
        yield spending
        if not (
            self._pipeline and self._pipeline.kit.gate.is_urgent
        ):  # else the next attempt finds it in the journal
            await spending.close()

    @asynccontextmanager
    async def _kit(
        self, journal: Journal, paid_if_broken: set[str], spending: Spending
    ) -> AsyncIterator[Kit]:
        async with AsyncExitStack() as stack:
            poller = await stack.enter_async_context(Poller(self._load_settings))
            lander = stack.enter_context(Lander(self.hook.settings, at_once=1, orders=_LANDERS))
            patience = Patience(self.wait.max_unreachable)
            gate = Gate(lambda: patience.repeat(lambda: poller.run(protocol.get_models())))
            stack.push_async_callback(gate.close)
            drivers = stack.enter_context(KeptDrivers(self.hook))
            preparing = stack.enter_context(Threads(_READERS, _LONGEST_LOOK))
            publishing = stack.enter_context(Threads(_PUBLISHERS, _LONGEST_TRANSFER))
            landing = stack.enter_context(Threads(_LANDERS, _LONGEST_TRANSFER))
            stack.callback(lander.break_off)  # before the threads are waited for
            yield Kit(
                drivers=drivers,
                options=self.options,
                journal=journal,
                paid_if_broken=paid_if_broken,
                poller=poller,
                preparer=self.preparer.uploading_by(drivers),
                lander=lander,
                preparing=preparing,
                publishing=publishing,
                landing=landing,
                slots=Slots(self.options.in_flight),
                gate=gate,
                wait=self.wait,
                patience=patience,
                landing_patience=Patience(_LANDING_PATIENCE, hardly_pass=_HARDLY_PASS),
                spending=spending,
                cards=Cards(landing, are_wanted=self.options.thumbnails),
            )

    async def _load_settings(self) -> Settings:
        # a hook reads its connection once; a new one finds a key that was replaced meanwhile
        hook = PhotaHook(self.hook.phota_conn_id)
        return await finish_on_loop(_LONGEST_SETTINGS, lambda: hook.settings)

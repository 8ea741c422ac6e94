"""Holds what all items of a batch share while they are placed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

from airflow_provider_phota.api.errors import PhotaSubmitAmbiguous
from airflow_provider_phota.batch.gate import Gate
from airflow_provider_phota.batch.messages import twin_held_text
from airflow_provider_phota.batch.options import BatchOptions
from airflow_provider_phota.batch.patience import Patience
from airflow_provider_phota.batch.preparing import Preparer
from airflow_provider_phota.batch.slots import Slots
from airflow_provider_phota.batch.twins import Payer, Twins
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.journal.writer import Journal
from airflow_provider_phota.polling.schedule import PollSchedule
from airflow_provider_phota.results.lander import Lander
from airflow_provider_phota.triggers.poller import Poller
from airflow_provider_phota.waiting import Wait

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Kit:
    """Is what all items of a batch share while they are placed.

    Attributes:
        preparing: runs what reads pictures, in threads.
        landing: runs what brings pictures home, in threads.
        slots: orders that are paid and unfinished.
        patience: for a store that is away, or a service that is out of reach, before anything is paid.
        landing_patience: for a store that is away while pictures land.
        wait: how to wait for one PHOTA task.
        keys: of the items that the journal knows, by their IDs.
    """

    hook: PhotaHook
    options: BatchOptions
    journal: Journal
    poller: Poller
    preparer: Preparer
    lander: Lander
    preparing: Executor
    landing: Executor
    slots: Slots
    gate: Gate
    wait: Wait
    patience: Patience
    landing_patience: Patience
    twins: Twins = field(default_factory=Twins)
    keys: dict[str, str] = field(default_factory=dict)

    async def prepare(self, act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs something that reads pictures, as often as it takes."""
        return await self.patience.repeat(lambda: _in_thread(self.preparing, lambda: act(*args, **kwargs)))

    async def land(self, act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs something that brings pictures home, as often as it takes."""
        return await self.landing_patience.repeat(
            lambda: _in_thread(self.landing, lambda: act(*args, **kwargs))
        )

    @property
    def schedule(self) -> PollSchedule:
        """The schedule of questions, which all waits of the batch share."""
        return self.poller.schedule(self.wait.intervals.shortest, self.wait.intervals.longest)

    async def payer_of(self, fingerprint: str, generation: int) -> Payer | None:
        """Returns the item that was paid for in the place of an equal one; None if that one has to be.

        Args:
            fingerprint: of what both ask for.
            generation: which payment of the item this is. From the second one on, the user wants to pay.

        Raises:
            PhotaSubmitAmbiguous: It is not known whether the equal one was paid for.
        """
        if (payer := await self.twins.wait_for_payer(fingerprint)) is not None:
            return payer
        try:
            payer = self._paid_before(fingerprint) if generation == 1 else None
        except PhotaSubmitAmbiguous:
            self.twins.settle(fingerprint, None)
            raise
        if payer:
            self.twins.settle(fingerprint, payer)
        return payer

    def _paid_before(self, fingerprint: str) -> Payer | None:
        if (known := self.journal.state.by_fingerprint(fingerprint)) is None:
            return None
        item_id, state = known
        key = self.keys.get(item_id, "an item of an earlier plan")
        if state.phota_task_id is None:
            raise PhotaSubmitAmbiguous(twin_held_text(key, state))
        return Payer(key, state.phota_task_id)


async def _in_thread(pool: Executor, act: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(pool, act)

"""Holds what all items of a batch share while they are placed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import cached_property
from typing import ParamSpec, TypeVar

from airflow_provider_phota.batch.gate import Gate
from airflow_provider_phota.batch.neighbours import Neighbours
from airflow_provider_phota.batch.options import BatchOptions
from airflow_provider_phota.batch.patience import Patience
from airflow_provider_phota.batch.preparing import Preparer
from airflow_provider_phota.batch.slots import Slots
from airflow_provider_phota.batch.twins import Twins
from airflow_provider_phota.hooks.kept_drivers import KeptDrivers
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
        drivers: ask the service free questions from threads.
        preparing: runs what looks at pictures, in threads.
        publishing: uploads pictures, in threads.
        landing: runs what brings pictures home, in threads.
        slots: orders that are paid and unfinished.
        patience: for a store that is away, or a service that is out of reach, before anything is paid.
        landing_patience: for a store that is away while pictures land.
        wait: how to wait for one PHOTA task.
        neighbours: tell the trouble of one item from that of all.
        keys: of the items that the journal knows, by their IDs.
    """

    drivers: KeptDrivers
    options: BatchOptions
    journal: Journal
    poller: Poller
    preparer: Preparer
    lander: Lander
    preparing: Executor
    publishing: Executor
    landing: Executor
    slots: Slots
    gate: Gate
    wait: Wait
    patience: Patience
    landing_patience: Patience
    keys: dict[str, str] = field(default_factory=dict)
    neighbours: Neighbours = field(default_factory=Neighbours)

    @cached_property
    def twins(self) -> Twins:
        """Items that ask for the same."""
        return Twins(self.journal, self.keys, self.options.on_ambiguous)

    async def prepare(self, act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs something that looks at pictures, as often as it takes."""
        return await self.neighbours.repeat(
            "prepare", self.patience, lambda: _in_thread(self.preparing, lambda: act(*args, **kwargs))
        )

    async def publish(self, act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs something that uploads pictures, as often as it takes."""
        return await self.neighbours.repeat(
            "publish", self.patience, lambda: _in_thread(self.publishing, lambda: act(*args, **kwargs))
        )

    async def land(self, act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs something that brings pictures home, as often as it takes."""
        return await self.landing_patience.repeat(
            lambda: _in_thread(self.landing, lambda: act(*args, **kwargs))
        )

    @property
    def schedule(self) -> PollSchedule:
        """The schedule of questions, which all waits of the batch share."""
        return self.poller.schedule(self.wait.intervals.shortest, self.wait.intervals.longest)


async def _in_thread(pool: Executor, act: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(pool, act)

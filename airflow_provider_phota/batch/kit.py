"""Holds what all items of a batch share while they are placed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import ParamSpec, TypeVar

from airflow_provider_phota.api.endings import lines
from airflow_provider_phota.api.errors import PhotaLandingError, PhotaUnreachable
from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.batch.cards import Cards
from airflow_provider_phota.batch.gate import Gate
from airflow_provider_phota.batch.messages import hung_text, landing_hung_text
from airflow_provider_phota.batch.neighbours import OTHERS_PASSED, Neighbours, PhotaItemNotSent
from airflow_provider_phota.batch.options import BatchOptions
from airflow_provider_phota.batch.patience import Patience
from airflow_provider_phota.batch.preparing import Preparer
from airflow_provider_phota.batch.slots import Slots
from airflow_provider_phota.batch.spending import Spending
from airflow_provider_phota.batch.threads import Hung, Threads
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
        preparing: run what looks at pictures.
        publishing: upload pictures.
        landing: run what brings pictures home.
        slots: orders that are paid and unfinished.
        patience: for a store that is away, or a service that is out of reach, before anything is paid.
        landing_patience: for a store that is away while pictures land.
        wait: how to wait for one PHOTA task.
        neighbours: tell the trouble of one item from that of all.
        spending: pays for the orders out of budgets.
        cards: writes small copies of what has landed.
        keys: of the items that the journal knows, by their IDs.
        paid_if_broken: the IDs of items that are paid for once more if what was paid for does not come home.
    """

    drivers: KeptDrivers
    options: BatchOptions
    journal: Journal
    poller: Poller
    preparer: Preparer
    lander: Lander
    preparing: Threads
    publishing: Threads
    landing: Threads
    slots: Slots
    gate: Gate
    wait: Wait
    patience: Patience
    landing_patience: Patience
    spending: Spending
    cards: Cards
    keys: dict[str, str] = field(default_factory=dict)
    paid_if_broken: set[str] = field(default_factory=set)
    neighbours: Neighbours = field(default_factory=Neighbours)

    @property
    def settings(self) -> Settings:
        """The account that pays."""
        return self.preparer.publisher.hook.settings

    @cached_property
    def twins(self) -> Twins:
        """Items that ask for the same."""
        return Twins(self.journal, self.keys, self.options.on_ambiguous)

    async def prepare(self, act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs something that looks at pictures, as often as it takes."""
        with _nothing_paid("looked at"):
            return await self.neighbours.repeat(
                "prepare", self.patience, lambda: self.preparing.run(lambda: act(*args, **kwargs))
            )

    async def publish(self, act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs something that uploads pictures, as often as it takes."""
        with _nothing_paid("published"):
            return await self.neighbours.repeat(
                "publish", self.patience, lambda: self.publishing.run(lambda: act(*args, **kwargs))
            )

    async def land(self, phota_task_id: str, act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs something that brings pictures of a task home, as often as it takes."""
        try:
            return await self.landing_patience.repeat(lambda: self.landing.run(lambda: act(*args, **kwargs)))
        except Hung as hung:
            error = PhotaLandingError(landing_hung_text(phota_task_id, hung.seconds), phota_task_id)
            if not hung.is_alone:
                self.gate.stop(error)  # what else is paid for would not land either
            raise error from None

    @property
    def schedule(self) -> PollSchedule:
        """The schedule of questions, which all waits of the batch share."""
        return self.poller.schedule(self.wait.intervals.shortest, self.wait.intervals.longest)


@contextmanager
def _nothing_paid(done: str) -> Iterator[None]:
    """Raises for what hangs that nothing is paid for. It is not tried again: that would hang for as long."""
    try:
        yield
    except Hung as hung:
        text = hung_text(done, hung.seconds)
        if hung.is_alone:
            raise PhotaItemNotSent(lines(text, OTHERS_PASSED)) from None
        raise PhotaUnreachable(text) from None

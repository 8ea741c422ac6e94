"""Waits in the triggerer until an order fits into a budget, without a worker slot."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator
from decimal import Decimal
from functools import partial
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_phota.budget.log import BudgetLog
from airflow_provider_phota.budget.state import BudgetState
from airflow_provider_phota.storage.calls import finish_on_loop
from airflow_provider_phota.storage.paths import Place
from airflow_provider_phota.triggers.phota import earliest_event
from airflow_provider_phota.triggers.places import open_place

log = logging.getLogger(__name__)

#: Seconds that one look at the log may take, and for which a store that fails is tolerated in it.
_LONGEST_LOOK, _PATIENCE = 120.0, 60.0
#: Looks in a row that may fail. After that the worker says what is wrong.
_MOST_FAILURES = 20
#: Seconds after which the worker looks whether the author has changed the budget meanwhile.
_LONGEST_WAIT = 3600.0


class PhotaBudgetTrigger(BaseTrigger):
    """Waits until an amount fits into a budget, or its period turns, and fires one event; an hour at most.

    It reserves nothing: the worker does that, by the budget that holds then. So if many wait for the same
    money, those that find none left wait again. The arguments are stored in the metadata database. New
    arguments get defaults, and old ones are never removed, so that a trigger that is stored during an upgrade
    still works.

    Args:
        log: where the budget is counted, as a URL of object storage.
        amount: that has to fit, as the text of a number.
        limit: of the budget, as the text of a number.
        ends_at: epoch seconds at which the period turns; None if it does not.
        poll_interval: seconds between two looks, at least. They are up to twice that apart, so that those who
            wait do not all come at once.
        deferred_at: epoch seconds at which the worker deferred. If this is None, as in a trigger that an
            older version has stored, each start counts as the first one.
    """

    def __init__(  # noqa: PLR0917  # the triggerer calls it by keyword
        self,
        log: str,
        amount: str,
        limit: str,
        ends_at: float | None = None,
        poll_interval: float = 30.0,
        deferred_at: float | None = None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow leaves it untyped
        self.log_url = log
        self.amount = amount
        self.limit = limit
        self.ends_at = ends_at
        self.poll_interval = poll_interval
        self.deferred_at = deferred_at

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return (
            "airflow_provider_phota.triggers.budget.PhotaBudgetTrigger",
            {
                "log": self.log_url,
                "amount": self.amount,
                "limit": self.limit,
                "ends_at": self.ends_at,
                "poll_interval": self.poll_interval,
                "deferred_at": self.deferred_at,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Waits, then yields the one event."""
        age = 0.0 if self.deferred_at is None else time.time() - self.deferred_at
        earliest = time.monotonic() + earliest_event(age)
        why = await self._wait()
        log.info("The wait for a budget is over: %s.", why)
        await asyncio.sleep(max(earliest - time.monotonic(), 0.0))
        yield TriggerEvent({"version": 1, "why": why})

    async def _wait(self) -> str:
        failures, end = 0, time.monotonic() + _LONGEST_WAIT
        while failures < _MOST_FAILURES:
            if time.monotonic() >= end:
                return "the worker looks whether the budget was raised"
            if self.ends_at is not None and time.time() >= self.ends_at:
                return "its period has turned"
            try:
                if await self._fits():
                    return "the order fits"
                failures = 0
            except Exception as error:  # of any library; its text may hold secrets
                failures += 1
                log.warning("The budget could not be read (%s).", type(error).__name__)
            await asyncio.sleep(self._pause())
        return "the budget cannot be read, as the worker will say"

    async def _fits(self) -> bool:
        place = await open_place(self.log_url)
        state: BudgetState = await finish_on_loop(_LONGEST_LOOK, partial(_read, place))
        return state.used + Decimal(self.amount) <= Decimal(self.limit)

    def _pause(self) -> float:
        pause = self.poll_interval * random.uniform(1.0, 2.0)  # noqa: S311  # not for secrets
        return pause if self.ends_at is None else min(pause, max(self.ends_at - time.time(), 0.0) + 1.0)


def _read(place: Place) -> BudgetState:
    return BudgetLog(place, patience=_PATIENCE).state()

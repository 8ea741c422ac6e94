"""Waits for the open PHOTA tasks of a batch in the triggerer, without a worker slot."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

from airflow.providers.common.compat.sdk import ObjectStoragePath
from airflow.triggers.base import BaseTrigger, TriggerEvent
from asgiref.sync import sync_to_async

from airflow_provider_phota.api.errors import PhotaError
from airflow_provider_phota.api.retry import Backoff
from airflow_provider_phota.journal.waits import OpenTask, read_waits
from airflow_provider_phota.polling.durations import Observation
from airflow_provider_phota.polling.state import Patience
from airflow_provider_phota.polling.wait import wait_for_task
from airflow_provider_phota.storage.paths import Place
from airflow_provider_phota.triggers.batch_events import BatchWaitEvent, WakeUp
from airflow_provider_phota.triggers.phota import EARLIEST_EVENT
from airflow_provider_phota.triggers.poller import Poller, SharedPoller

log = logging.getLogger(__name__)

#: Seconds of the 24 hours that results live, after which they have to be landed.
_LAND_AFTER = 20 * 3600.0
#: Seconds between two looks at what has ended.
_LOOK = 1.0


class PhotaBatchTrigger(BaseTrigger):
    """Waits until enough of the open tasks of a batch have ended, and fires one event.

    The arguments are stored in the metadata database. The tasks are not among them: they are in a list in
    object storage. New arguments get defaults, and old ones are never removed, so that a trigger that is
    stored during an upgrade still works.

    Args:
        waits: the list of open tasks, as a URL of object storage.
        phota_conn_id: the Airflow connection.
        deadline: epoch seconds at which the pause ends.
        wake_after: how many tasks have to end.
        poll_interval: seconds between two questions about one task, at least.
        longest_interval: seconds between two questions about one task, at most.
        max_unreachable: seconds without any usable answer after which the wait for a task ends.
    """

    def __init__(  # noqa: PLR0917  # the triggerer calls it by keyword
        self,
        waits: str,
        phota_conn_id: str,
        deadline: float,
        wake_after: int = 1,
        poll_interval: float = 2.0,
        longest_interval: float = 30.0,
        max_unreachable: float = Patience.unreachable,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow leaves it untyped
        self.waits = waits
        self.phota_conn_id = phota_conn_id
        self.deadline = deadline
        self.wake_after = wake_after
        self.poll_interval = poll_interval
        self.longest_interval = longest_interval
        self.max_unreachable = max_unreachable
        self._open_tasks = 0

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return (
            "airflow_provider_phota.triggers.batch.PhotaBatchTrigger",
            {
                "waits": self.waits,
                "phota_conn_id": self.phota_conn_id,
                "deadline": self.deadline,
                "wake_after": self.wake_after,
                "poll_interval": self.poll_interval,
                "longest_interval": self.longest_interval,
                "max_unreachable": self.max_unreachable,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Waits, then yields the one event."""
        earliest = time.monotonic() + EARLIEST_EVENT
        tasks = await self._read_waits()
        event = await self._wait(tasks) if tasks else BatchWaitEvent(self.waits, 0, 0, WakeUp.UNREADABLE)
        log.info("%s", event)
        await asyncio.sleep(max(earliest - time.monotonic(), 0.0))
        yield TriggerEvent(event.to_dict())

    async def on_kill(self) -> None:
        """Logs that the PHOTA tasks go on, if a user fails or clears the Airflow task (3.3 and later)."""
        log.warning(
            "A user ended the wait. %s PHOTA tasks go on and are billed; the service cannot cancel them.",
            self._open_tasks,
        )

    async def _wait(self, tasks: Sequence[OpenTask]) -> BatchWaitEvent:
        self._open_tasks = len(tasks)
        log.info("Waiting for %s of %s PHOTA tasks.", self.wake_after, len(tasks))
        async with SharedPoller(self.phota_conn_id) as poller:
            waiting = [asyncio.create_task(self._wait_for(task, poller)) for task in tasks]
            try:
                why = await self._wake_up(waiting, tasks)
            finally:
                for each in waiting:
                    each.cancel()
                await asyncio.gather(*waiting, return_exceptions=True)
        return BatchWaitEvent(self.waits, len(tasks) - self._open_tasks, self._open_tasks, why)

    async def _wake_up(self, waiting: Sequence[asyncio.Task[None]], tasks: Sequence[OpenTask]) -> WakeUp:
        oldest = min((task.created for task in tasks if task.created), default=time.time())
        while True:
            self._open_tasks = sum(not each.done() for each in waiting)
            if len(tasks) - self._open_tasks >= min(self.wake_after, len(tasks)):
                return WakeUp.ENOUGH
            if time.time() >= self.deadline:
                return WakeUp.DEADLINE
            if time.time() - oldest >= _LAND_AFTER:
                return WakeUp.EXPIRING
            await asyncio.sleep(_LOOK)

    async def _wait_for(self, task: OpenTask, poller: Poller) -> None:
        """Returns once the wait for a task is over, whatever came of it: the worker asks again."""
        try:
            await poller.run(
                wait_for_task(
                    task.phota_task_id,
                    seconds=max(self.deadline - time.time(), 0.0),
                    schedule=poller.schedule(self.poll_interval, self.longest_interval),
                    patience=Patience(unreachable=self.max_unreachable),
                    seen=_seen(task),
                )
            )
        except PhotaError as error:
            log.info(
                "The wait for PHOTA task %s ended: %s", task.phota_task_id, str(error).partition("\n")[0]
            )

    async def _read_waits(self) -> tuple[OpenTask, ...]:
        """Returns the open tasks; none if the list cannot be read until the deadline."""
        backoff, failures = Backoff(tries=10_000), 0
        while True:
            try:
                place = await sync_to_async(_place_of)(self.waits)
                return await asyncio.to_thread(read_waits, place)
            except Exception as error:  # of whatever library the store speaks by; its text may hold secrets
                failures += 1
                log.warning("The list of open PHOTA tasks could not be read (%s).", type(error).__name__)
                pause = backoff.pause(failures) or 0.0
            if time.time() + pause >= self.deadline:
                return ()
            await asyncio.sleep(pause)


def _place_of(url: str) -> Place:
    # by one thread at a time: two that read Airflow connections at once can end a triggerer (issue 64620)
    path = ObjectStoragePath(url)
    _ = path.fs
    return Place.of(path)


def _seen(task: OpenTask) -> Observation | None:
    if task.created is None:
        return None
    return Observation(max(time.time() - task.created, 0.0), task.model, task.estimated_time)

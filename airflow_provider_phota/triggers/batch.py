"""Waits for the open PHOTA tasks of a batch in the triggerer, without a worker slot."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_phota.api.errors import (
    PhotaError,
    PhotaResultsMissing,
    PhotaTaskUnknown,
    PhotaWaitRefused,
    PhotaWaitTimeout,
)
from airflow_provider_phota.api.retry import Backoff
from airflow_provider_phota.journal.waits import OpenTask, read_waits
from airflow_provider_phota.polling.durations import Observation
from airflow_provider_phota.polling.state import Patience
from airflow_provider_phota.polling.wait import wait_for_task
from airflow_provider_phota.storage import calls
from airflow_provider_phota.triggers.batch_events import BatchWaitEvent, WakeUp
from airflow_provider_phota.triggers.phota import SEEN_LATELY, earliest_event
from airflow_provider_phota.triggers.places import open_place
from airflow_provider_phota.triggers.poller import SharedPoller

log = logging.getLogger(__name__)

#: Seconds of the 24 hours that results live, after which they have to be landed.
_LAND_AFTER = 20 * 3600.0
#: Seconds between two looks at what has ended.
_LOOK = 1.0
#: Errors of a wait after which the worker decides about its task.
_ENDS = (PhotaWaitTimeout, PhotaTaskUnknown, PhotaResultsMissing)
#: Seconds for which the trigger tries to read its list. After that, the worker waits by itself.
READ_WITHIN = 60.0


class PhotaBatchTrigger(BaseTrigger):
    """Waits until enough of the open tasks of a batch have ended, and fires one event.

    A task counts as ended too if the wait for it is over, since then the worker has to decide. The arguments
    are stored in the metadata database. The tasks are not among them: they are in a list in object storage.
    New arguments get defaults, and old ones are never removed, so that a trigger that is stored during an
    upgrade still works.

    Args:
        waits: the list of open tasks, as a URL of object storage.
        phota_conn_id: the Airflow connection.
        began: epoch seconds at which the list was written. A restart of the triggerer does not extend the
            waits.
        wake_after: how many tasks have to end.
        poll_interval: seconds between two questions about one task, at least.
        longest_interval: seconds between two questions about one task, at most.
        max_unreachable: seconds without any usable answer after which the wait for a task ends.
    """

    def __init__(  # noqa: PLR0917  # the triggerer calls it by keyword
        self,
        waits: str,
        phota_conn_id: str,
        began: float,
        wake_after: int = 1,
        poll_interval: float = 2.0,
        longest_interval: float = 30.0,
        max_unreachable: float = Patience.unreachable,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow leaves it untyped
        self.waits = waits
        self.phota_conn_id = phota_conn_id
        self.began = began
        self.wake_after = wake_after
        self.poll_interval = poll_interval
        self.longest_interval = longest_interval
        self.max_unreachable = max_unreachable
        self._open_tasks, self._start = 0, time.monotonic()

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return (
            "airflow_provider_phota.triggers.batch.PhotaBatchTrigger",
            {
                "waits": self.waits,
                "phota_conn_id": self.phota_conn_id,
                "began": self.began,
                "wake_after": self.wake_after,
                "poll_interval": self.poll_interval,
                "longest_interval": self.longest_interval,
                "max_unreachable": self.max_unreachable,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Waits, then yields the one event."""
        earliest = time.monotonic() + earliest_event(time.time() - self.began)
        event = await self._wait()
        log.info("%s", event)
        await asyncio.sleep(max(earliest - time.monotonic(), 0.0))
        yield TriggerEvent(event.to_dict())

    async def on_kill(self) -> None:
        """Logs that the PHOTA tasks go on, if a user fails or clears the Airflow task (3.3 and later).

        Airflow calls it as well if it gives the trigger to another triggerer.
        """
        log.warning(
            "The wait ended here: by a user, or as another triggerer goes on with it. %s PHOTA tasks go on "
            "and are billed; the service cannot cancel them.",
            self._open_tasks,
        )

    async def _wait(self) -> BatchWaitEvent:
        try:
            tasks = await self._read_waits()
        except TimeoutError:
            return BatchWaitEvent(self.waits, WakeUp.UNREADABLE)
        try:
            return await self._wait_for_enough(tasks)
        except PhotaError as error:
            log.error("%s", error)  # its text says all; where it was raised would not help
        except Exception:
            # an exception that leaves a trigger is logged by a process that has not read the connection, and
            # so cannot mask the key; this process has read it
            log.exception("The wait for the PHOTA tasks of a batch broke.")
        return BatchWaitEvent(self.waits, WakeUp.BROKEN)

    async def _wait_for_enough(self, tasks: Sequence[OpenTask]) -> BatchWaitEvent:
        self._open_tasks = len(tasks)
        log.info("Waiting for %s of %s PHOTA tasks.", self.wake_after, len(tasks))
        # from here on by a clock that only goes forward
        self._start = time.monotonic() - max(time.time() - self.began, 0.0)
        waits = [asyncio.create_task(self._wait_for(task)) for task in tasks]
        try:
            why = await self._wake_up(tasks, waits)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
        return BatchWaitEvent(self.waits, why, len(tasks) - self._open_tasks, self._open_tasks)

    async def _wake_up(self, tasks: Sequence[OpenTask], waits: Sequence[asyncio.Task[None]]) -> WakeUp:
        while True:
            ended = []
            for task, wait in zip(tasks, waits, strict=True):
                if wait.done():
                    wait.result()  # raises what has broken it
                    ended.append(task)
            self._open_tasks = len(tasks) - len(ended)
            if len(ended) >= min(self.wake_after, len(tasks)):
                return WakeUp.ENOUGH
            if any((task.age or 0.0) + self._passed() >= _LAND_AFTER for task in ended):
                return WakeUp.EXPIRING
            await asyncio.sleep(_LOOK)

    async def _wait_for(self, task: OpenTask) -> None:
        """Returns once the task has ended, or its time is over.

        Raises:
            PhotaError: It cannot be asked about from here.
        """
        try:
            async with SharedPoller(self.phota_conn_id) as poller:
                await poller.run(
                    wait_for_task(
                        task.phota_task_id,
                        seconds=max(task.seconds - self._passed(), 0.0),
                        schedule=poller.schedule(self.poll_interval, self.longest_interval),
                        patience=Patience(unreachable=self.max_unreachable),
                        log_level=logging.DEBUG,
                        seen=self._seen(task),
                    )
                )
        except _ENDS as error:
            log.info("%s", str(error).partition("\n")[0])
        except PhotaWaitRefused as error:
            if error.is_about_all:
                raise
            log.warning("%s", error)

    def _seen(self, task: OpenTask) -> Observation | None:
        """Returns the task as the worker has seen it; after a restart it has to be asked about at once."""
        passed = self._passed()
        if task.age is None or passed > SEEN_LATELY:
            return None
        return Observation(task.age + passed, task.model, task.estimated_time)

    def _passed(self) -> float:
        """Returns the seconds since the list of tasks was written."""
        return time.monotonic() - self._start

    async def _read_waits(self) -> tuple[OpenTask, ...]:
        """Reads the list of open tasks.

        Raises:
            TimeoutError: It could not be read within a minute.
        """
        backoff, failures = Backoff(tries=1_000), 0
        async with asyncio.timeout(READ_WITHIN):
            while True:
                try:
                    place = await open_place(self.waits)
                    # not in the event loop's own threads, which a store that hangs would use up
                    return await asyncio.wrap_future(calls.start(partial(read_waits, place)))
                except Exception as error:  # of any library; its text may hold secrets
                    failures += 1
                    log.warning("The list of open PHOTA tasks could not be read (%s).", type(error).__name__)
                await asyncio.sleep(backoff.pause(failures) or _LOOK)

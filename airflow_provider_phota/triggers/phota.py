"""Wait for a PHOTA task in the triggerer, without a worker slot."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_phota.api.errors import PhotaError
from airflow_provider_phota.api.schedule import PollSchedule
from airflow_provider_phota.api.wait import Patience, wait_for_task
from airflow_provider_phota.events import WaitEnd, WaitEvent
from airflow_provider_phota.hooks.phota import PhotaHook

#: Seconds after its start before which a trigger fires no event. The scheduler may still hold the executor's
#: word on the attempt that deferred, and take a task resumed too early for a crashed one (apache/airflow
#: issues 66374, 67287, 71580): that costs an attempt.
EARLIEST_EVENT = 6.0


class PhotaTaskTrigger(BaseTrigger):
    """Asks about one PHOTA task until it is finished, and fires one event that says how the wait ended.

    Its arguments live in the metadata database: ids and seconds only. They are only ever added to, with
    defaults, so that triggers in flight survive an upgrade.

    Args:
        phota_task_id: the task to wait for.
        phota_conn_id: the Airflow connection.
        deadline: epoch seconds at which the wait ends; a triggerer's restart grants no new time.
        timeout: seconds the wait was given, an upper bound should the wall clock be set back.
        poll_interval: seconds between two questions.
        max_unreachable: seconds without any usable answer after which the wait ends as `lost_sight`.
    """

    def __init__(  # noqa: PLR0917  # the triggerer calls it by keyword
        self,
        phota_task_id: str,
        phota_conn_id: str,
        deadline: float,
        timeout: float = 3600.0,
        poll_interval: float = 5.0,
        max_unreachable: float = Patience.unreachable,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow leaves it untyped
        self.phota_task_id = phota_task_id
        self.phota_conn_id = phota_conn_id
        self.deadline = deadline
        self.timeout = timeout
        self.poll_interval = poll_interval
        self.max_unreachable = max_unreachable

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return (
            "airflow_provider_phota.triggers.phota.PhotaTaskTrigger",
            {
                "phota_task_id": self.phota_task_id,
                "phota_conn_id": self.phota_conn_id,
                "deadline": self.deadline,
                "timeout": self.timeout,
                "poll_interval": self.poll_interval,
                "max_unreachable": self.max_unreachable,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        earliest = time.monotonic() + EARLIEST_EVENT
        event = await self._wait()
        await asyncio.sleep(max(earliest - time.monotonic(), 0.0))
        yield TriggerEvent(event.to_dict())

    async def on_kill(self) -> None:
        """Say what goes on, when a user fails or clears the waiting task (Airflow 3.3 and later)."""
        self.log.warning(
            "A user ended the wait. PHOTA task %s goes on and is billed; the service cannot cancel it.",
            self.phota_task_id,
        )

    async def _wait(self) -> WaitEvent:
        # inside the loop time is monotonic; the wall clock is asked once
        seconds = min(max(self.deadline - time.time(), 0.0), self.timeout)
        conversation = wait_for_task(
            self.phota_task_id,
            seconds=seconds,
            schedule=PollSchedule(self.poll_interval),
            patience=Patience(unreachable=self.max_unreachable),
        )
        try:
            async with PhotaHook(self.phota_conn_id).driver() as driver:
                await driver.run(conversation)
        except PhotaError as error:
            return WaitEvent.of_error(error, self.phota_task_id)
        except Exception as error:
            # an exception that leaves a trigger is written to the task's log by a process that never saw
            # the connection, so it cannot mask the key; here it can
            self.log.exception("The wait for PHOTA task %s broke.", self.phota_task_id)
            return WaitEvent(WaitEnd.LOST_SIGHT, self.phota_task_id, self._broken(error))
        return WaitEvent(WaitEnd.FINISHED, self.phota_task_id)

    def _broken(self, error: Exception) -> str:
        return (
            f"The wait for PHOTA task {self.phota_task_id} broke in the triggerer ({type(error).__name__}; "
            "its log has the details). The task goes on and is billed; its results live 24 hours."
        )

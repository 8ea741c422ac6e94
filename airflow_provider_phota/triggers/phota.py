"""Wait for a PHOTA task in the triggerer, without a worker slot."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_phota.api import endings
from airflow_provider_phota.api.errors import PhotaConfigurationError, PhotaError
from airflow_provider_phota.api.task_ids import checked_task_id
from airflow_provider_phota.api.tasks import PhotaTask
from airflow_provider_phota.api.wire import Conversation
from airflow_provider_phota.polling.durations import Sight
from airflow_provider_phota.polling.span import Span
from airflow_provider_phota.polling.wait import Patience, wait_for_task
from airflow_provider_phota.triggers.events import WaitEnd, WaitEvent
from airflow_provider_phota.triggers.poller import Poller, SharedPoller

#: Not the trigger's own `log`: that is a logger more for every wait, and there may be thousands.
log = logging.getLogger(__name__)

#: Seconds after its start before which a trigger fires no event. The scheduler may still hold the executor's
#: word on the attempt that deferred, and take a task resumed too early for a crashed one (apache/airflow
#: issues 66374, 67287, 71580): that costs an attempt.
EARLIEST_EVENT = 6.0
#: Seconds after which what was seen of a task when its trigger was made is no longer news.
_NEWS = 30.0


class PhotaTaskTrigger(BaseTrigger):
    """Waits until one PHOTA task is finished, and fires one event that says how the wait ended.

    All the triggers of a connection ask through one `poller.Poller`. Their arguments live in the metadata
    database: ids and seconds only. They are only ever added to, with defaults, so that triggers in flight
    survive an upgrade.

    Args:
        phota_task_id: the task to wait for.
        phota_conn_id: the Airflow connection.
        deadline: epoch seconds at which the wait ends; a triggerer's restart grants no new time. None for
            `timeout` from its start, where the task starts in the triggerer and nobody knows the time before.
        timeout: seconds the wait was given in all; with the deadline it says when it began.
        poll_interval: seconds between two questions, at least.
        max_unreachable: seconds without any usable answer after which the wait ends as `lost_sight`.
        longest_interval: seconds between two questions, at most; None for a steady `poll_interval`.
        since: epoch seconds at which the task was created; None to ask at once, since nothing is known of it.
        estimated_time: seconds the service expected it to take, None if it did not say.
        model: of the task, to learn from others of its kind.
        execution_timeout: of the Airflow task, in seconds, if the wait ends because of it; 0 if because of
            its own `timeout`.
    """

    def __init__(  # noqa: PLR0917  # the triggerer calls it by keyword
        self,
        phota_task_id: str,
        phota_conn_id: str,
        deadline: float | None,
        timeout: float = 3600.0,
        poll_interval: float = 5.0,
        max_unreachable: float = Patience.unreachable,
        longest_interval: float | None = None,
        since: float | None = None,
        estimated_time: float | None = None,
        model: str = "",
        execution_timeout: float = 0.0,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow leaves it untyped
        self.phota_task_id = phota_task_id
        self.phota_conn_id = phota_conn_id
        self.deadline = deadline
        self.timeout = timeout
        self.poll_interval = poll_interval
        self.max_unreachable = max_unreachable
        self.longest_interval = longest_interval
        self.since = since
        self.estimated_time = estimated_time
        self.model = model
        self.execution_timeout = execution_timeout

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
                "longest_interval": self.longest_interval,
                "since": self.since,
                "estimated_time": self.estimated_time,
                "model": self.model,
                "execution_timeout": self.execution_timeout,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        earliest = time.monotonic() + EARLIEST_EVENT
        event = await self._wait()
        log.info("The wait for PHOTA task %s ended: %s.", self.phota_task_id, event.end.value)
        await asyncio.sleep(max(earliest - time.monotonic(), 0.0))
        yield TriggerEvent(event.to_dict())

    async def on_kill(self) -> None:
        """Say what goes on, when a user fails or clears the waiting task (Airflow 3.3 and later)."""
        log.warning(
            "A user ended the wait. PHOTA task %s goes on and is billed; the service cannot cancel it.",
            self.phota_task_id,
        )

    async def _wait(self) -> WaitEvent:
        try:
            # started here, it may have been rendered from anything
            self.phota_task_id = checked_task_id(self.phota_task_id)
            log.info("Waiting for PHOTA task %s.", self.phota_task_id)
            async with SharedPoller(self.phota_conn_id) as poller:
                await poller.run(self._conversation(poller))
        except PhotaConfigurationError as error:
            return WaitEvent.of_error(endings.refused(self.phota_task_id, error), self.phota_task_id)
        except PhotaError as error:
            return WaitEvent.of_error(error, self.phota_task_id)
        except Exception as error:
            # an exception that leaves a trigger is written to the task's log by a process that never saw
            # the connection, so it cannot mask the key; here it can
            log.exception("The wait for PHOTA task %s broke.", self.phota_task_id)
            return WaitEvent(WaitEnd.LOST_SIGHT, self.phota_task_id, self._broken(error))
        return WaitEvent(WaitEnd.FINISHED, self.phota_task_id)

    def _conversation(self, poller: Poller) -> Conversation[PhotaTask]:
        longest = self.longest_interval or self.poll_interval
        return wait_for_task(
            self.phota_task_id,
            # inside the loop time is monotonic; the wall clock is asked once
            seconds=self._span(),
            schedule=poller.schedule(self.poll_interval, longest),
            patience=Patience(unreachable=self.max_unreachable),
            sight=self._sight(),
        )

    def _span(self) -> Span:
        age: float | None = None
        if self.deadline is not None and self.since is not None:
            # both by the clock of who deferred, so that its own error does not matter
            age = self.deadline - self.timeout - self.since
            age = max(age, 0.0) if age > -1.0 else None
        return Span(
            self.timeout,
            gone=self._gone(),
            age=age,
            execution_timeout=self.execution_timeout,
        )

    def _gone(self) -> float:
        """Seconds of the wait that are over, by this machine's clock; a clock that was set back adds none."""
        if self.deadline is None:
            return 0.0
        return max(time.time() - (self.deadline - self.timeout), 0.0)

    def _sight(self) -> Sight | None:
        # made anew by another triggerer: nobody has looked meanwhile, so it has to be asked about at once,
        # and that it was running until now would be a false lesson
        if self.since is None or self._gone() > _NEWS:
            return None
        return Sight(max(time.time() - self.since, 0.0), self.model, self.estimated_time)

    def _broken(self, error: Exception) -> str:
        return endings.lines(
            f"The wait for PHOTA task {self.phota_task_id} broke in the triggerer ({type(error).__name__}).",
            "The log above has the details.",
            endings.MAY_GO_ON,
            endings.FREE,
        )

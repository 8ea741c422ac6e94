"""Waits for a PHOTA task in the triggerer, without a worker slot."""

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
from airflow_provider_phota.polling.durations import Observation
from airflow_provider_phota.polling.span import Span
from airflow_provider_phota.polling.state import Patience
from airflow_provider_phota.polling.wait import wait_for_task
from airflow_provider_phota.triggers.events import WaitEnd, WaitEvent
from airflow_provider_phota.triggers.poller import Poller, SharedPoller

#: Used in place of the trigger's own `log`, which would be one more logger for each of thousands of waits.
log = logging.getLogger(__name__)

#: Seconds after its start before which a trigger does not fire its event. The scheduler may not have read yet
#: that the attempt has ended in a deferral, and would take a task instance that is resumed too early for a
#: crashed one (apache/airflow issues 66374, 67287, 71580): that costs an attempt.
EARLIEST_EVENT = 6.0
#: Seconds for which a trigger relies on what was seen of its task when the trigger was made.
SEEN_LATELY = 30.0
#: Waits on one event loop from which on each logs only its beginning and its end. Airflow's triggerer hands
#: every line from one process to another, and the event loop stands still if that one is too slow.
_MANY = 500


def earliest_event(age: float) -> float:
    """Returns the seconds after its start before which a trigger does not fire its event.

    Args:
        age: seconds since the attempt was deferred. If that was long ago, the scheduler has read it, and a
            trigger that two triggerers take from each other again and again would never fire.
    """
    return EARLIEST_EVENT if age < SEEN_LATELY else 0.0


class PhotaTaskTrigger(BaseTrigger):
    """Waits until one PHOTA task is finished, and fires one event that says how the wait ended.

    All the triggers of a connection ask through one `poller.Poller`. The arguments are stored in the metadata
    database, so they are IDs and seconds only. New ones get defaults, and old ones are never removed, so that
    a trigger that is stored during an upgrade still works.

    Args:
        phota_task_id: the task to wait for.
        phota_conn_id: the Airflow connection.
        deadline: epoch seconds at which the wait ends. A restart of the triggerer does not extend it. With
            None, for a task that starts in the triggerer, the wait ends `timeout` after its start.
        timeout: seconds that the wait was given in all. The deadline minus these is when the wait began.
        poll_interval: seconds between two questions, at least.
        max_unreachable: seconds without any usable answer after which the wait ends as `lost_sight`.
        longest_interval: seconds between two questions, at most. The interval is steady if this is None.
        since: epoch seconds at which the PHOTA task was created. If this is None, nothing is known of the
            PHOTA task yet, and the first question is asked at once.
        estimated_time: seconds that the service expected the PHOTA task to take; None if it did not say.
        model: the PHOTA task's model; the trigger learns from other tasks of the same model.
        execution_timeout: Airflow's `execution_timeout` in seconds if it is what ends the wait, or 0 if the
            wait's own `timeout` is.
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
        """Waits, then yields the one event."""
        earliest = time.monotonic() + earliest_event(self._used())
        event = await self._wait()
        log.info("The wait for PHOTA task %s ended: %s.", self.phota_task_id, event.end.value)
        await asyncio.sleep(max(earliest - time.monotonic(), 0.0))
        yield TriggerEvent(event.to_dict())

    async def on_kill(self) -> None:
        """Logs that the PHOTA task goes on, if a user fails or clears the Airflow task (3.3 and later).

        Airflow calls it as well if it gives the trigger to another triggerer.
        """
        log.warning(
            "The wait ended here: by a user, or as another triggerer goes on with it. PHOTA task %s goes on "
            "and is billed; the service cannot cancel it.",
            self.phota_task_id,
        )

    async def _wait(self) -> WaitEvent:
        try:
            # if the Airflow task started in the triggerer, the ID was just rendered and was never checked
            self.phota_task_id = checked_task_id(self.phota_task_id)
            log.info("Waiting for PHOTA task %s.", self.phota_task_id)
            async with SharedPoller(self.phota_conn_id) as poller:
                await poller.run(self._conversation(poller))
        except PhotaConfigurationError as error:
            return WaitEvent.of_error(endings.refused(self.phota_task_id, error), self.phota_task_id)
        except PhotaError as error:
            return WaitEvent.of_error(error, self.phota_task_id)
        except Exception as error:
            # an exception that leaves a trigger is logged by a process that has not read the connection, and
            # so cannot mask the key; this process has read it
            log.exception("The wait for PHOTA task %s broke.", self.phota_task_id)
            return WaitEvent(WaitEnd.LOST_SIGHT, self.phota_task_id, self._crash_text(error))
        return WaitEvent(WaitEnd.FINISHED, self.phota_task_id)

    def _conversation(self, poller: Poller) -> Conversation[PhotaTask]:
        longest = self.longest_interval or self.poll_interval
        return wait_for_task(
            self.phota_task_id,
            seconds=self._span(),
            schedule=poller.schedule(self.poll_interval, longest),
            patience=Patience(unreachable=self.max_unreachable),
            seen=self._seen(),
            log_level=logging.INFO if poller.waits < _MANY else logging.DEBUG,
        )

    def _span(self) -> Span:
        """Returns how much time is left, by the wall clock; the wait itself then uses a monotonic clock."""
        age: float | None = None
        if self.deadline is not None and self.since is not None:
            # both are by the clock of the worker that deferred, so it does not matter if that clock is wrong
            age = self.deadline - self.timeout - self.since
            age = max(age, 0.0) if age > -1.0 else None
        return Span(
            self.timeout,
            used=self._used(),
            age=age,
            execution_timeout=self.execution_timeout,
        )

    def _used(self) -> float:
        """Returns the seconds of the wait that are over by this machine's clock, never fewer than 0."""
        if self.deadline is None:
            return 0.0
        return max(time.time() - (self.deadline - self.timeout), 0.0)

    def _seen(self) -> Observation | None:
        """Returns the task as it was when the worker deferred, unless that was too long ago.

        A trigger that another triggerer resumes later does not know whether its task still runs. It has to
        ask at once, and must not teach that the task has been running until now.
        """
        if self.since is None or self._used() > SEEN_LATELY:
            return None
        return Observation(max(time.time() - self.since, 0.0), self.model, self.estimated_time)

    def _crash_text(self, error: Exception) -> str:
        return endings.lines(
            f"The wait for PHOTA task {self.phota_task_id} broke in the triggerer ({type(error).__name__}).",
            "The log above has the details.",
            endings.MAY_GO_ON,
            endings.FREE,
        )

"""Builds waits for operators and the sensor, and turns the end of a wait into a finished task or an error."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import conf

from airflow_provider_phota.api import endings
from airflow_provider_phota.api.errors import (
    PhotaConfigurationError,
    PhotaInputError,
    PhotaLostSight,
    PhotaWaitTimeout,
)
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.api.tasks import RESULT_HOURS, PhotaTask
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.polling.durations import Observation
from airflow_provider_phota.polling.schedule import PollSchedule
from airflow_provider_phota.polling.state import Patience
from airflow_provider_phota.polling.wait import OnRunning, wait_for_task
from airflow_provider_phota.triggers.events import WaitEvent
from airflow_provider_phota.triggers.phota import PhotaTaskTrigger

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

log = logging.getLogger(__name__)

#: Seconds for which a worker asks for the results of a task that the triggerer has seen finished.
_FETCH_SECONDS = 300.0
#: Seconds by which Airflow's own deferral timeout is later than ours, since it ends a task without a message.
_NET = 300.0
#: Results live 24 hours: a longer wait would outlive them.
LONGEST_TIMEOUT = (RESULT_HOURS - 4) * 3600.0


@dataclass(frozen=True)
class Intervals:
    """Bounds the seconds between two questions; the interval is steady if both are equal."""

    shortest: float = 2.0
    longest: float = 30.0

    @classmethod
    def checked(cls, argument: str, value: object) -> Intervals:
        """Returns the bounds that an author gave: two time spans, or one for a steady interval.

        Raises:
            PhotaInputError: The value is neither.
        """
        if not isinstance(value, (list, tuple)):
            seconds = checked_seconds(argument, value)
            return cls(seconds, seconds)
        if len(value) != 2 or not (bounds := [checked_seconds(argument, each) for each in value]) == sorted(
            bounds
        ):
            raise PhotaInputError(
                argument, f"must be one time span, or the shortest and the longest, got {shown(value)}."
            )
        return cls(*bounds)


@dataclass(frozen=True)
class Wait:
    """Describes how to wait for a task. All times are in seconds.

    Attributes:
        execution_timeout: that of the Airflow task if it ends the wait; 0 if `timeout` does.
    """

    phota_conn_id: str
    timeout: float
    intervals: Intervals
    max_unreachable: float
    execution_timeout: float = 0.0

    @classmethod
    def checked(
        cls, phota_conn_id: str, timeout: object, poll_interval: object, max_unreachable: object
    ) -> Wait:
        """Returns the wait that an operator's author asked for.

        Raises:
            PhotaInputError: It names the argument.
        """
        return cls(
            phota_conn_id,
            checked_seconds("timeout", timeout),
            Intervals.checked("poll_interval", poll_interval),
            checked_seconds("max_unreachable", max_unreachable),
        )

    def within(self, execution_timeout: timedelta | None, context: Context | None = None) -> Wait:
        """Returns the same wait, which ends at the latest when the time of the attempt is over.

        Airflow itself does not end a deferred attempt by `execution_timeout`.

        Args:
            execution_timeout: of the Airflow task.
            context: of its attempt; None if the attempt begins with the wait.
        """
        if execution_timeout is None:
            return self
        left = _time_left(execution_timeout, context)
        if left >= self.timeout:
            return self
        return replace(self, timeout=left, execution_timeout=execution_timeout.total_seconds())

    @property
    def patience(self) -> Patience:
        return Patience(unreachable=self.max_unreachable)

    @property
    def airflow_timeout(self) -> timedelta:
        """Returns the timeout for `defer()`, a safety net behind our own deadline, which gives a reason."""
        return timedelta(seconds=self.timeout + _NET)

    def trigger(self, phota_task_id: str, seen: PhotaTask | None = None) -> PhotaTaskTrigger:
        """Returns a trigger whose time begins now.

        Args:
            phota_task_id: the task to wait for.
            seen: the task as the service showed it a moment ago; None if it did not.
        """
        running = Observation.of(seen)
        now = time.time()
        if running is None:
            return self._trigger(phota_task_id, now + self.timeout)
        return self._trigger(
            phota_task_id,
            now + self.timeout,
            since=now - running.age,
            estimated_time=running.estimated_time,
            model=running.model,
        )

    def trigger_from_the_start(self, phota_task_id: str) -> PhotaTaskTrigger:
        """Returns a trigger that starts together with its Airflow task; the ID may be a template."""
        return self._trigger(phota_task_id, None)

    def _trigger(self, phota_task_id: str, deadline: float | None, **seen: Any) -> PhotaTaskTrigger:
        return PhotaTaskTrigger(
            phota_task_id=phota_task_id,
            phota_conn_id=self.phota_conn_id,
            deadline=deadline,
            timeout=self.timeout,
            poll_interval=self.intervals.shortest,
            max_unreachable=self.max_unreachable,
            longest_interval=self.intervals.longest,
            execution_timeout=self.execution_timeout,
            **seen,
        )

    def here(
        self, phota_task_id: str, seen: PhotaTask | None = None, on_running: OnRunning | None = None
    ) -> PhotaTask:
        """Waits in this process.

        Args:
            phota_task_id: the task to wait for.
            seen: the task as the service showed it a moment ago; None if it did not.
            on_running: called with the task each time the service says that it is running.

        Raises:
            PhotaTaskError: The wait ended without a finished task.
        """
        return self._ask_until_finished(phota_task_id, self.timeout, Observation.of(seen), on_running)

    def after(self, event: WaitEvent) -> PhotaTask:
        """Returns the finished task that a trigger waited for.

        Raises:
            PhotaTaskError: The wait ended without one.
        """
        if event.error:
            raise event.error
        try:
            return self._ask_until_finished(event.phota_task_id, _FETCH_SECONDS)
        except PhotaWaitTimeout:
            raise PhotaLostSight(
                endings.lines(
                    f"PHOTA task {event.phota_task_id} is finished, but was not shown again "
                    f"for {_FETCH_SECONDS:.0f} s.",
                    f"It is billed. {endings.RESULTS_LIVE}",
                    endings.FREE,
                ),
                event.phota_task_id,
            ) from None

    def _ask_until_finished(
        self,
        phota_task_id: str,
        seconds: float,
        seen: Observation | None = None,
        on_running: OnRunning | None = None,
    ) -> PhotaTask:
        conversation = wait_for_task(
            phota_task_id,
            seconds=seconds,
            schedule=PollSchedule(self.intervals.shortest, self.intervals.longest),
            patience=self.patience,
            seen=seen,
            on_running=on_running,
        )
        try:
            return PhotaHook(self.phota_conn_id).run(conversation)
        except PhotaConfigurationError as error:
            raise endings.refused(phota_task_id, error) from None


def _time_left(execution_timeout: timedelta, context: Context | None) -> float:
    """Returns the seconds that an attempt has left, by this machine's clock and its recorded start."""
    seconds = execution_timeout.total_seconds()
    start: datetime | None = getattr(context.get("ti"), "start_date", None) if context else None
    if start is None:
        return seconds
    gone = (datetime.now(UTC) - start).total_seconds()
    return min(max(seconds - gone, 0.0), seconds)


def out_of_time(phota_task_id: str, execution_timeout: timedelta | None, next_step: str) -> str:
    """Returns the message of an attempt that `execution_timeout` ends, on a worker or in the triggerer.

    Args:
        phota_task_id: the task.
        execution_timeout: of the Airflow task.
        next_step: what a retry does.
    """
    seconds = execution_timeout.total_seconds() if execution_timeout else 0.0
    return endings.lines(endings.out_of_time(phota_task_id, seconds), next_step)


def resumed_too_late(execution_timeout: timedelta | None, context: Context) -> bool:
    """Returns True if Airflow ends an attempt as soon as it comes back from a deferral, without a message.

    Airflow 2 does so if `execution_timeout` has passed meanwhile; later versions count again from 0.
    """
    resumed = getattr(context.get("ti"), "next_method", None)  # only Airflow 2 has it
    return bool(resumed and execution_timeout and not _time_left(execution_timeout, context))


def default_deferrable() -> bool:
    """Returns True if this Airflow defers operators whose author does not set `deferrable`."""
    return bool(conf.getboolean("operators", "default_deferrable", fallback=False))


def checked_seconds(argument: str, value: object) -> float:
    """Returns the seconds of a time span that an author gave: a number of seconds or a timedelta.

    Raises:
        PhotaInputError: It is not a time span, not above 0, or longer than a wait may be.
    """
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise PhotaInputError(argument, f"must be seconds or a timedelta, got {shown(value)}.")
    if not 0 < seconds <= LONGEST_TIMEOUT:
        raise PhotaInputError(
            argument, f"must be seconds above 0 and at most {LONGEST_TIMEOUT:.0f}, got {shown(value)}."
        )
    return float(seconds)

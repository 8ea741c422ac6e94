"""Asks about a task until it is finished: the conversation of a wait."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeAlias

from airflow_provider_phota.api.errors import PhotaNotBilled
from airflow_provider_phota.api.protocol import get_task_once
from airflow_provider_phota.api.tasks import Outcome, PhotaTask
from airflow_provider_phota.api.wire import Conversation, Sleep
from airflow_provider_phota.polling.durations import Observation
from airflow_provider_phota.polling.schedule import PollSchedule
from airflow_provider_phota.polling.span import Countdown, Span
from airflow_provider_phota.polling.state import Patience, WaitState

#: Is told about a task that is running.
OnRunning: TypeAlias = Callable[[PhotaTask], None]

#: Seconds for which a driver may hold back the last question of a wait.
_LAST_QUESTION = 30.0


def wait_for_task(
    phota_task_id: str,
    *,
    seconds: float | Span,
    schedule: PollSchedule,
    patience: Patience,
    seen: Observation | None = None,
    log_level: int = logging.INFO,
    on_running: OnRunning | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Conversation[PhotaTask]:
    """Asks about a task until it is finished, whether it succeeded or failed. Free.

    Args:
        phota_task_id: a checked task ID.
        seconds: how long to wait at most; the last question is asked when they are over. A span also says
            what is known of the time before.
        schedule: decides when to ask next.
        patience: how long to tolerate what may be only temporary.
        seen: the task as it was seen running a moment ago. With it, the first question is not asked at once.
        log_level: of the lines that say what the status is. One of many waits has to say less.
        on_running: called with the task each time the service says that it is running.
        clock: tells the seconds and only goes forward; for tests.

    Returns:
        The task, with the outcome SUCCEEDED or FAILED.

    Raises:
        PhotaWaitTimeout: the task was still running when the time was over.
        PhotaExecutionTimeout: the same, because of Airflow's `execution_timeout`.
        PhotaLostSight: there was no usable answer for too long.
        PhotaResultsMissing: the task has been completed without results for too long.
        PhotaWaitRefused: the service or the connection does not let us ask.
        PhotaTaskUnknown: the service does not know the task.
    """
    state = WaitState(phota_task_id, patience, clock(), seen, schedule.durations, log_level=log_level)
    countdown = Countdown(seconds if isinstance(seconds, Span) else Span(seconds), clock())
    try:
        if seen:
            yield Sleep(min(schedule.next_in(seen), countdown.left(clock())))
        while True:
            asked_to_wait = 0.0
            try:
                task = yield from _ask(state, countdown.left(clock()), clock())
                if state.record_answer(task, clock()):
                    return task
                countdown.correct(task.age, clock())
                if on_running and task.outcome is Outcome.RUNNING:
                    on_running(task)
                del task  # thousands of waits may sleep at once: the memory of their last answers adds up
            except PhotaNotBilled as problem:
                state.record_failure(problem, clock())
                asked_to_wait = problem.retry_after
            if (remaining := countdown.left(clock(), answered=state.reached)) <= 0:
                raise countdown.error(phota_task_id, clock(), state.problem)
            pause = schedule.next_in(state.last_seen(clock()), state.failures, asked_to_wait)
            yield Sleep(min(pause, remaining))
    finally:
        state.close()


def _ask(state: WaitState, remaining: float, now: float) -> Conversation[PhotaTask]:
    # the last question, too, may have to wait a moment for its turn: else it might never be asked
    within = min(max(remaining, _LAST_QUESTION), state.patience_left(now))
    return get_task_once(state.phota_task_id, sync_upstream=state.ask_upstream, within=within)

"""Waiting for a task: what a series of answers amounts to, and the conversation that asks for them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from airflow_provider_phota.api import endings
from airflow_provider_phota.api.errors import (
    PhotaConfigurationError,
    PhotaNotBilled,
    PhotaNotFound,
    PhotaRefused,
)
from airflow_provider_phota.api.protocol import get_task_once
from airflow_provider_phota.api.tasks import Outcome, PhotaTask, TaskStatus
from airflow_provider_phota.api.wire import Conversation, Sleep
from airflow_provider_phota.polling.durations import Durations, Sight
from airflow_provider_phota.polling.schedule import PollSchedule
from airflow_provider_phota.polling.span import Countdown, Span

log = logging.getLogger(__name__)

#: Seconds for which the last question of a wait may be held back.
_LAST_QUESTION = 30.0

#: Any clock that only goes forward, in seconds.
Clock = Callable[[], float]


@dataclass(frozen=True)
class Patience:
    """How long, in seconds, a wait puts up with what may heal.

    Attributes:
        unreachable: without any usable answer.
        results_missing: completed without results (the vendor's own clients bear 720 s).
        not_found: unknown to the service; a new task may need a moment to be known everywhere.
        untrusted: without a TLS connection since the wait began; a certificate may be being rotated.
    """

    unreachable: float = 1800.0
    results_missing: float = 720.0
    not_found: float = 120.0
    untrusted: float = 300.0


class Watch:
    """One wait's memory: feed it every answer and every failure, in order.

    Args:
        phota_task_id: what is waited for.
        patience: how long to bear what may heal.
        now: by a clock that only goes forward, as everywhere here.
        sight: the task as it was seen running a moment ago.
        durations: whom to teach how long tasks take.
    """

    def __init__(
        self,
        phota_task_id: str,
        patience: Patience,
        now: float,
        sight: Sight | None = None,
        durations: Durations | None = None,
    ) -> None:
        self.phota_task_id = phota_task_id
        self._patience = patience
        self._durations = durations or Durations()
        self._last_answer = now
        self._not_found_since: float | None = None
        self._results_missing_since: float | None = None
        self._began = now
        self._last_word: str | None = None
        self._told: tuple[str, ...] = ()
        self._first_sight = self._last_sight = sight
        self._seen_at = now
        #: True once the service has answered anything.
        self.reached = False
        #: Questions in a row that got no usable answer.
        self.failures = 0
        #: Why the last one got none, empty if it got one.
        self.problem = ""
        #: Whether to have the gateway refresh its next answer: every other time while results are missing.
        self.ask_upstream = False

    def answered(self, task: PhotaTask, now: float) -> bool:
        """Take in an answer; True when the task is finished, well or not.

        Raises:
            PhotaResultsMissing: completed for too long without results.
        """
        self.failures = 0
        self.problem = ""
        self.reached = True
        self._last_answer = now
        self._not_found_since = None
        self._log(task)
        self._see(task, now)
        self._teach(task, now)
        if task.outcome is not Outcome.RESULTS_PENDING:
            return task.outcome is not Outcome.RUNNING
        self.ask_upstream = not self.ask_upstream
        if self._results_missing_since is None:
            self._results_missing_since = now
        if now - self._results_missing_since >= self._patience.results_missing:
            raise endings.results_missing(task.id, now - self._results_missing_since)
        return False

    def sight(self, now: float) -> Sight | None:
        """The task as it was last seen running, at the age it has now."""
        return self._last_sight.later(now - self._seen_at) if self._last_sight else None

    def close(self) -> None:
        """The wait is over, whatever came of it."""
        self._durations.forget(self.phota_task_id)

    def bears(self, now: float) -> float:
        """Seconds for which it still puts up with no answer."""
        return max(self._last_answer + self._patience.unreachable - now, 0.0)

    def unanswered(self, problem: PhotaNotBilled, now: float) -> None:
        """Take in a question that failed, and bear it.

        Raises:
            PhotaWaitRefused: asking again cannot help, or there was never a TLS connection.
            PhotaTaskUnknown: the service keeps saying that it knows no such task.
            PhotaLostSight: no usable answer for too long.
        """
        self.failures += 1
        self.problem = str(problem)
        self.reached = self.reached or isinstance(problem, PhotaRefused)
        log.debug("PHOTA task %s: question %s failed: %s", self.phota_task_id, self.failures, problem)
        if isinstance(problem, PhotaNotFound):
            self._not_found(problem, now)
        elif isinstance(problem, PhotaRefused) and not problem.retryable:
            raise endings.refused(self.phota_task_id, problem)
        else:
            if isinstance(problem, PhotaConfigurationError):
                self._untrusted(problem, now)
            if (silence := now - self._last_answer) >= self._patience.unreachable:
                raise endings.lost_sight(self.phota_task_id, silence, problem)

    def _see(self, task: PhotaTask, now: float) -> None:
        seen = Sight.of(task)
        if seen is None:
            return
        if before := self.sight(now):
            # an age that once was known goes on by this clock, which is finer than the service's seconds
            seen = Sight(before.age, seen.model, seen.estimated_time or before.estimated_time, seen.progress)
        self._last_sight = seen
        self._seen_at = now
        if self._first_sight is None or self._first_sight.foretold is None:
            self._first_sight = self._last_sight

    def _teach(self, task: PhotaTask, now: float) -> None:
        """How long a task takes, as far as it is known now; a failure says nothing of the successes."""
        first, last, at_now = self._first_sight, self._last_sight, self.sight(now)
        if first is None or last is None or at_now is None:
            return
        if task.outcome is Outcome.RUNNING:
            self._durations.learn(self.phota_task_id, first, last)
        elif task.outcome is Outcome.SUCCEEDED:
            self._durations.learn(self.phota_task_id, first, last, at_now.age)

    def _not_found(self, problem: PhotaNotFound, now: float) -> None:
        self._last_answer = now
        if self._not_found_since is None:
            self._not_found_since = now
        if now - self._not_found_since >= self._patience.not_found:
            raise endings.unknown(self.phota_task_id, problem)

    def _untrusted(self, problem: PhotaConfigurationError, now: float) -> None:
        """No TLS connection came about. It is paid, and nobody should learn of it half an hour later."""
        if (words := str(problem)) not in self._told:
            self._told += (words,)
            log.warning(words)
            log.warning("PHOTA task %s is billed and may still be running; asking again.", self.phota_task_id)
        waited = now - self._began
        if not self.reached and waited >= min(self._patience.untrusted, self._patience.unreachable):
            raise endings.unreachable_over_tls(self.phota_task_id, waited, problem)

    def _log(self, task: PhotaTask) -> None:
        if task.status_word == self._last_word:
            log.debug("PHOTA task %s is still %s (progress: %s).", task.id, task.status_word, task.progress)
            return
        self._last_word = task.status_word
        if task.status is TaskStatus.UNKNOWN:
            log.warning(
                "PHOTA task %s has the unknown status %r; waiting on as for one that is running.",
                task.id,
                task.status_word,
            )
        else:
            log.info("PHOTA task %s is %s.", task.id, task.status_word)


def wait_for_task(
    phota_task_id: str,
    *,
    seconds: float | Span,
    schedule: PollSchedule,
    patience: Patience,
    sight: Sight | None = None,
    clock: Clock = time.monotonic,
) -> Conversation[PhotaTask]:
    """Ask about a task until it is finished, well or not. Free.

    Args:
        phota_task_id: a checked task ID.
        seconds: how long to wait at most; the last question is asked when they are over. A span says what is
            known of the time before.
        schedule: when to ask next.
        patience: how long to bear what may heal.
        sight: the task as it was seen running a moment ago: then it is not asked about at once.
        clock: for tests.

    Returns:
        The task, with outcome SUCCEEDED or FAILED.

    Raises:
        PhotaWaitTimeout: still running when the time was over.
        PhotaLostSight: no usable answer for too long.
        PhotaResultsMissing: completed for too long without results.
        PhotaExecutionTimeout: the same, because of Airflow's `execution_timeout`.
        PhotaWaitRefused: the service or the connection does not let us ask.
        PhotaTaskUnknown: the service keeps saying that it knows no such task.
    """
    watch = Watch(phota_task_id, patience, clock(), sight, schedule.durations)
    countdown = Countdown(seconds if isinstance(seconds, Span) else Span(seconds), clock())
    try:
        if sight:
            yield Sleep(min(schedule.next_in(sight), countdown.left(clock())))
        while True:
            asked_to_wait = 0.0
            try:
                task = yield from _question(watch, countdown.left(clock()), clock())
                if watch.answered(task, clock()):
                    return task
                countdown.hear(task.age, clock())
                del task  # thousands of waits sleep at once: none of them keeps its last answer
            except PhotaNotBilled as problem:
                watch.unanswered(problem, clock())
                asked_to_wait = problem.retry_after
            if (remaining := countdown.left(clock(), answered=watch.reached)) <= 0:
                raise countdown.error(phota_task_id, clock(), watch.problem)
            pause = schedule.next_in(watch.sight(clock()), watch.failures, asked_to_wait)
            yield Sleep(min(pause, remaining))
    finally:
        watch.close()


def _question(watch: Watch, remaining: float, now: float) -> Conversation[PhotaTask]:
    # the last question may be held back for a moment too, or it could never be asked
    within = min(max(remaining, _LAST_QUESTION), watch.bears(now))
    return get_task_once(watch.phota_task_id, sync_upstream=watch.ask_upstream, within=within)

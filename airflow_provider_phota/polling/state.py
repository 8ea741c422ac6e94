"""Remembers the answers and failures of one wait, and decides when they end it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from airflow_provider_phota.api import endings
from airflow_provider_phota.api.errors import (
    PhotaConfigurationError,
    PhotaNotBilled,
    PhotaNotFound,
    PhotaRefused,
)
from airflow_provider_phota.api.tasks import Outcome, PhotaTask, TaskStatus
from airflow_provider_phota.polling.durations import Durations, Observation

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Patience:
    """Says for how many seconds a wait tolerates what may be only temporary.

    Attributes:
        unreachable: no usable answer.
        results_missing: completed without results (the vendor's own clients tolerate that for 720 s).
        not_found: unknown to the service; a new task may take a moment to be known everywhere.
        untrusted: no TLS connection since the wait began; a certificate may just be replaced.
    """

    unreachable: float = 1800.0
    results_missing: float = 720.0
    not_found: float = 120.0
    untrusted: float = 300.0


@dataclass(frozen=True)
class Memory:
    """Is what a wait has to remember from one process to the next, in epoch seconds.

    Attributes:
        began: when the wait began.
        last_answer: when the last usable answer came.
        not_found_since: since when the service has not known the task.
        results_missing_since: since when the task has been completed without results.
        reached: True once the service has answered anything.
        ask_upstream: True if the gateway should refresh its next answer.
    """

    began: float
    last_answer: float
    not_found_since: float | None = None
    results_missing_since: float | None = None
    reached: bool = False
    ask_upstream: bool = False

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Memory:
        """Reads it back.

        Raises:
            KeyError, TypeError, ValueError: it is not a memory.
        """
        not_found, results_missing = fields["not_found_since"], fields["results_missing_since"]
        return cls(
            float(fields["began"]),
            float(fields["last_answer"]),
            None if not_found is None else float(not_found),
            None if results_missing is None else float(results_missing),
            bool(fields["reached"]),
            bool(fields["ask_upstream"]),
        )


class WaitState:
    """Takes in every answer and every failure of one wait, in order.

    Args:
        phota_task_id: the task that is waited for.
        patience: how long to tolerate what may be only temporary.
        now: the present time, by a clock that only goes forward; the same clock is used everywhere here.
        seen: the task as it was seen running a moment ago, if it was.
        durations: learns from this wait how long tasks take.
        log_level: of the lines that say what the status is.

    Attributes:
        reached: True once the service has answered anything.
        failures: how many questions in a row got no usable answer.
        problem: why the last question got no usable answer; empty if it got one.
        ask_upstream: True if the gateway should refresh its next answer. It alternates while results are
            missing.
    """

    def __init__(
        self,
        phota_task_id: str,
        patience: Patience,
        now: float,
        seen: Observation | None = None,
        durations: Durations | None = None,
        *,
        log_level: int = logging.INFO,
    ) -> None:
        self.phota_task_id = phota_task_id
        self.reached = False
        self.failures = 0
        self.problem = ""
        self.ask_upstream = False
        self._patience = patience
        self._durations = durations or Durations()
        self._began = now
        self._last_answer = now
        self._not_found_since: float | None = None
        self._results_missing_since: float | None = None
        self._log_level = log_level
        self._logged_status: str | None = None
        self._tls_problems: tuple[str, ...] = ()
        self._first_seen = self._last_seen = seen
        self._seen_at = now

    @property
    def memory(self) -> Memory:
        """What another process needs to go on with this wait, if its clock shows epoch seconds."""
        return Memory(
            self._began,
            self._last_answer,
            self._not_found_since,
            self._results_missing_since,
            self.reached,
            self.ask_upstream,
        )

    def resume(self, memory: Memory) -> None:
        """Goes on with what another process remembered."""
        self._began, self._last_answer = memory.began, memory.last_answer
        self._not_found_since = memory.not_found_since
        self._results_missing_since = memory.results_missing_since
        self.reached, self.ask_upstream = memory.reached, memory.ask_upstream

    def record_answer(self, task: PhotaTask, now: float) -> bool:
        """Takes in an answer; returns True once the task is finished, whether it succeeded or failed.

        Raises:
            PhotaResultsMissing: the task has been completed without results for too long.
        """
        self.failures = 0
        self.problem = ""
        self.reached = True
        self._last_answer = now
        self._not_found_since = None
        self._log_status(task)
        self._observe(task, now)
        self._learn_duration(task, now)
        if task.outcome is not Outcome.RESULTS_PENDING:
            return task.outcome is not Outcome.RUNNING
        self.ask_upstream = not self.ask_upstream
        if self._results_missing_since is None:
            self._results_missing_since = now
        if now - self._results_missing_since >= self._patience.results_missing:
            raise endings.results_missing(task.id, now - self._results_missing_since)
        return False

    def record_failure(self, problem: PhotaNotBilled, now: float) -> None:
        """Takes in a question that got no usable answer, and tolerates that for a while.

        Raises:
            PhotaWaitRefused: asking again cannot help, or there was never a TLS connection.
            PhotaTaskUnknown: the service still does not know the task.
            PhotaLostSight: there was no usable answer for too long.
        """
        self.failures += 1
        self.problem = str(problem)
        self.reached = self.reached or isinstance(problem, PhotaRefused)
        log.debug("PHOTA task %s: question %s failed: %s", self.phota_task_id, self.failures, problem)
        if isinstance(problem, PhotaNotFound):
            self._tolerate_not_found(problem, now)
        elif isinstance(problem, PhotaRefused) and not problem.retryable:
            raise endings.refused(self.phota_task_id, problem)
        else:
            if isinstance(problem, PhotaConfigurationError):
                self._tolerate_untrusted(problem, now)
            if (silence := now - self._last_answer) >= self._patience.unreachable:
                raise endings.lost_sight(self.phota_task_id, silence, problem)

    def last_seen(self, now: float) -> Observation | None:
        """Returns the task as it was last seen running, at its present age; None if it never was."""
        return self._last_seen.later(now - self._seen_at) if self._last_seen else None

    def patience_left(self, now: float) -> float:
        """Returns for how many more seconds the wait tolerates to have no usable answer."""
        return max(self._last_answer + self._patience.unreachable - now, 0.0)

    def close(self) -> None:
        """Ends the wait, whatever came of it."""
        self._durations.forget(self.phota_task_id)

    def _observe(self, task: PhotaTask, now: float) -> None:
        seen = Observation.of(task)
        if seen is None:
            return
        before = self.last_seen(now)
        self._last_seen = seen.after(before) if before else seen
        self._seen_at = now
        if self._first_seen is None or self._first_seen.predicted is None:
            self._first_seen = self._last_seen

    def _learn_duration(self, task: PhotaTask, now: float) -> None:
        """Learns from a running or a succeeded task; a failed one says nothing about those that succeed."""
        first, last, at_now = self._first_seen, self._last_seen, self.last_seen(now)
        if first is None or last is None or at_now is None:
            return
        if task.outcome is Outcome.RUNNING:
            self._durations.learn(self.phota_task_id, first, last)
        elif task.outcome is Outcome.SUCCEEDED:
            self._durations.learn(self.phota_task_id, first, last, at_now.age)

    def _tolerate_not_found(self, problem: PhotaNotFound, now: float) -> None:
        self._last_answer = now
        if self._not_found_since is None:
            self._not_found_since = now
        if now - self._not_found_since >= self._patience.not_found:
            raise endings.unknown(self.phota_task_id, problem)

    def _tolerate_untrusted(self, problem: PhotaConfigurationError, now: float) -> None:
        """Warns at once, since the task is billed and half an hour of patience would hide the problem."""
        if (words := str(problem)) not in self._tls_problems:
            self._tls_problems += (words,)
            log.warning(words)
            log.warning("PHOTA task %s is billed and may still be running; asking again.", self.phota_task_id)
        waited = now - self._began
        if not self.reached and waited >= min(self._patience.untrusted, self._patience.unreachable):
            raise endings.unreachable_over_tls(self.phota_task_id, waited, problem)

    def _log_status(self, task: PhotaTask) -> None:
        if task.status_word == self._logged_status:
            log.debug("PHOTA task %s is still %s (progress: %s).", task.id, task.status_word, task.progress)
            return
        self._logged_status = task.status_word
        if task.status is TaskStatus.UNKNOWN:
            log.warning(
                "PHOTA task %s has the unknown status %r; it is treated as running.",
                task.id,
                task.status_word,
            )
        else:
            log.log(self._log_level, "PHOTA task %s is %s.", task.id, task.status_word)

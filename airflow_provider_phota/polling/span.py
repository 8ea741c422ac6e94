"""Measures how much of a wait's time is left, although clocks may be wrong.

A wait moves from machine to machine. When it begins on one of them, only a wall clock tells how much of its
time was used before, and that clock may be wrong. Two clocks can be trusted: the one of this process, which
only goes forward, and the service's own, by which every machine sees the same age of the task.
"""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_phota.api import endings
from airflow_provider_phota.api.endings import PhotaExecutionTimeout
from airflow_provider_phota.api.errors import PhotaWaitTimeout

#: Seconds that a wait whose time is over gets at most, so that its one question can be answered.
_GRACE = 30.0
#: Seconds that a triggerer may need to start; so few are not worth mentioning in an error.
_TRIGGERER_START = 60.0


@dataclass(frozen=True)
class Span:
    """Says how long a wait may take, and how much of that was used before it began here.

    Attributes:
        seconds: what the wait may take in all.
        used: seconds of them that were used before, by the wall clock.
        age: seconds that the task had lived, by the service's clock, when the wait first began; None if that
            is not known.
        execution_timeout: Airflow's `execution_timeout` in seconds if it is what ends the wait, else 0.
    """

    seconds: float
    used: float = 0.0
    age: float | None = None
    execution_timeout: float = 0.0


class Countdown:
    """Counts the time of a wait down.

    Args:
        span: how long the wait may take.
        now: the present time, by a clock that only goes forward; the same clock is used everywhere here.
    """

    def __init__(self, span: Span, now: float) -> None:
        self._span = span
        self._began = now
        self._used = span.used
        self._corrected = False
        self._end = now + max(span.seconds - span.used, 0.0)

    def left(self, now: float, *, answered: bool = True) -> float:
        """Returns the seconds until the last question; 0 or less once it was asked.

        Args:
            now: the present time.
            answered: False if the service has not answered since the wait began here. Then the wait goes on
                for a moment, even if its time was over before.
        """
        grace = 0.0 if answered else min(_GRACE, self._span.seconds)
        return max(self._end, self._began + grace) - now

    def correct(self, age: float | None, now: float) -> None:
        """Corrects the wall clock by the task's age: more time may be left than the wall clock said."""
        if age is None or self._span.age is None or self._corrected:
            return
        self._corrected = True  # only once: the age in a cached answer would never grow
        used = age - self._span.age - (now - self._began)
        if used < self._used:
            self._used = max(used, 0.0)
            self._end = self._began + self._span.seconds - self._used

    def error(self, phota_task_id: str, now: float, problem: str) -> PhotaWaitTimeout:
        """Returns the error of a wait whose time is over.

        Args:
            phota_task_id: the task.
            now: the present time.
            problem: why the last question got no usable answer; empty if it got one.
        """
        if self._span.execution_timeout:
            words = endings.out_of_time(phota_task_id, self._span.execution_timeout)
            return PhotaExecutionTimeout(words, phota_task_id)
        return endings.timed_out(phota_task_id, self._how_long(now - self._began), problem)

    def _how_long(self, here: float) -> str:
        """Says how long the wait took, given the seconds that it took here."""
        late = self._used - self._span.seconds
        if late <= 0 and self._used < _TRIGGERER_START:
            return f"after waiting {here + self._used:.0f} s."
        if late <= 0:
            return f"at its deadline.\nThe wait took {here:.0f} s here."
        return (
            f"at its deadline.\nBy this machine's clock that was {late:.0f} s before the wait began here; "
            f"it took {here:.0f} s. Is the clock right?"
        )

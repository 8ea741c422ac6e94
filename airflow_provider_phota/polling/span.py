"""How long a wait may take, whatever the clocks say.

A wait moves from machine to machine, so how much of its time is over when it begins on one of them is known
by a wall clock only, and that may be wrong. Two clocks can be trusted: the one here that only goes forward,
and the service's own, by which all machines see the age of the task.
"""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_phota.api import endings
from airflow_provider_phota.api.endings import PhotaExecutionTimeout
from airflow_provider_phota.api.errors import PhotaWaitTimeout

#: Seconds that a wait whose time is over may take at most until its one question is answered.
_GRACE = 30.0
#: Seconds that a triggerer may need to start: too few to be told of.
_START = 60.0


@dataclass(frozen=True)
class Span:
    """How long a wait may take, and what is known of it as it begins here.

    Attributes:
        seconds: it may take in all.
        gone: seconds of them that are over, by the wall clock.
        age: seconds that the task had lived, by the service's clock, when the wait first began; None if that
            is not known.
        execution_timeout: of the Airflow task, in seconds, if the wait ends because of it; 0 if not.
    """

    seconds: float
    gone: float = 0.0
    age: float | None = None
    execution_timeout: float = 0.0


class Countdown:
    """Counts the time of a wait.

    Args:
        span: what it may take.
        now: by a clock that only goes forward, as everywhere here.
    """

    def __init__(self, span: Span, now: float) -> None:
        self._span = span
        self._began = now
        self._gone = span.gone
        self._heard = False
        self._end = now + max(span.seconds - span.gone, 0.0)

    def left(self, now: float, *, answered: bool = True) -> float:
        """Seconds until the last question; 0 or less if it was asked.

        Args:
            now: by the same clock.
            answered: True if the service has answered since the wait began here. Until then the wait goes on
                for a moment, even if its time was over before.
        """
        grace = 0.0 if answered else min(_GRACE, self._span.seconds)
        return max(self._end, self._began + grace) - now

    def hear(self, age: float | None, now: float) -> None:
        """Take in the task's age by the service's clock: more time may be left than the wall clock said."""
        if age is None or self._span.age is None or self._heard:
            return
        self._heard = True  # once: an answer out of a cache would never grow older
        gone = age - self._span.age - (now - self._began)
        if gone < self._gone:
            self._gone = max(gone, 0.0)
            self._end = self._began + self._span.seconds - self._gone

    def error(self, phota_task_id: str, now: float, problem: str) -> PhotaWaitTimeout:
        """The end of the wait, in words.

        Args:
            phota_task_id: the task.
            now: by the same clock.
            problem: why the last question got no usable answer, empty if it got one.
        """
        if self._span.execution_timeout:
            words = endings.out_of_time(phota_task_id, self._span.execution_timeout)
            return PhotaExecutionTimeout(words, phota_task_id)
        return endings.timed_out(phota_task_id, self._told(now - self._began), problem)

    def _told(self, here: float) -> str:
        late = self._gone - self._span.seconds
        if late <= 0 and self._gone < _START:
            return f"after waiting {here + self._gone:.0f} s."
        if late <= 0:
            return f"at its deadline.\nThe wait took {here:.0f} s here."
        return (
            f"at its deadline.\nBy this machine's clock that was {late:.0f} s before the wait began here; "
            f"it took {here:.0f} s. Is the clock right?"
        )

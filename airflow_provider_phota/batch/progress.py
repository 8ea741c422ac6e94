"""Says how far a batch is, and when to say so again. It does no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TypedDict, cast

from airflow_provider_phota.journal.rows import Status

#: Seconds between two lines at least, and at most.
SHORTEST_SILENCE, LONGEST_SILENCE = 10.0, 300.0
#: The share of all items that must have ended for a line before the longest silence is over.
_SHARE = 0.05
#: Seconds over which the pace is measured at least; shorter ones show waves rather than the pace.
_SHORTEST_VIEW = 60.0
#: Looks at a batch that are remembered at most.
_MOST_LOOKS = 128
_MINUTE, _HOUR = 60, 3600


class ProgressFields(TypedDict):
    """Describes how far a batch is, as the task's state store has it."""

    items: int
    landed: int
    failed: int
    in_flight: int
    credits: float
    seconds_left: float | None


@dataclass(frozen=True)
class Progress:
    """Says how far a batch is.

    Attributes:
        items: how many there are.
        landed: how many are in the destination, those of earlier runs included.
        failed: how many have ended otherwise.
        in_flight: how many are paid for, or may be, and have not ended.
        credits: what has been paid so far, as far as the service said.
        seconds_left: until all items have ended, if they go on as they did; None if that is not known yet.
    """

    items: int
    landed: int
    failed: int
    in_flight: int
    credits: float
    seconds_left: float | None = None

    @classmethod
    def of(
        cls,
        items: int,
        counts: Mapping[Status, int],
        in_flight: int,
        cost: float,
        seconds_left: float | None = None,
    ) -> Progress:
        """Counts what has ended.

        Args:
            items: how many there are.
            counts: how many have ended how.
            in_flight: how many are paid for and have not ended.
            cost: credits that were paid so far.
            seconds_left: see `Pace`.
        """
        failed = sum(number for status, number in counts.items() if status.is_failure)
        landed = sum(counts.get(status, 0) for status in (Status.LANDED, Status.EXISTING))
        return cls(items, landed, failed, in_flight, cost, seconds_left)

    @property
    def ended(self) -> int:
        return self.landed + self.failed

    def __str__(self) -> str:
        """Returns one line for the log."""
        share = f" ({self.landed / self.items:.0%})" if self.items else ""
        left = "" if self.seconds_left is None else f"; about {_duration(self.seconds_left)} left"
        return (
            f"{self.landed:,} of {self.items:,} items have landed{share}, {self.in_flight:,} in flight, "
            f"{self.failed:,} failed, {self.credits:,.10g} credits so far{left}."
        )

    def to_dict(self) -> ProgressFields:
        """Returns the progress as plain data for JSON."""
        return cast("ProgressFields", asdict(self))


class Pace:
    """Judges how long a batch still takes, by how many items have ended lately.

    Items end in waves: hundreds are sent at once, and hundreds are finished at once. So the pace is that of
    the last half of the time, and of a minute at least.
    """

    def __init__(self) -> None:
        #: Moments, in seconds, and how many items had ended.
        self._looks: list[tuple[float, int]] = []

    def note(self, now: float, ended: int) -> None:
        """Takes in how many items have ended by now.

        Args:
            now: seconds of a clock that never goes back.
            ended: how many, in this attempt and earlier ones.
        """
        self._looks.append((now, ended))
        if len(self._looks) > _MOST_LOOKS:
            self._looks = [self._looks[0], *self._looks[2:-1:2], self._looks[-1]]

    def seconds_left(self, items: int) -> float | None:
        """Returns the seconds until all items have ended, or None if that is not known yet."""
        if not self._looks:
            return None
        now, ended = self._looks[-1]
        if ended >= items:
            return 0.0
        view = max((now - self._looks[0][0]) / 2, _SHORTEST_VIEW)
        then, before = max((look for look in self._looks if now - look[0] >= view), default=self._looks[0])
        if ended <= before or now <= then:
            return None
        return (items - ended) * (now - then) / (ended - before)


def is_due(silence: float, ended_since: int, items: int) -> bool:
    """Returns True if it is time for another line in the log.

    Few items may take minutes each, and 100,000 items hours: there are some 20 lines for all items, at most
    one in 10 seconds, and at least one in 5 minutes.

    Args:
        silence: seconds since the last line.
        ended_since: how many items have ended since then.
        items: how many there are.
    """
    if silence >= LONGEST_SILENCE:
        return True
    return silence >= SHORTEST_SILENCE and ended_since >= max(items * _SHARE, 1)


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 2 * _MINUTE:
        return f"{whole} s"
    minutes = round(seconds / _MINUTE)
    if minutes < _HOUR // _MINUTE:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"

"""Decides how many requests a second one sender may send, so that many senders share what a service allows.

Nobody tells a sender of the others, or what the service allows in all. It learns from refusals (429): each
one makes it slower by a part, and from there it comes back along a cubic curve, as CUBIC does for TCP (RFC
9438): fast at first, hardly at all near the rate that was refused, where it stays for long, and then faster
and faster, to find out whether more is allowed now. All senders with the same limit use the same curve, and
whoever sends more is refused more often, so that their rates come together.
"""

from __future__ import annotations

import math

#: Part of the rate that is left after a refusal, while other requests are answered.
_SLOWER = 0.85
#: Part of it that is left if the next request was refused too.
_MUCH_SLOWER = 0.5
#: Seconds after which a sender at the limit is as fast again as it was before a refusal.
_BACK_AFTER = 20.0
#: Requests a second at least, unless the limit is lower.
_SLOWEST = 1.0
#: Part of the rate of the refusal before, below which a refusal means that others need room.
_SAME = 0.98


class Rate:
    """Is the rate of one sender, which changes with time and with refusals.

    Args:
        limit: requests a second, at most. It may be changed at any time.
        share: part of the limit with which the sender begins, above 0 and at most 1. It may be changed too.
    """

    def __init__(self, limit: float, share: float = 1.0) -> None:
        self.limit = limit
        self.share = share
        self._began_at: float | None = None
        #: The rate after the last refusal, and the one that is come back to; None before the first refusal.
        self._slowed: tuple[float, float] | None = None

    def at(self, now: float) -> float:
        """Returns how many requests a second may be sent now.

        Args:
            now: seconds of a clock that only goes forward.
        """
        if self._began_at is None:
            self._began_at = now
        low, goal = self._slowed or (self.limit * self.share,) * 2
        bend = (1.0 - _SLOWER) * self.limit / _BACK_AFTER**3
        until_goal = math.cbrt((goal - low) / bend)
        rate = goal + bend * (now - self._began_at - until_goal) ** 3
        return min(max(rate, _SLOWEST), self.limit)

    def slow_down(self, now: float, *, again: bool) -> None:
        """Takes in a refusal.

        Args:
            now: seconds of the same clock.
            again: True if no request was answered since the last refusal.
        """
        rate = self.at(now)
        goal = self._slowed[1] if self._slowed else rate
        # whoever is refused earlier than the last time leaves room for those who have just begun
        goal = rate if rate >= _SAME * goal else rate * (1.0 + _SLOWER) / 2
        low = rate * (_MUCH_SLOWER if again else _SLOWER)
        self._slowed, self._began_at = (low, max(goal, low)), now

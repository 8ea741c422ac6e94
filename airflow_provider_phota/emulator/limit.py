"""Limits how many requests a second all clients together may send, as a gateway would."""

import time
from collections.abc import Callable


class RateLimit:
    """Lets so many requests a second pass; a second's worth of them may come at once.

    Args:
        per_second: of all clients together. There is no limit if this is None.
        clock: tells the seconds and only goes forward; for tests.
    """

    def __init__(self, per_second: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._clock = clock
        self._most = max(per_second or 0.0, 1.0)
        self._left = self._most
        self._filled_at = clock()

    def take(self) -> float:
        """Lets a request pass, and returns 0.0; or returns the seconds until one may pass."""
        if self._per_second is None:
            return 0.0
        now = self._clock()
        self._left = min(self._left + (now - self._filled_at) * self._per_second, self._most)
        self._filled_at = now
        if self._left < 1.0:
            return (1.0 - self._left) / self._per_second
        self._left -= 1.0
        return 0.0

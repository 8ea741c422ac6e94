"""Who may ask next: one pace for all the waits of a connection, and a gate that trouble closes for all."""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable

from airflow_provider_phota.api.errors import NotSent

#: Seconds between the moments at which turns are given, to all that are due together: a loop and a service
#: that are woken once for several requests spend less on each. Not longer: while many requests are under way
#: at once, their objects grow old, and the garbage collector's full pass comes the sooner.
_TICK = 0.025
#: Moments between those at which sleepers are woken.
_NAP = 8
#: Failures in a row that are an outage, and no longer the bad luck of one request.
_OUTAGE = 5
#: Seconds between two requests that try whether the trouble is over.
_PROBE = 1.0
#: Seconds for which trouble closes the gate: at first, and at most.
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 30.0
#: Seconds between two looks at who has waited long enough.
_EXPIRY = 1.0
_NO_TURN = "the service was out of reach, or busy, for all the waits of this connection"
#: Answers after which a pace that was halved is the whole one again.
_RECOVERY = 200


class Pace:
    """Gives turns in the order they are asked for, so that no wait starves.

    A throttling service halves the pace and closes the gate; an outage closes it too. While it is closed
    nobody asks, then one request a second does, and the first answer opens it for all, who go on in turn.

    Args:
        per_second: turns a second at most.
        clock: for tests.
    """

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit = per_second
        self._clock = clock
        self._rate = per_second
        self._next = 0.0
        self._closed_at = self._opens_at = float("-inf")
        self._failures = 0
        self._trouble = 0
        #: Turns in the order they were asked for, and until when they are waited for.
        self._queue: deque[tuple[asyncio.Future[None], float]] = deque()
        self._expires_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        #: One timer wakes all who sleep until the same moment.
        self._sleepers: defaultdict[int, list[asyncio.Future[None]]] = defaultdict(list)

    async def turn(self, within: float | None = None) -> float:
        """Wait for a turn; returns when it came, to be passed to `failed` or `throttled`.

        Raises:
            NotSent: it did not come within so many seconds.
        """
        if not self._queue and self._delay() <= 0:
            return self._take()
        turn = asyncio.get_running_loop().create_future()
        self._queue.append((turn, math.inf if within is None else self._clock() + within))
        self._look_later()
        await turn
        return self._clock()

    def sleep(self, seconds: float) -> Awaitable[None]:
        """Sleep for so many seconds, and on to the moment at which others wake up."""
        tick = math.ceil(self._tick(seconds) / _NAP) * _NAP
        if tick not in self._sleepers:
            asyncio.get_running_loop().call_later(tick * _TICK - self._clock(), self._wake, tick)
        sleeper = asyncio.get_running_loop().create_future()
        self._sleepers[tick].append(sleeper)
        return sleeper

    def _wake(self, tick: int) -> None:
        for sleeper in self._sleepers.pop(tick):
            if not sleeper.done():  # a wait that was cancelled meanwhile
                sleeper.set_result(None)

    def close(self) -> None:
        """Forget those who have left while the gate was closed; nobody may be waiting."""
        self._queue.clear()
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def answered(self) -> None:
        """A usable answer came."""
        self._failures = self._trouble = 0
        self._rate = min(self._rate + self.limit / _RECOVERY, self.limit)

    def throttled(self, since: float, asked_for: float) -> float:
        """The service wants fewer requests. Returns the seconds for which the gate is closed by this.

        Args:
            since: when the turn came.
            asked_for: seconds the service asked us to stay away.
        """
        if since <= self._closed_at:
            return 0.0  # sent before the gate was closed: nothing new
        self._rate = max(min(self._rate, self.limit) / 2, min(1.0, self.limit))
        return self._close(asked_for)

    def failed(self, since: float) -> float:
        """A request had no usable answer. Returns the seconds for which the gate is closed by this."""
        self._failures += 1
        if self._failures < _OUTAGE or since <= self._closed_at:
            return 0.0
        return self._close(0.0)

    def _close(self, asked_for: float) -> float:
        backoff = min(_FIRST_PAUSE * 2.0 ** min(self._trouble, 10), _LONGEST_PAUSE)
        seconds = max(asked_for, backoff * random.uniform(0.75, 1.25))  # noqa: S311  # no secret
        self._trouble += 1
        self._closed_at = self._clock()
        self._opens_at = self._closed_at + seconds
        return seconds

    def _delay(self) -> float:
        return max(self._next, self._opens_at) - self._clock()

    def _take(self) -> float:
        now = self._clock()
        # what one moment lets go must not be too much in any second, wherever the second begins
        every = (1.0 + _TICK) / min(self._rate, self.limit)
        if self._trouble:
            self._next = now + max(every, _PROBE)
        else:
            self._next = max(self._next, now - _TICK) + every
        return now

    def _look_later(self) -> None:
        if self._timer is None:
            delay = self._tick(min(self._delay(), _EXPIRY)) * _TICK - self._clock()
            # never none at all: rounded down to now, a look would be followed by another at once, for ever
            self._timer = asyncio.get_running_loop().call_later(max(delay, _TICK / 100), self._look)

    def _look(self) -> None:
        self._timer = None
        if self._clock() >= self._expires_at:
            self._expire()
        while self._queue and (self._queue[0][0].done() or self._delay() <= 0):
            turn, _ = self._queue.popleft()
            if not turn.done():  # a wait that was cancelled meanwhile
                self._take()
                turn.set_result(None)
        if self._queue:
            self._look_later()

    def _expire(self) -> None:
        """Send away who has waited long enough: cheaper than a timer for each of thousands."""
        now = self._clock()
        self._expires_at = now + _EXPIRY
        for turn, until in self._queue:
            if until <= now and not turn.done():
                turn.set_exception(NotSent(_NO_TURN))
        self._queue = deque(waiting for waiting in self._queue if not waiting[0].done())

    def _tick(self, seconds: float) -> int:
        """The number of the first common moment that is no earlier than in so many seconds."""
        return math.ceil((self._clock() + max(seconds, 0.0)) / _TICK)

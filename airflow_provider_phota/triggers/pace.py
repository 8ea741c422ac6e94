"""Decides which wait of a connection may ask next, and stops all of them while the service is in trouble."""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from airflow_provider_phota.api.errors import NotSent
from airflow_provider_phota.polling.rate import Rate

#: Seconds between the moments at which turns are given, to all waits that are due by then: the loop and the
#: service spend less on a request if they wake up for several at once. A longer interval would cost more:
#: many requests are then under way at once, their objects grow old, and full garbage collections come sooner.
_TICK = 0.025
#: Turns that are given at once, unless many wait: the more requests are under way at once, the more objects
#: outlive a look of Python's garbage collector, and the sooner it looks at all there are.
_AT_ONCE = 8
#: Ticks between the moments at which sleeping waits are woken.
_TICKS_PER_WAKING = 4
#: Failures in a row that count as an outage: a single request may just have bad luck.
_OUTAGE = 5
#: Seconds between two looks at which waits have been in the queue for too long.
_EXPIRY = 1.0
_NO_TURN = "the service was out of reach, or busy, for all the waits of this connection"


@dataclass(frozen=True)
class Pauses:
    """Says for how many seconds the waits of a connection stay away from a service in trouble.

    Attributes:
        first: the first pause.
        longest: the longest pause; each one is twice as long as the one before, up to this.
        probe: between two requests that try whether the trouble is over.
    """

    first: float = 1.0
    longest: float = 30.0
    probe: float = 1.0


DEFAULT_PAUSES = Pauses()


class Pace:
    """Gives turns in the order in which they are asked for, so that every wait gets one.

    A service that throttles makes the pace slower. If it asks for a pause, or goes on throttling, a pause
    starts; an outage starts one too. During a pause no turn is given. After it there is one turn a second,
    until a usable answer lets all waits go on in turn.

    Args:
        per_second: turns in a second at most.
        clock: tells the seconds and only goes forward; for tests.
        pauses: how long the pauses are.

    Attributes:
        rate: how many turns there are in a second now.
    """

    def __init__(
        self,
        per_second: float,
        clock: Callable[[], float] = time.monotonic,
        pauses: Pauses | None = None,
    ) -> None:
        self.rate = Rate(per_second)
        self._clock = clock
        self._pauses = pauses or DEFAULT_PAUSES
        self._next_turn_at = 0.0
        #: When trouble was noticed for the last time: what was sent before tells nothing new.
        self._trouble_at = self._pause_ends_at = float("-inf")
        self._failures = 0
        self._refusals = 0
        self._pauses_in_a_row = 0
        #: Turns in the order in which they were asked for, each with the time at which it expires.
        self._queue: deque[tuple[asyncio.Future[None], float]] = deque()
        self._next_expiry_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        #: Sleeping waits by the tick that wakes them: one timer for all that wake at the same moment.
        self._sleepers: defaultdict[int, list[asyncio.Future[None]]] = defaultdict(list)

    async def turn(self, within: float | None = None) -> float:
        """Waits for a turn and returns when it came, to be passed to `failed`, `refused` or `unavailable`.

        Args:
            within: seconds for which to wait at most. There is no limit if this is None.

        Raises:
            NotSent: the turn did not come in time.
        """
        if not self._queue and self._delay() <= 0:
            return self._take_turn()
        turn = asyncio.get_running_loop().create_future()
        self._queue.append((turn, math.inf if within is None else self._clock() + within))
        self._schedule_turns()
        await turn
        return self._clock()

    def sleep(self, seconds: float) -> Awaitable[None]:
        """Sleeps for at least this many seconds, until the next moment at which sleeping waits are woken."""
        tick = math.ceil(self._tick(seconds) / _TICKS_PER_WAKING) * _TICKS_PER_WAKING
        if tick not in self._sleepers:
            asyncio.get_running_loop().call_later(tick * _TICK - self._clock(), self._wake, tick)
        sleeper = asyncio.get_running_loop().create_future()
        self._sleepers[tick].append(sleeper)
        return sleeper

    def close(self) -> None:
        """Forgets the cancelled waits that are still in the queue or asleep. There may be no others.

        A sleeper refers to its event loop, and would keep a poller, and with it the loop, in memory.
        """
        self._queue.clear()
        self._sleepers.clear()
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def answered(self) -> None:
        """Takes in that a usable answer came."""
        self._failures = self._refusals = 0
        if self._pauses_in_a_row:
            self._pauses_in_a_row = 0
            self._next_turn_at = self._clock()  # the others need not wait for the end of the probe's second
            if self._timer:
                self._timer.cancel()
                self._timer = None
                self._schedule_turns()

    def refused(self, since: float, asked_for: float) -> float:
        """Takes in that a request was one too many. Returns the seconds of the pause that this starts.

        A single refusal starts none (0.0), unless the service asks for one.

        Args:
            since: when the turn of the request came.
            asked_for: seconds for which the service asked us to wait.
        """
        if not self._slow_down(since):
            return 0.0
        return self._pause(asked_for) if asked_for or self._refusals > 1 else 0.0

    def unavailable(self, since: float, asked_for: float) -> float:
        """Takes in that the service serves nobody now. Returns the seconds of the pause that this starts.

        Args:
            since: when the turn of the request came.
            asked_for: seconds for which the service asked us to wait.
        """
        return self._pause(asked_for) if self._slow_down(since) else 0.0

    def failed(self, since: float) -> float:
        """Takes in that no usable answer came. Returns the seconds of the pause that this starts; may be 0.0.

        Args:
            since: when the turn of the request came.
        """
        self._failures += 1
        if self._failures < _OUTAGE or since <= self._trouble_at:
            return 0.0
        self._trouble_at = self._clock()
        return self._pause(0.0)

    def _slow_down(self, since: float) -> bool:
        """Makes the pace slower, unless the request was sent before trouble was noticed for the last time."""
        if since <= self._trouble_at:
            return False
        self._trouble_at = self._clock()
        self.rate.slow_down(self._trouble_at, again=self._refusals > 0)
        self._refusals += 1
        return True

    def _pause(self, asked_for: float) -> float:
        backoff = min(self._pauses.first * 2.0 ** min(self._pauses_in_a_row, 10), self._pauses.longest)
        seconds = max(asked_for, backoff * random.uniform(0.75, 1.25))  # noqa: S311  # not for a secret
        self._pauses_in_a_row += 1
        self._pause_ends_at = self._clock() + seconds
        return seconds

    def _delay(self) -> float:
        """Returns the seconds until the next turn; 0 or less if it may be taken now."""
        return max(self._next_turn_at, self._pause_ends_at) - self._clock()

    def _take_turn(self) -> float:
        now = self._clock()
        # a little slower than the limit: all turns of one tick come at once, and no second may have too many
        interval = (1.0 + _TICK) / self.rate.at(now)
        if self._pauses_in_a_row:
            self._next_turn_at = now + max(interval, self._pauses.probe)
        else:
            at_once = max(_AT_ONCE, len(self._queue) / _TICKS_PER_WAKING)
            self._next_turn_at = max(self._next_turn_at, now - min(_TICK, at_once * interval)) + interval
        return now

    def _schedule_turns(self) -> None:
        if self._timer is None:
            delay = self._tick(min(self._delay(), _EXPIRY)) * _TICK - self._clock()
            # never 0: a delay that is rounded down to 0 would call _give_turns again and again without end
            self._timer = asyncio.get_running_loop().call_later(max(delay, _TICK / 100), self._give_turns)

    def _give_turns(self) -> None:
        self._timer = None
        if self._clock() >= self._next_expiry_at:
            self._expire_turns()
        while self._queue and (self._queue[0][0].done() or self._delay() <= 0):
            turn, _ = self._queue.popleft()
            if not turn.done():  # a wait that was cancelled leaves a turn that is done
                self._take_turn()
                turn.set_result(None)
        if self._queue:
            self._schedule_turns()

    def _expire_turns(self) -> None:
        """Ends the turns that did not come in time, once a second: a timer for each wait would cost more."""
        now = self._clock()
        self._next_expiry_at = now + _EXPIRY
        for turn, expires_at in self._queue:
            if expires_at <= now and not turn.done():
                turn.set_exception(NotSent(_NO_TURN))
        self._queue = deque(entry for entry in self._queue if not entry[0].done())

    def _wake(self, tick: int) -> None:
        for sleeper in self._sleepers.pop(tick, ()):
            if not sleeper.done():  # a wait that was cancelled leaves a sleeper that is done
                sleeper.set_result(None)

    def _tick(self, seconds: float) -> int:
        """Returns the number of the first tick that is at least this many seconds away."""
        return math.ceil((self._clock() + max(seconds, 0.0)) / _TICK)

"""Runs what the items of a batch need in threads, and leaves behind what hangs.

A read from a mount or a socket that is gone may never end, and no thread can be ended from outside.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self, TypeVar

from airflow_provider_phota.storage.calls import Calls

T = TypeVar("T")


class Hung(Exception):
    """A call has not ended in its time. Its thread goes on, and what it returns is not used.

    Attributes:
        seconds: its time.
        is_alone: True if other calls have ended meanwhile.
    """

    def __init__(self, seconds: float, *, is_alone: bool) -> None:
        super().__init__(f"no end within {seconds:.0f} s")
        self.seconds = seconds
        self.is_alone = is_alone


class Threads:
    """Runs a few calls at once, in a `with` block. One that hangs loses its place to the next one.

    If no other call has ended while one hung, those that wait for a place are not run: each would hang for as
    long, and thousands may wait. Where all places were taken by calls that hang, no other one had a chance to
    end, so the calls that get their places decide.

    Args:
        at_once: how many calls run at once.
        seconds: that a call may take.
    """

    def __init__(self, at_once: int, seconds: float) -> None:
        self._places = asyncio.Semaphore(at_once)
        self._seconds = seconds
        self._calls = Calls()
        self._last_end = 0.0
        self._is_stuck = False
        self._first_hung = math.inf  # when the first of those that are undecided lost its place
        self._decided = asyncio.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._calls.wait()

    async def run(self, call: Callable[[], T]) -> T:
        """Runs a call in a thread, and returns its result.

        Raises:
            Hung: It has not ended in time.
        """
        async with self._places:
            if self._is_stuck:
                raise Hung(self._seconds, is_alone=False)
            began, future = time.monotonic(), self._calls.start(call)
            try:
                async with asyncio.timeout(self._seconds) as time_allowed:
                    return await asyncio.wrap_future(future)
            except TimeoutError:
                if not time_allowed.expired():  # the call itself has raised it
                    raise
                self._calls.give_up(future)
            finally:
                if future.done():
                    self._last_end = time.monotonic()
                    self._decide(is_stuck=False)
        raise Hung(self._seconds, is_alone=await self._is_alone(began))

    async def _is_alone(self, began: float) -> bool:
        """Returns whether others got through meanwhile, or where they had no chance, whether the next do."""
        if self._last_end >= began:
            return True
        if began > self._first_hung or not self._places.locked():
            self._decide(is_stuck=True)
            return False
        self._first_hung = min(self._first_hung, time.monotonic())
        with suppress(TimeoutError):  # they may all be cancelled
            async with asyncio.timeout(2 * self._seconds):
                await self._decided.wait()
        return not self._is_stuck

    def _decide(self, *, is_stuck: bool) -> None:
        self._is_stuck, self._first_hung = is_stuck, math.inf
        self._decided.set()
        self._decided = asyncio.Event()

"""Runs what the items of a batch need in threads, and leaves behind what hangs.

A read from a mount or a socket that is gone may never end, and no thread can be ended from outside.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
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
    long, and thousands may wait.

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
                self._is_stuck = self._last_end < began
                raise Hung(self._seconds, is_alone=not self._is_stuck) from None
            finally:
                if future.done():
                    self._last_end, self._is_stuck = time.monotonic(), False

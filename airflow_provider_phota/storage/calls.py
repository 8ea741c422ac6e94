"""Runs calls to a store in threads of their own, so that a store that hangs does not stop the process."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, wait
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")
K = TypeVar("K")

#: Seconds for which `Calls` waits at the end for what still runs, such as the writing of a picture.
LAST_SECONDS = 30.0


def start(call: Callable[[], T]) -> Future[T]:
    """Starts a call in a daemon thread.

    The pools of `concurrent.futures` are not used: they would keep the process alive until the call ends.
    """
    future: Future[T] = Future()

    def run() -> None:
        if not future.set_running_or_notify_cancel():  # from here on it cannot be cancelled any more
            return
        try:
            future.set_result(call())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, name="phota-store", daemon=True).start()
    return future


def at_once(
    number: int,
    call: Callable[[K], T],
    keys: Iterable[K],
    begin: Callable[[Callable[[], T]], Future[T]] = start,
) -> Iterator[tuple[K, Future[T]]]:
    """Yields each key and the future of its call, in order.

    Only that many calls run at once, if whoever gets a future waits for it before taking the next one.
    """
    running: deque[tuple[K, Future[T]]] = deque()
    for key in keys:
        running.append((key, begin(partial(call, key))))
        if len(running) == number:
            yield running.popleft()
    yield from running


class Calls:
    """Starts calls, and knows which of them still run."""

    def __init__(self) -> None:
        self._running: set[Future[Any]] = set()

    def start(self, call: Callable[[], T]) -> Future[T]:
        """Starts a call in a daemon thread."""
        future = start(call)
        self._running.add(future)
        future.add_done_callback(self._running.discard)
        return future

    def give_up(self, future: Future[Any]) -> None:
        """Leaves a call to itself, since it hangs."""
        self._running.discard(future)

    def wait(self) -> None:
        """Waits a moment for the calls that still run: what they write would be cut off with the process."""
        wait(list(self._running), LAST_SECONDS)


def finish_within(seconds: float, call: Callable[[], T], undo: Callable[[], object] | None = None) -> T:
    """Runs a call, and returns its result if it ends in time.

    Args:
        seconds: how long to wait for the result.
        call: what to run.
        undo: runs if the call ends after this function has given up, since its result is not used then.

    Raises:
        TimeoutError: the call took longer.
    """
    future = start(call)
    try:
        return future.result(seconds)
    except BaseException:
        # the call took too long, or the whole attempt is ended from outside while it waits
        if undo is not None and not future.done():
            future.add_done_callback(lambda _: undo())
        raise


async def finish_on_loop(seconds: float, call: Callable[[], T]) -> T:
    """Runs a call while the event loop goes on, and returns its result if it ends in time.

    A call that is given up, or whose caller is cancelled, goes on in its thread, and nobody sees its end.

    Args:
        seconds: how long to wait for the result.
        call: what to run.

    Raises:
        TimeoutError: the call took longer.
    """
    async with asyncio.timeout(seconds):
        return await asyncio.wrap_future(start(call))

"""Calls to a store that may hang: each in a thread of its own, which does not outlive the process."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def started(act: Callable[[], T]) -> Future[T]:
    """Begin a call; the pools of `concurrent.futures` would keep the process alive until it ends."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(act())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, name="phota-ledger", daemon=True).start()
    return future


def bounded(act: Callable[[], T], seconds: float, undo: Callable[[], object] | None = None) -> T:
    """The result of a call that is given so many seconds.

    Args:
        act: what to call.
        seconds: how long to wait for it.
        undo: called if the call ends after it was given up, since its result is not used.

    Raises:
        TimeoutError: it took longer.
    """
    future = started(act)
    try:
        return future.result(seconds)
    except BaseException:
        # not only of a call that takes too long: also of an attempt that is ended meanwhile
        if undo is not None and not future.done():
            future.add_done_callback(lambda _: undo())
        raise

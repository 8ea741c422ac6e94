"""Runs coroutines on an event loop in a thread of its own, while the main thread waits.

Airflow ends a task by exceptions that signal handlers raise in the main thread. Inside an event loop they
could end up in any coroutine.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


#: Seconds that a coroutine gets to end by itself once its thread is interrupted.
LAST_SECONDS = 3.0


def run_in_thread(main: Callable[[], Coroutine[Any, Any, T]], before_ending: Callable[[], object]) -> T:
    """Returns what a coroutine returns.

    Args:
        main: makes the coroutine.
        before_ending: called if this thread is interrupted. The coroutine then gets `LAST_SECONDS` to end,
            and is cancelled.

    Raises:
        BaseException: What the coroutine raises, or what has interrupted this thread.
    """
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        thread = threading.Thread(target=loop.run_forever, name="phota-batch")
        thread.start()
        try:
            future = asyncio.run_coroutine_threadsafe(main(), loop)
            try:
                return future.result()
            except BaseException:
                if not future.done():
                    before_ending()
                    concurrent.futures.wait([future], LAST_SECONDS)
                    future.cancel()
                raise
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()

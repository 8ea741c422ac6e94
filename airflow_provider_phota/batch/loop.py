"""Runs coroutines on an event loop in a thread of its own, while the main thread waits.

Airflow ends a task by exceptions that signal handlers raise in the main thread. Inside an event loop they
could end up in any coroutine.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run_in_thread(
    main: Callable[[], Coroutine[Any, Any, T]], before_ending: Callable[[], Coroutine[Any, Any, None]]
) -> T:
    """Returns what a coroutine returns.

    Args:
        main: makes the coroutine.
        before_ending: makes a coroutine that runs if this thread is interrupted, before `main` is cancelled.

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
                    asyncio.run_coroutine_threadsafe(before_ending(), loop).result()
                    future.cancel()
                raise
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()

"""Lets a process sleep whose wall clock is wrong. Python imports this by itself, since the folder is on its path.

Python sleeps until a moment of the monotonic clock. libfaketime shifts that moment although it leaves that
clock alone, and the call fails (EINVAL).
"""

import select
import time


def _sleep(seconds):
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    select.select([], [], [], seconds)


time.sleep = _sleep

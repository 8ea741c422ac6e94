from __future__ import annotations

import time
from collections.abc import Callable


def until(is_so: Callable[[], bool], complaint: str, timeout: float = 60.0) -> None:
    """Return when it is so; fail with the complaint when it does not become so."""
    deadline = time.monotonic() + timeout
    while not is_so():
        assert time.monotonic() < deadline, f"after {timeout:.0f} s: {complaint}"
        time.sleep(0.2)

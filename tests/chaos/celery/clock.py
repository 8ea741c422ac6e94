"""Gives a process and all that it starts a clock that is wrong, by the library libfaketime."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

MISSING = "There is no libfaketime in /usr/lib/*/faketime. Install it: apt-get install libfaketime."


def environment_with_clock(seconds: int) -> Mapping[str, str]:
    """Returns the variables for a clock that is ahead by that many seconds, or behind if they are negative.

    Raises:
        FileNotFoundError: libfaketime is not installed.
    """
    # the variant for programs with threads
    libraries = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if not libraries:
        raise FileNotFoundError(MISSING)
    return {
        "LD_PRELOAD": str(libraries[0]),
        "FAKETIME": f"{seconds:+d}",
        # a wrong wall clock runs as fast as a right one, and waits go by the other clock
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }

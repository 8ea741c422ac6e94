"""Spares the event loop the garbage collector's looks at everything that Airflow has loaded."""

from __future__ import annotations

import gc
from functools import cache


@cache
def freeze_heap() -> None:
    """Takes all objects there are out of the collector's sight, the first time that it is called.

    Airflow's modules are half a million objects. A full collection looks at each of them, and holds the loop
    for a tenth of a second, with all the triggers on it. Airflow freezes them too, in its executors and where
    it reads DAGs. What is frozen is still freed as soon as nothing refers to it; only circles of it stay.
    """
    gc.freeze()

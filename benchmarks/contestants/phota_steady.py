"""Waits with this provider's trigger, which asks every 5 s, at a limit that never holds it back."""

from __future__ import annotations

from functools import partial

from benchmarks.contestants import INTERVAL
from benchmarks.contestants.phota import connection, is_success, trigger
from benchmarks.contestants.triggered import Triggered

CONTESTANT = Triggered(
    partial(connection, requests_per_second=1000),
    partial(trigger, shortest=INTERVAL, longest=INTERVAL),
    is_success,
)

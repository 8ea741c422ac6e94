"""What an attempt that a test makes by hand finds in its Airflow: a task state store, and a clock."""

from __future__ import annotations

import json
import time
from functools import partial

from airflow_provider_phota.submitting.submission import Submission


class Accessor:
    """Airflow's task state store, in memory."""

    def __init__(self):
        self.values = {}

    def get(self, key, default=None):
        return self.values.get(key, default)

    def set(self, key, value):
        self.values[key] = json.loads(json.dumps(value))


class Clock:
    """Time that passes by sleeping."""

    def __init__(self, later=0.0):
        self.later = later

    def time(self):
        return time.time() + self.later

    def monotonic(self):
        return time.monotonic() + self.later

    def sleep(self, seconds):
        self.later += seconds


def set_clock(monkeypatch, clock):
    """Let the operator's submissions go by another clock."""
    monkeypatch.setattr("airflow_provider_phota.operators.base.Submission", partial(Submission, clock=clock))

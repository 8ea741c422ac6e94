"""The standard library's module `time` is a clock."""

from __future__ import annotations

import time

from airflow_provider_phota.api.clock import Clock


def test_the_standard_library_tells_the_time() -> None:
    clock: Clock = time
    before = clock.time(), clock.monotonic()
    clock.sleep(0.01)
    assert clock.time() > before[0]
    assert clock.monotonic() >= before[1] + 0.009

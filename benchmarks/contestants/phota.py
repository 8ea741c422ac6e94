"""Waits with this provider's trigger."""

from __future__ import annotations

import time
from typing import Any

from airflow_provider_phota.triggers.phota import PhotaTaskTrigger
from benchmarks.contestants import REQUESTS_PER_SECOND, Place
from benchmarks.contestants.triggered import CONN_ID, Triggered

#: Seconds that a wait may take. No run lasts that long.
_PATIENCE = 3600.0
#: The bounds of its interval, which are the defaults.
SHORTEST, LONGEST = 2.0, 30.0


def connection(place: Place, requests_per_second: int = REQUESTS_PER_SECOND) -> dict[str, Any]:
    return {
        "conn_type": "phota",
        "host": f"https://127.0.0.1:{place.port}",
        "password": "bench-0123456789",
        "extra": {"ca_bundle": str(place.ca_bundle), "requests_per_second": requests_per_second},
    }


def trigger(
    number: int, estimate: int, shortest: float = SHORTEST, longest: float = LONGEST
) -> PhotaTaskTrigger:
    return PhotaTaskTrigger(
        phota_task_id=f"job-{number}",
        phota_conn_id=CONN_ID,
        deadline=time.time() + _PATIENCE,
        timeout=_PATIENCE,
        poll_interval=shortest,
        longest_interval=longest,
        # what the operator knows from the answer to its submit
        since=time.time(),
        estimated_time=estimate,
        model="phota-image-edit",
    )


def is_success(payload: Any) -> bool:
    return bool(payload["end"] == "finished")


CONTESTANT = Triggered(connection, trigger, is_success)

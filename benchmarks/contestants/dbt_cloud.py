"""Waits for a run with the trigger of the dbt Cloud provider."""

from __future__ import annotations

import time
from typing import Any

from airflow.providers.dbt.cloud.triggers.dbt import DbtCloudRunJobTrigger

from benchmarks.contestants import INTERVAL, Place
from benchmarks.contestants.triggered import CONN_ID, Triggered


def _connection(place: Place) -> dict[str, Any]:
    return {
        "conn_type": "dbt_cloud",
        "host": f"127.0.0.1:{place.port}",
        "login": "1",
        "password": "bench",
    }


def _trigger(number: int, _: int) -> DbtCloudRunJobTrigger:
    return DbtCloudRunJobTrigger(
        conn_id=CONN_ID,
        run_id=number,
        end_time=time.time() + 3600.0,
        poll_interval=INTERVAL,
        account_id=1,
    )


CONTESTANT = Triggered(_connection, _trigger, lambda payload: payload["status"] == "success")

"""Waits for a run with the trigger of the Databricks provider."""

from __future__ import annotations

import json
from typing import Any

from airflow.providers.databricks.triggers.databricks import DatabricksExecutionTrigger

from benchmarks.contestants import INTERVAL, Place
from benchmarks.contestants.triggered import CONN_ID, Triggered


def _connection(place: Place) -> dict[str, Any]:
    return {"conn_type": "databricks", "host": "127.0.0.1", "port": place.port, "password": "bench"}


def _trigger(number: int, _: int) -> DatabricksExecutionTrigger:
    return DatabricksExecutionTrigger(
        run_id=number, databricks_conn_id=CONN_ID, polling_period_seconds=int(INTERVAL)
    )


def _is_success(payload: Any) -> bool:
    return bool(json.loads(payload["run_state"])["result_state"] == "SUCCESS")


CONTESTANT = Triggered(_connection, _trigger, _is_success)

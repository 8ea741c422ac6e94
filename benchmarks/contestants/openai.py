"""Waits for a batch with the trigger of the OpenAI provider."""

from __future__ import annotations

from typing import Any

from airflow.providers.openai.triggers.openai import OpenAIBatchTrigger

from benchmarks.contestants import INTERVAL, Place
from benchmarks.contestants.triggered import CONN_ID, Triggered


def _connection(place: Place) -> dict[str, Any]:
    return {"conn_type": "openai", "host": f"https://127.0.0.1:{place.port}/v1", "password": "bench"}


def _trigger(number: int, _: int) -> OpenAIBatchTrigger:
    return OpenAIBatchTrigger(
        conn_id=CONN_ID, batch_id=f"batch_{number}", poll_interval=INTERVAL, timeout=3600.0
    )


CONTESTANT = Triggered(_connection, _trigger, lambda payload: payload["status"] == "success")

"""Waits with the trigger of the HTTP provider's sensor for an address that exists once the job is done."""

from __future__ import annotations

from typing import Any

from airflow.providers.http.triggers.http import HttpSensorTrigger

from benchmarks.contestants import INTERVAL, Place
from benchmarks.contestants.triggered import CONN_ID, Triggered


def _connection(place: Place) -> dict[str, Any]:
    return {"conn_type": "http", "schema": "https", "host": "127.0.0.1", "port": place.port}


def _trigger(number: int, _: int) -> HttpSensorTrigger:
    return HttpSensorTrigger(endpoint=f"results/{number}", http_conn_id=CONN_ID, poke_interval=INTERVAL)


CONTESTANT = Triggered(_connection, _trigger, lambda payload: payload is True)

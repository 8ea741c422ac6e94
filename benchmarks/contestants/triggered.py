"""Makes a contestant of a trigger: runs it as the triggerer does, with its connection in the environment."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from airflow.triggers.base import BaseTrigger

from benchmarks.contestants import Place, Wait

CONN_ID = "bench"


class WaitFailedError(Exception):
    """A wait did not end with exactly one event that says the job is finished."""


@dataclass
class Triggered:
    """Waits with one trigger for each job.

    Attributes:
        connection: makes the Airflow connection to the service, as Airflow reads it from JSON.
        trigger: makes the trigger for the job of that number, of which the service says how long it takes.
        is_success: returns True if the payload of an event says that the job is finished.
    """

    connection: Callable[[Place], Mapping[str, Any]]
    trigger: Callable[[int, int], BaseTrigger]
    is_success: Callable[[Any], bool]
    _estimate: int = field(init=False)

    def prepare(self, place: Place) -> None:
        os.environ[f"AIRFLOW_CONN_{CONN_ID.upper()}"] = json.dumps(self.connection(place))
        self._estimate = place.estimate

    @asynccontextmanager
    async def waits(self) -> AsyncIterator[Wait]:
        yield self._wait

    async def _wait(self, number: int) -> None:
        payloads = [event.payload async for event in self.trigger(number, self._estimate).run()]
        if len(payloads) != 1 or not self.is_success(payloads[0]):
            raise WaitFailedError(repr(payloads))

"""Runs a trigger under asyncio, as the triggerer does."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from airflow.triggers.base import BaseTrigger


def events_of(waiting: BaseTrigger) -> list[Any]:
    """Runs a trigger to its end, and returns what its events hold."""

    async def collect() -> list[Any]:
        return [event.payload async for event in waiting.run()]

    return asyncio.run(collect())


def left_by_cancelling(waiting: BaseTrigger, seconds: float) -> set[asyncio.Task[Any]]:
    """Cancels a trigger some seconds after its start, and returns the tasks that still run then."""

    async def cancel_it() -> set[asyncio.Task[Any]]:
        events = waiting.run()
        step = asyncio.ensure_future(anext(events))
        await asyncio.sleep(seconds)
        step.cancel()
        with pytest.raises(asyncio.CancelledError):
            await step
        await events.aclose()
        return asyncio.all_tasks() - {asyncio.current_task()}

    return asyncio.run(cancel_it())

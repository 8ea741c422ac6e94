"""Sends requests to the service until the time is over: one of several processes that share what it allows.

`python -m benchmarks.rate_sender HOW URL SECONDS LIMIT SENDERS FILE` writes what became of them as JSON.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from http import HTTPStatus
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp

from airflow_provider_phota.api.errors import PhotaError
from airflow_provider_phota.api.orders.generate import GenerateOrder
from airflow_provider_phota.api.protocol import submit
from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.api.wire import Request, Response
from airflow_provider_phota.emulator import Emulator
from airflow_provider_phota.polling.state import Patience
from airflow_provider_phota.polling.wait import wait_for_task
from airflow_provider_phota.triggers.poller import Poller

#: Seconds between two questions of a wait, if nobody keeps it from asking.
INTERVAL = 2.0
#: Seconds that each task takes.
DURATION = 20.0
#: Waits of a triggerer, and orders that a worker sends at the same time.
WAITS, AT_ONCE = 200, 8


class Tally:
    """Counts answers by the second, and how late the ends of tasks were seen."""

    def __init__(self) -> None:
        self.accepted: Counter[int] = Counter()
        self.refused: Counter[int] = Counter()
        self.delays: list[float] = []

    def note(self, status: int) -> None:
        counter = self.refused if status == HTTPStatus.TOO_MANY_REQUESTS else self.accepted
        counter[int(time.time())] += 1

    def written(self) -> str:
        return json.dumps({"accepted": self.accepted, "refused": self.refused, "delays": self.delays})


class CountingPoller(Poller):
    """Is the poller of the package. It also counts the answers."""

    tally: Tally

    async def _send(self, request: Request, settings: Settings) -> Response:
        response = await super()._send(request, settings)
        self.tally.note(response.status)
        return response


def _poller(url: str, limit: float, senders: int, tally: Tally) -> CountingPoller:
    settings = Settings(
        api_key=Emulator.key, base_url=url, requests_per_second=limit, expected_pollers=senders
    )

    async def load() -> Settings:
        return settings

    poller = CountingPoller(load)
    poller.tally = tally
    return poller


async def _order(poller: Poller) -> str:
    while True:
        with suppress(PhotaError):
            prompt = f"a house {uuid4()}"
            return (await poller.run(submit(GenerateOrder.checked(prompt=prompt)))).id


async def triggerer(poller: CountingPoller) -> None:
    """Waits for one task after the other, as many at the same time as there are waits."""

    async def wait() -> None:
        while True:
            task_id, begun = await _order(poller), time.time()
            schedule = poller.schedule(INTERVAL, INTERVAL)
            waited = wait_for_task(task_id, seconds=3600.0, schedule=schedule, patience=Patience())
            await poller.run(waited)
            poller.tally.delays.append(time.time() - begun - DURATION)

    await asyncio.gather(*(wait() for _ in range(WAITS)))


async def worker(poller: CountingPoller) -> None:
    """Submits one order after the other, as a batch does."""

    async def orders() -> None:
        while True:
            await _order(poller)

    await asyncio.gather(*(orders() for _ in range(AT_ONCE)))


async def alone(url: str, tally: Tally) -> None:
    """Waits as a plain client does: each wait backs off by itself when it is refused, and knows no other."""
    headers = {"Authorization": f"Bearer {Emulator.key}"}

    async def answered(session: aiohttp.ClientSession, method: str, path: str, **body: Any) -> Any:
        for attempt in count():
            async with session.request(method, url + path, json=body or None, headers=headers) as answer:
                tally.note(answer.status)
                if answer.status == HTTPStatus.OK:
                    return await answer.json()
            jitter = random.uniform(0.5, 1.0)  # noqa: S311  # not for a secret
            await asyncio.sleep(min(2.0 ** min(attempt, 5), 30.0) * jitter + 0.5)
        raise AssertionError("it goes on without end")

    async def wait(session: aiohttp.ClientSession) -> None:
        while True:
            order = {"model": "phota-image", "prompt": f"a house {uuid4()}"}
            task, begun = await answered(session, "POST", "/v1/images/generations", **order), time.time()
            while task["status"] != "completed":
                await asyncio.sleep(INTERVAL)
                task = await answered(session, "GET", f"/v1/tasks/{task['id']}")
            tally.delays.append(time.time() - begun - DURATION)

    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(wait(session) for _ in range(WAITS)))


def main() -> None:
    how, url, seconds, limit, senders, file = sys.argv[1:]
    tally = Tally()
    poller = _poller(url, float(limit), int(senders), tally)
    ways: dict[str, Callable[[], Awaitable[None]]] = {
        "triggerer": lambda: triggerer(poller),
        "worker": lambda: worker(poller),
        "alone": lambda: alone(url, tally),
    }

    async def send() -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(float(seconds)):
                await ways[how]()

    asyncio.run(send())
    Path(file).write_text(tally.written())


if __name__ == "__main__":
    main()

"""Waits at the least possible cost: with one aiohttp session and one question every 5 s."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from benchmarks.contestants import INTERVAL, Place, Wait


class Bare:
    def prepare(self, place: Place) -> None:
        self._url = f"https://127.0.0.1:{place.port}/v1/tasks/job-"
        self._tls = ssl.create_default_context(cafile=place.ca_bundle)

    @asynccontextmanager
    async def waits(self) -> AsyncIterator[Wait]:
        connector = aiohttp.TCPConnector(ssl=self._tls)
        async with aiohttp.ClientSession(connector=connector) as session:

            async def wait(number: int) -> None:
                while await self._status(session, number) != "completed":  # noqa: ASYNC110  # the service can only be polled
                    await asyncio.sleep(INTERVAL)

            yield wait

    async def _status(self, session: aiohttp.ClientSession, number: int) -> str:
        async with session.get(f"{self._url}{number}") as answer:
            return str((await answer.json())["status"])


CONTESTANT = Bare()

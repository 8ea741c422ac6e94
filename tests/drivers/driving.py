"""Runs a conversation over either driver."""

import asyncio
from collections.abc import Callable
from typing import Protocol, TypeVar

from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.api.wire import Conversation
from airflow_provider_phota.drivers.aiohttp_driver import AiohttpDriver
from airflow_provider_phota.drivers.requests_driver import RequestsDriver

T = TypeVar("T")

KEY = "sk-0123456789CANARY"

#: Makes settings for a URL, with changes by keyword.
Account = Callable[..., Settings]


class Run(Protocol):
    def __call__(self, conversation: Conversation[T], settings: Settings) -> T: ...


def run_over_requests(conversation: Conversation[T], settings: Settings) -> T:
    with RequestsDriver(settings) as driver:
        return driver.run(conversation)


def run_over_aiohttp(conversation: Conversation[T], settings: Settings) -> T:
    async def converse() -> T:
        try:
            async with AiohttpDriver(settings) as driver:
                return await driver.run(conversation)
        finally:
            await abort_lingering_connections()

    return asyncio.run(converse())


async def abort_lingering_connections() -> None:
    """Aiohttp leaves a connection whose peer hangs to be closed later, but here the loop ends first."""
    transports = asyncio.get_running_loop()._transports  # type: ignore[attr-defined]  # there is no public list
    for transport in list(transports.values()):
        transport.abort()
    await asyncio.sleep(0)

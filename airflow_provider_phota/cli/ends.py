"""Asks the service how paid tasks have ended, since only it knows what failed tasks have given back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from airflow_provider_phota.api import protocol
from airflow_provider_phota.api.errors import PhotaError, PhotaNotFound
from airflow_provider_phota.api.retry import Backoff
from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.api.tasks import PhotaTask

#: Questions that are under way at once.
_AT_ONCE = 8
_BACKOFF = Backoff(tries=3, patience=10.0)


@dataclass(frozen=True)
class Answers:
    """Is what the service said.

    Attributes:
        tasks: those that it knows, by their IDs; None for one that it does not know.
        problem: why the others could not be asked about; empty if all could.
    """

    tasks: Mapping[str, PhotaTask | None]
    problem: str = ""


def ask_about_all(settings: Settings, phota_task_ids: Iterable[str]) -> Answers:
    """Asks about tasks. Free.

    Args:
        settings: of the account; it does not know the tasks of other accounts.
        phota_task_ids: of the tasks.
    """
    return asyncio.run(_ask_about_all(settings, list(dict.fromkeys(phota_task_ids))))


async def _ask_about_all(settings: Settings, ids: list[str]) -> Answers:
    from airflow_provider_phota.drivers.aiohttp_driver import AiohttpDriver  # noqa: PLC0415  # only if needed

    tasks: dict[str, PhotaTask | None] = {}
    problems: list[str] = []
    places = asyncio.Semaphore(_AT_ONCE)

    async def ask(phota_task_id: str) -> None:
        async with places:
            if problems:
                return  # the others would end in the same way
            try:
                tasks[phota_task_id] = await driver.run(protocol.get_task(phota_task_id, backoff=_BACKOFF))
            except PhotaNotFound:
                tasks[phota_task_id] = None
            except PhotaError as problem:
                problems.append(str(problem))

    async with AiohttpDriver(settings) as driver:
        await asyncio.gather(*(ask(each) for each in ids))
    return Answers(tasks, problems[0] if problems else "")

"""A process that takes a journal over and sends all that is left to send: for races, run several at once.

What it sends is a line in a file that all processes append to, as a service would bill it.
"""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from uuid import uuid4

from airflow.providers.common.compat.sdk import ObjectStoragePath

from airflow_provider_phota.api.errors import PhotaLedgerError
from airflow_provider_phota.api.policy import Policy
from airflow_provider_phota.journal.decisions import Start, next_step
from airflow_provider_phota.journal.events import Intent, Paid
from airflow_provider_phota.journal.leases import BatchOwner, Try
from airflow_provider_phota.journal.writer import Journal, Overtaken
from airflow_provider_phota.storage.paths import Place

OWNER = BatchOwner("dag", "run", "edit")
SECONDS = 5.0


def bill(bills: Path, item: str, lease: int) -> str:
    task = f"task-{uuid4().hex}"
    line = f"{item} {task} {lease} {time.time()}\n".encode()
    file = os.open(bills, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(file, line)  # one write of a short line is not torn, whoever appends at the same time
    os.close(file)
    return task


async def send(journal: Journal, item: str, bills: Path) -> None:
    state = journal.state.item(item)
    step = next_step(state, journal.seconds_left(state) if state else 0.0, Policy.FAIL, new_attempt=False)
    if not isinstance(step, Start):
        return
    intent = Intent(item, step.generation, uuid4().hex, time.time(), SECONDS, f"fp-{item}")
    await journal.intend(intent, time.monotonic() + SECONDS)
    task = bill(bills, item, journal.lease.number)
    await journal.append(Paid(item, step.generation, intent.token, task, time.time(), 4.0))


async def work(folder: Place, items: int, bills: Path) -> None:
    journal = await Journal.open(folder, OWNER, Try(1, 0), "plan", gathering=0.005)
    for first in range(0, items, 10):
        sendings = (send(journal, f"item-{number}", bills) for number in range(first, first + 10))
        for end in await asyncio.gather(*sendings, return_exceptions=True):
            if isinstance(end, BaseException) and not isinstance(end, Overtaken | PhotaLedgerError):
                raise end
        if journal.overtaken:
            break
    await journal.close()


def run(url: str, items: int, bills: Path, environment: dict[str, str]) -> None:
    """Is the whole life of the process."""
    os.environ.update(environment)
    # the file system of S3 cannot be opened from within an event loop
    folder = Place.of(ObjectStoragePath(url))
    asyncio.run(work(folder, items, bills))

"""Writes the rows of a batch now and then while it runs, so that a half-finished batch can be read."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from airflow_provider_phota.api.errors import PhotaError
from airflow_provider_phota.batch.home import PARTIAL
from airflow_provider_phota.batch.items.plan import Plan
from airflow_provider_phota.batch.report import Report
from airflow_provider_phota.storage import calls, objects
from airflow_provider_phota.storage.paths import Place, reason_of

log = logging.getLogger(__name__)

#: Seconds between two writes.
EVERY = 300.0
#: The time between two writes is at least so many times that of a write, which reads the whole journal.
_RARELY = 20
#: Seconds that a write, and a removal, may take.
_LONGEST_WRITE, _LONGEST_REMOVAL = 1800.0, 60.0


@dataclass(frozen=True)
class RowsSoFar:
    """Is the files with the rows of the items that have ended so far, while the batch runs.

    Their name is not that of the results: an attempt that another one has overtaken may write them late, and
    must not replace the results.

    Attributes:
        plan: of the items.
        journal: its folder.
        destination: where the files go.
        results_name: the name of the results, without extension.
    """

    plan: Plan
    journal: Place
    destination: Place
    results_name: str

    def write(self) -> None:
        """Writes both files. A failure is logged: the batch does not need them."""
        try:
            calls.finish_within(_LONGEST_WRITE, self._write)
        except Exception as error:  # of whatever library the store speaks by
            why = str(error).partition("\n")[0] if isinstance(error, PhotaError) else reason_of(error)
            log.warning("The rows so far are not written: %s", why)

    def _write(self) -> None:
        Report(self.plan, self.journal).write_so_far(self.destination, self._name)

    def remove(self) -> None:
        """Removes both files, since the results are written."""
        for extension in ("jsonl", "csv"):
            try:
                place = self.destination / f"{self._name}.{extension}"
                calls.finish_within(_LONGEST_REMOVAL, partial(objects.remove, place))
            except Exception as error:  # of whatever library the store speaks by
                log.warning("%s could not be removed (%s).", self._name, reason_of(error))

    @property
    def _name(self) -> str:
        return f"{self.results_name}{PARTIAL}"


@asynccontextmanager
async def repeating(write: Callable[[], None]) -> AsyncIterator[None]:
    """Calls what writes the rows now and then, in a thread, as long as the block runs."""
    task = asyncio.create_task(_repeat(write))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _repeat(write: Callable[[], None]) -> None:
    took = 0.0
    while True:
        await asyncio.sleep(max(EVERY, took * _RARELY))
        start = time.monotonic()
        await asyncio.wrap_future(calls.start(write))
        took = time.monotonic() - start

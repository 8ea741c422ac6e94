"""Calls a store from an event loop, and again while it fails."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from airflow_provider_phota.api.errors import PhotaLedgerError
from airflow_provider_phota.storage.calls import start
from airflow_provider_phota.storage.paths import reason_of

T = TypeVar("T")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Patience:
    """Says how long a store may fail.

    Attributes:
        seconds: for which calls are repeated.
        first_pause: seconds before the first repetition. Each later pause is twice as long.
        longest_pause: seconds.
        longest_call: seconds that one call may take, unless the caller says something else.
    """

    seconds: float = 120.0
    first_pause: float = 0.5
    longest_pause: float = 10.0
    longest_call: float = 30.0

    async def call(self, call: Callable[[], T], done: str, *, limit: float | None = -1.0) -> T:
        """Runs a call in a thread of its own, and again while it fails.

        Args:
            call: what to run. It may be running still when it is run again.
            done: what the call does, for the message, as in "could not be read".
            limit: seconds that one call may take, or None if it may take any time.

        Raises:
            PhotaLedgerError: the store fails for too long, or the call raised this, which is not repeated.
        """
        limit = self.longest_call if limit == -1.0 else limit
        end, pause = time.monotonic() + self.seconds, self.first_pause
        while True:
            try:
                return await _finish_within(limit, call)
            except PhotaLedgerError:
                raise
            except Exception as error:
                if time.monotonic() + pause >= end:
                    raise PhotaLedgerError(
                        f"The journal of this batch could not be {done} for {self.seconds:.0f} s.\n"
                        f"{_reason(error)}.\n"
                        "No more is sent. The IDs of paid PHOTA tasks are in the log of this attempt."
                    ) from error
                log.warning("The journal could not be %s (%s); trying again.", done, _reason(error))
            await asyncio.sleep(pause)
            pause = min(pause * 2, self.longest_pause)


async def _finish_within(limit: float | None, call: Callable[[], T]) -> T:
    running = asyncio.wrap_future(start(call))
    # not `wait_for`, which would cancel what a thread cannot cancel
    done, _ = await asyncio.wait([running], timeout=limit)
    if not done:
        running.add_done_callback(lambda late: late.cancelled() or late.exception())
        raise TimeoutError
    return running.result()


def _reason(error: Exception) -> str:
    if isinstance(error, PermissionError):
        return "permission denied: a journal needs the rights to list, read, create and delete objects there"
    return "no answer in time" if isinstance(error, TimeoutError) else reason_of(error)

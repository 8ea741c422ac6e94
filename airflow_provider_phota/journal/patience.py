"""Calls a store from an event loop, and again while it fails."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from airflow_provider_phota.api.errors import PhotaLedgerError
from airflow_provider_phota.journal.failures import reason, store_error
from airflow_provider_phota.storage.calls import finish_on_loop

T = TypeVar("T")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Patience:
    """Says how long a store may fail.

    Attributes:
        seconds: for which calls are repeated.
        first_pause: seconds before the first repetition. Each later pause is twice as long.
        longest_pause: seconds.
        longest_call: seconds that one call may take.
        longest_reading: seconds that a call may take which reads or archives the whole journal.
    """

    seconds: float = 120.0
    first_pause: float = 0.5
    longest_pause: float = 10.0
    longest_call: float = 30.0
    longest_reading: float = 1800.0

    async def call(self, call: Callable[[], T], done: str, *, reads_all: bool = False) -> T:
        """Runs a call in a thread of its own, and again while it fails.

        Args:
            call: what to run. It may be running still when it is run again.
            done: what the call does, for the message, as in "could not be read".
            reads_all: True if it reads or archives the whole journal, and so may take longer.

        Raises:
            PhotaLedgerError: the store fails for too long, or the call raised this, which is not repeated.
        """
        limit = self.longest_reading if reads_all else self.longest_call
        end, pause = time.monotonic() + self.seconds, self.first_pause
        while True:
            try:
                return await finish_on_loop(limit, call)
            except PhotaLedgerError:
                raise
            except Exception as error:
                if time.monotonic() + pause >= end:
                    raise store_error(
                        error,
                        f"The journal of this batch could not be {done} for {self.seconds:.0f} s.",
                        "No more is sent. The IDs of paid PHOTA tasks are in the log of this attempt.",
                        "Another attempt goes on from the journal, and pays for nothing twice.",
                    ) from None
                log.warning("The journal could not be %s (%s); trying again.", done, reason(error))
            await asyncio.sleep(pause)
            pause = min(pause * 2, self.longest_pause)

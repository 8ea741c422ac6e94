"""Repeats what fails only for a while, such as a request to a store that is away."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from airflow_provider_phota.api.clock import Clock
from airflow_provider_phota.api.errors import PhotaError
from airflow_provider_phota.api.retry import Backoff

T = TypeVar("T")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Patience:
    """Says for how long a failing act is repeated.

    Attributes:
        seconds: from the first failure on.
        backoff: the pauses.
    """

    seconds: float
    backoff: Backoff = field(default_factory=lambda: Backoff(tries=10_000))
    clock: Clock = time

    async def repeat(self, act: Callable[[], Awaitable[T]]) -> T:
        """Returns what the act returns once it succeeds.

        Raises:
            PhotaError: It failed for good, or for too long.
        """
        failures, since = 0, self.clock.monotonic()
        while True:
            try:
                return await act()
            except PhotaError as error:
                if failures == 0:
                    since = self.clock.monotonic()
                failures += 1
                pause = self.backoff.pause(failures, error.retry_after)
                if not error.retryable or pause is None or self._is_over(since, pause):
                    raise
                log.info("Trying again in %.0f s: %s", pause, str(error).partition("\n")[0])
            await asyncio.sleep(pause)

    def _is_over(self, since: float, pause: float) -> bool:
        return self.clock.monotonic() + pause - since > self.seconds

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

_FEW = Backoff(tries=3)


@dataclass(frozen=True)
class Patience:
    """Says for how long a failing act is repeated.

    Attributes:
        seconds: from the first failure on.
        backoff: the pauses.
        hardly_pass: errors after which the act is repeated a few times only.
    """

    seconds: float
    backoff: Backoff = field(default_factory=lambda: Backoff(tries=10_000))
    hardly_pass: tuple[type[PhotaError], ...] = ()
    clock: Clock = time

    async def repeat(self, act: Callable[[], Awaitable[T]], errors: type[PhotaError] = PhotaError) -> T:
        """Returns what the act returns once it succeeds.

        Args:
            act: what may fail.
            errors: after which it is repeated, if they are retryable; after others it is not.

        Raises:
            PhotaError: It failed for good, or for too long.
        """
        failures, since = 0, self.clock.monotonic()
        while True:
            try:
                return await act()
            except errors as error:
                if failures == 0:
                    since = self.clock.monotonic()
                failures += 1
                backoff = _FEW if isinstance(error, self.hardly_pass) else self.backoff
                pause = backoff.pause(failures, error.retry_after)
                if not error.retryable or pause is None or self._is_over(since, pause):
                    raise
                log.info("Trying again in %.0f s: %s", pause, str(error).partition("\n")[0])
            await asyncio.sleep(pause)

    def _is_over(self, since: float, pause: float) -> bool:
        return self.clock.monotonic() + pause - since > self.seconds

"""Tells the trouble of one item from trouble that all items have, such as a service that is away."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from airflow_provider_phota.api.clock import Clock
from airflow_provider_phota.api.endings import lines
from airflow_provider_phota.api.errors import PhotaError, PhotaNotBilled
from airflow_provider_phota.batch.patience import Patience

T = TypeVar("T")

OTHERS_PASSED = "Other items got through meanwhile."


class PhotaItemNotSent(PhotaNotBilled):
    """One item could not be sent, while others could. Another attempt tries it again."""


class Neighbours:
    """Remembers when any item last got through each step on its way to the service.

    Args:
        clock: tells the seconds; for tests.
    """

    def __init__(self, clock: Clock = time) -> None:
        self._clock = clock
        self._passed: dict[str, float] = {}

    async def repeat(
        self,
        step: str,
        patience: Patience,
        act: Callable[[], Awaitable[T]],
        errors: type[PhotaError] = PhotaError,
    ) -> T:
        """Returns what an act of one item returns once it succeeds.

        Args:
            step: that the act belongs to.
            patience: with the act.
            act: what may fail.
            errors: after which it is repeated, if they are retryable. Nothing is paid for then.

        Raises:
            PhotaItemNotSent: It failed for too long, and others got through lately.
            PhotaError: It failed for good; or for too long, and so did all others.
        """
        failing_since: float | None = None

        async def watched() -> T:
            nonlocal failing_since
            try:
                result = await act()
            except errors:
                failing_since = failing_since or self._clock.monotonic()
                raise
            self._passed[step] = self._clock.monotonic()
            return result

        try:
            return await patience.repeat(watched, errors)
        except errors as error:
            if error.retryable and failing_since and self._passed_lately(step, failing_since):
                raise PhotaItemNotSent(lines(str(error), OTHERS_PASSED)) from None
            raise

    def _passed_lately(self, step: str, failing_since: float) -> bool:
        """Returns True if others got through in the second half of the time in which this item did not."""
        middle = (failing_since + self._clock.monotonic()) / 2
        return self._passed.get(step, 0.0) >= middle

"""Decides whether another order may be sent: not in doubt, and not once the batch has a reason to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from airflow_provider_phota.api.errors import PhotaError


class Gate:
    """Lets orders through while nothing speaks against it.

    Args:
        probe: asks the service a free question, and returns once it has answered.

    Attributes:
        reason: why nothing more is sent in this attempt; None while there is no such reason.
        is_urgent: True if the attempt ends as soon as the answers to its submits are recorded, and does not
            wait for what is paid for.
    """

    def __init__(self, probe: Callable[[], Awaitable[object]]) -> None:
        self.reason: Exception | None = None
        self.is_urgent = False
        self._probe = probe
        self._open = asyncio.Event()
        self._open.set()
        self._probing: asyncio.Task[None] | None = None

    @property
    def is_stopped(self) -> bool:
        return self.reason is not None

    def stop(self, reason: Exception, *, is_urgent: bool = False) -> None:
        """Lets no further order through; the first reason is kept, unless the new one is urgent."""
        if is_urgent and not self.is_urgent:
            self.reason, self.is_urgent = reason, True
        self.reason = self.reason or reason
        self._open.set()  # whoever waits here has to see the reason

    async def passed(self) -> bool:
        """Waits while the service is in doubt. Returns False if the order must not be sent any more."""
        await self._open.wait()
        return not self.is_stopped

    def doubt(self) -> None:
        """Takes in that an answer was lost: no order is sent until the service has answered a free question.

        Without this, an outage would leave one submit of unknown fate behind for every try.
        """
        if self._probing is None or self._probing.done():
            self._open.clear()
            self._probing = asyncio.create_task(self._ask())

    async def close(self) -> None:
        """Ends the question that is under way."""
        if self._probing:
            self._probing.cancel()
            await asyncio.gather(self._probing, return_exceptions=True)

    async def _ask(self) -> None:
        try:
            await self._probe()
        except PhotaError as error:
            self.stop(error)
        self._open.set()

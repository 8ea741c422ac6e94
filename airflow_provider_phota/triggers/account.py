"""The account of a connection, fetched once for all of its waits: in a triggerer every fetch is expensive."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from airflow_provider_phota.api.settings import Settings

log = logging.getLogger(__name__)

#: Seconds after which the connection is fetched anew, so that a rotated key is picked up.
TIME_TO_LIVE = 300.0
#: Seconds after a refused key was fetched anew in which it is not fetched again: it would be the same one.
_NEWS = 10.0


class Account:
    """One connection's settings, shared by all who ask on one event loop.

    Args:
        fetch: reads the Airflow connection.
        clock: for tests.
    """

    def __init__(
        self, fetch: Callable[[], Awaitable[Settings]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._known: Settings | None = None
        self._fetched_at = 0.0
        self._after_refusal_at = float("-inf")
        self._fetching: asyncio.Task[Settings] | None = None

    async def settings(self) -> Settings:
        """The settings; old ones serve until new ones are there.

        Raises:
            Exception: whatever the first fetch raises, to all who wait for it.
        """
        if self._known is None:
            return await asyncio.shield(self._renewal())
        if self._clock() - self._fetched_at > TIME_TO_LIVE:
            self._renewal().add_done_callback(_tell)
            self._fetched_at = self._clock()  # one renewal at a time, and none at once after a failed one
        return self._known

    async def after_refusal(self, refused: Settings) -> Settings | None:
        """Newer settings than those whose key was refused, None if there are none."""
        # not by the age of the last fetch: a key can be rotated right after it
        if self._known == refused and (self._fetching or self._clock() - self._after_refusal_at > _NEWS):
            await asyncio.shield(self._renewal(after_refusal=True))
        return self._known if self._known != refused else None

    async def close(self) -> None:
        """End a fetch that nobody waits for any more."""
        ending, self._fetching = self._fetching, None  # who comes meanwhile gets a fetch of its own
        if ending:
            ending.cancel()
            await asyncio.gather(ending, return_exceptions=True)

    def _renewal(self, *, after_refusal: bool = False) -> asyncio.Task[Settings]:
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._renew(after_refusal=after_refusal))
        return self._fetching

    async def _renew(self, *, after_refusal: bool) -> Settings:
        try:
            self._known = await self._fetch()
            self._fetched_at = self._clock()
            if after_refusal:
                # here and not by those who wait for it: they go on a moment later, and others may ask between
                self._after_refusal_at = self._fetched_at
            return self._known
        finally:
            if self._fetching is asyncio.current_task():
                self._fetching = None


def _tell(renewal: asyncio.Task[Settings]) -> None:
    if not renewal.cancelled() and (error := renewal.exception()):
        log.warning(
            "The connection could not be read anew (%s); the old one serves on.", type(error).__name__
        )

"""Fetches the account of a connection once for all of its waits, since fetching is slow in a triggerer."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from airflow_provider_phota.api.settings import Settings

log = logging.getLogger(__name__)

#: Seconds after which the connection is fetched again, so that a new key is found.
TIME_TO_LIVE = 300.0
#: Seconds after the fetch that followed a refusal, in which there is no other: it would bring the same key.
_NO_NEWS = 10.0


class Account:
    """Keeps the settings of one connection for all the waits on an event loop.

    Args:
        fetch: reads the Airflow connection.
        clock: tells the seconds and only goes forward; for tests.
    """

    def __init__(
        self, fetch: Callable[[], Awaitable[Settings]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._known: Settings | None = None
        self._fetched_at = 0.0
        self._fetched_after_refusal_at = float("-inf")
        self._fetching: asyncio.Task[Settings] | None = None

    async def settings(self) -> Settings:
        """Returns the settings. While they are renewed, the old ones are used.

        Raises:
            Exception: whatever the first fetch raises, in every wait that needs its result.
        """
        if self._known is None:
            return await asyncio.shield(self._renewal())
        if self._clock() - self._fetched_at > TIME_TO_LIVE:
            self._renewal().add_done_callback(_warn_if_failed)
            self._fetched_at = self._clock()  # so that a failed renewal is not repeated at once
        return self._known

    async def after_refusal(self, refused: Settings) -> Settings | None:
        """Returns newer settings than those whose key was refused, or None if there are no newer ones."""
        # the age of the last fetch does not decide: a key can be replaced right after it
        if self._known == refused and (self._fetching or self._may_fetch_after_refusal()):
            await asyncio.shield(self._renewal(after_refusal=True))
        return self._known if self._known != refused else None

    async def close(self) -> None:
        """Cancels a fetch whose result is not needed any more."""
        fetching, self._fetching = self._fetching, None  # a wait that begins meanwhile gets its own fetch
        if fetching:
            fetching.cancel()
            await asyncio.gather(fetching, return_exceptions=True)

    def _may_fetch_after_refusal(self) -> bool:
        return self._clock() - self._fetched_after_refusal_at > _NO_NEWS

    def _renewal(self, *, after_refusal: bool = False) -> asyncio.Task[Settings]:
        """Starts a fetch, or returns the one that is under way."""
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._renew(after_refusal=after_refusal))
        return self._fetching

    async def _renew(self, *, after_refusal: bool) -> Settings:
        try:
            self._known = await self._fetch()
            self._fetched_at = self._clock()
            if after_refusal:
                # noted here, since those who wait for the fetch go on later: another wait may ask before them
                self._fetched_after_refusal_at = self._fetched_at
            return self._known
        finally:
            if self._fetching is asyncio.current_task():
                self._fetching = None


def _warn_if_failed(renewal: asyncio.Task[Settings]) -> None:
    if not renewal.cancelled() and (error := renewal.exception()):
        log.warning(
            "The connection could not be read again (%s); the old settings are still used.",
            type(error).__name__,
        )

"""Commits events in groups: while one group is being written, the next one gathers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeAlias

from airflow_provider_phota.api.errors import PhotaLedgerError
from airflow_provider_phota.journal.events import Event, Intent, Paid
from airflow_provider_phota.journal.segments import LeaseIsShared

log = logging.getLogger(__name__)

#: Writes a group, and returns once it is durable.
Write: TypeAlias = Callable[[Sequence[Event]], Awaitable[None]]
#: Events of a group at most, so that an object stays small.
_MOST = 2000
_CLOSED = (
    "The journal of this batch cannot be written any more; no more is sent.\n"
    "The IDs of paid PHOTA tasks are in the log of this attempt."
)


@dataclass(eq=False)
class _Queued:
    """An event that is not written yet, and whoever waits for that."""

    event: Event
    at: float
    written: asyncio.Future[None] | None = field(default=None, repr=False)


class GroupCommits:
    """Queues events, and writes them one group at a time.

    Args:
        write: see `Write`. It raises PhotaLedgerError if the store fails for too long.
        gathering: seconds that a group waits for more events, from its first one on.
    """

    def __init__(self, write: Write, gathering: float) -> None:
        self._write = write
        self._gathering = gathering
        self._queue: list[_Queued] = []
        self._is_filled = asyncio.Event()
        self._is_closing = asyncio.Event()
        #: Why nothing can be written any more.
        self._end: BaseException | None = None
        self._loop = asyncio.get_running_loop()
        self._running = asyncio.create_task(self._run())

    def add(self, event: Event) -> None:
        """Queues an event that nobody waits for."""
        self._put(_Queued(event, self._loop.time()))

    async def append(self, event: Event) -> None:
        """Returns once the event is durable.

        Raises:
            PhotaLedgerError: the store fails for too long. Unless it is an intent, the event stays queued.
        """
        written = self._loop.create_future()
        self._put(_Queued(event, self._loop.time(), written))
        await written

    async def close(self) -> int:
        """Writes what is queued, and returns how many events could not be written.

        Raises:
            LeaseIsShared: nothing could be written any more.
        """
        self._is_closing.set()
        self._is_filled.set()
        await asyncio.wait([self._running])
        if self._end is not None:
            raise self._end
        return len(self._queue)

    def _put(self, queued: _Queued) -> None:
        if self._end is not None:
            raise PhotaLedgerError(_CLOSED) from None
        if self._running.done():
            raise RuntimeError("the journal is closed")
        self._queue.append(queued)
        self._is_filled.set()

    async def _run(self) -> None:
        try:
            while True:
                await self._is_filled.wait()
                if not self._queue:
                    return  # it is closing
                await self._gather()
                is_written = await self._write_group()
                if self._is_closing.is_set() and not is_written:
                    return
                if not self._queue and not self._is_closing.is_set():
                    self._is_filled.clear()
        except BaseException as error:
            self._end = error
            _resolve(self._queue, PhotaLedgerError(_CLOSED))
            if not isinstance(error, Exception):
                raise

    async def _gather(self) -> None:
        left = self._queue[0].at + self._gathering - self._loop.time()
        if left > 0 and len(self._queue) < _MOST:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._is_closing.wait(), left)

    async def _write_group(self) -> bool:
        group, self._queue = self._queue[:_MOST], self._queue[_MOST:]
        try:
            await self._write([each.event for each in group])
        except BaseException as error:
            self._keep(group, error)
            if isinstance(error, LeaseIsShared) or not isinstance(error, PhotaLedgerError):
                raise
            return False
        _resolve(group)
        return True

    def _keep(self, group: Sequence[_Queued], error: BaseException) -> None:
        """Queues again what is not written, for the case that the store recovers. An intent is not sent."""
        for each in group:
            if isinstance(each.event, Paid):
                log.error("PHOTA task %s is paid for, but not recorded yet.", each.event.phota_task_id)
        _resolve(group, error if isinstance(error, PhotaLedgerError) else PhotaLedgerError(_CLOSED))
        now = self._loop.time()
        self._queue[:0] = [_Queued(each.event, now) for each in group if not isinstance(each.event, Intent)]


def _resolve(group: Sequence[_Queued], error: PhotaLedgerError | None = None) -> None:
    for each in group:
        if each.written is not None and not each.written.done():
            each.written.set_exception(error) if error else each.written.set_result(None)

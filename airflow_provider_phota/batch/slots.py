"""Counts the orders that are paid and unfinished."""

from __future__ import annotations

import asyncio


class Slots:
    """Limits how many orders are in flight. Tasks of earlier attempts take a slot even if none is free.

    Args:
        limit: orders at once.

    Attributes:
        taken: slots that are taken now.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.taken = 0
        self._changed = asyncio.Condition()

    @property
    def free(self) -> int:
        return max(self.limit - self.taken, 0)

    def take(self) -> None:
        """Takes a slot, whether there is a free one or not."""
        self.taken += 1

    async def wait_and_take(self) -> None:
        """Takes a slot as soon as one is free."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.taken < self.limit)
            self.taken += 1

    async def give_back(self) -> None:
        async with self._changed:
            self.taken -= 1
            self._changed.notify()

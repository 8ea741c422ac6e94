"""Finds items of a batch that ask for the same: one of them is paid for, and all of them get pictures."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass


@dataclass(frozen=True)
class Payer:
    """Is the item that was paid for, in the place of others that ask for the same.

    Attributes:
        key: of the item.
        phota_task_id: the paid task.
    """

    key: str
    phota_task_id: str


class Twins:
    """Lets one of several equal items be paid for, while the others wait for its task."""

    def __init__(self) -> None:
        self._payers: dict[str, asyncio.Future[Payer | None]] = {}

    async def wait_for_payer(self, fingerprint: str) -> Payer | None:
        """Returns the item that was paid for; None if the caller is the one that has to be.

        The caller then says by `settle` what has become of it.
        """
        while (payer := self._payers.get(fingerprint)) is not None:
            if (paid := await asyncio.shield(payer)) is not None:
                return paid
        self._payers[fingerprint] = asyncio.get_running_loop().create_future()
        return None

    def settle(self, fingerprint: str, payer: Payer | None) -> None:
        """Takes in that the item is paid for; or, with None, that it was not and another one may be."""
        future = self._payers.get(fingerprint)
        if future is None or future.done():
            return
        if payer is None:
            del self._payers[fingerprint]
        future.set_result(payer)

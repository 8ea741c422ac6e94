"""Writes the cards of the items of a batch, as long as the store takes them."""

from __future__ import annotations

import logging

from airflow_provider_phota.batch.threads import Hung, Threads
from airflow_provider_phota.results.card_writing import Landed, write_card
from airflow_provider_phota.results.cards import MOST_PICTURES

log = logging.getLogger(__name__)

#: Cards that fail one after the other until no more are tried: each may take half a minute, and there may be
#: thousands.
_MOST_FAILURES = 3


class Cards:
    """Writes cards in threads. What goes wrong with them is no trouble of the batch.

    Args:
        threads: in which they are written.
        are_wanted: whether there are cards at all.
    """

    def __init__(self, threads: Threads, *, are_wanted: bool) -> None:
        self._threads = threads
        self._are_wanted = are_wanted
        self._failures = 0

    @property
    def most_copies(self) -> int:
        """Of how many pictures of an item small copies are made."""
        return MOST_PICTURES if self._are_wanted else 0

    async def write(self, landed: Landed) -> None:
        """Writes the card of an item whose pictures are at home, if cards are written."""
        if not self._are_wanted:
            return
        try:
            is_written = bool(await self._threads.run(lambda: write_card(landed)))
        except Hung:  # other landings hang, so that it did not get a place
            is_written = False
        self._failures = 0 if is_written else self._failures + 1
        if self._failures >= _MOST_FAILURES and self._are_wanted:
            self._are_wanted = False
            log.warning("No more small copies of pictures are written in this attempt. The pictures land.")

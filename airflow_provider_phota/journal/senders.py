"""Knows how long processes that were overtaken may still be sending what they have recorded."""

from __future__ import annotations

import time
from collections.abc import Iterable

from airflow_provider_phota.journal.history import ItemState
from airflow_provider_phota.journal.segments import Segments, age_between
from airflow_provider_phota.journal.sendings import Sending


class Senders:
    """Remembers until when the intents of older leases may be sent, by this process's own monotonic clock.

    The clocks of two machines may differ, so the age of an intent is by the store's clock. It is looked at
    when the intent is read, since its segment may be archived later.

    Args:
        lease: the number of the own lease. Its intents are sent by this process, which knows about them.
    """

    def __init__(self, lease: int) -> None:
        self._lease = lease
        self._ends: dict[tuple[str, str], float] = {}

    def look(self, segments: Segments, items: Iterable[ItemState]) -> None:
        """Reads the ages of the intents that are new since the last look."""
        new = {
            (each.segment, each.token): each
            for item in items
            for each in item.unresolved
            if self._may_be_sent(each) and (each.segment, each.token) not in self._ends
        }
        if not new:
            return
        written = {
            segment: segments.written_at(segment) for segment in {each.segment for each in new.values()}
        }
        now, here, monotonic = segments.now(), time.time(), time.monotonic()
        for key, intent in new.items():
            by_store = intent.seconds - age_between(written[intent.segment], now)
            by_this_clock = min(intent.at + intent.seconds - here, intent.seconds)
            self._ends[key] = monotonic + max(by_store, by_this_clock, 0.0)

    def seconds_left(self, item: ItemState) -> float:
        """Returns for how many seconds an item may still be sent by another process."""
        now = time.monotonic()
        lefts = (
            # if its age was not read, it may be as young as can be
            self._ends.setdefault((each.segment, each.token), now + each.seconds) - now
            for each in item.unresolved
            if self._may_be_sent(each)
        )
        return max([0.0, *lefts])

    def _may_be_sent(self, sending: Sending) -> bool:
        return bool(sending.segment) and sending.lease != self._lease and not sending.doubt

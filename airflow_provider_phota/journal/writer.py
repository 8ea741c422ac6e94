"""Holds the journal of a batch open: it reads what is recorded, and records what many orders do at once."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from airflow_provider_phota.api.errors import PhotaLedgerError
from airflow_provider_phota.journal.commits import GroupCommits
from airflow_provider_phota.journal.events import Event, Intent, TakenBack
from airflow_provider_phota.journal.history import ItemState
from airflow_provider_phota.journal.leases import BatchOwner, Lease, Try, claim
from airflow_provider_phota.journal.patience import Patience
from airflow_provider_phota.journal.segments import MANY, Segments
from airflow_provider_phota.journal.senders import Senders
from airflow_provider_phota.journal.state import BatchState
from airflow_provider_phota.storage.paths import Place

log = logging.getLogger(__name__)

#: Seconds that a group of events waits for more, from its first one on.
GATHERING = 0.25


class Overtaken(Exception):
    """Another process holds the journal now, or the time to send is over: the order was not sent."""


@dataclass
class _Found:
    """Is what a process finds when it takes over a journal."""

    lease: Lease
    segments: Segments
    state: BatchState
    senders: Senders


class Journal:
    """Is the journal of a batch, for the process that has taken its lease. It is made by `open`.

    Attributes:
        lease: of this process.
        state: of each item, by everything that is read and written so far.
        segments: what is written, for the rows in it.
        patience: with its store.
        overtaken: True once another process was seen to hold the journal. What was paid for can be recorded
            still, but nothing is sent any more.
    """

    def __init__(self, found: _Found, gathering: float, patience: Patience) -> None:
        self.lease, self.segments, self.state = found.lease, found.segments, found.state
        self.overtaken = False
        self._senders = found.senders
        self.patience = patience
        self._commits = GroupCommits(self._write, gathering)
        self._rereading = asyncio.Lock()
        self._compaction: asyncio.Task[None] | None = None
        self._segments_since_compaction = MANY  # how many there are from before is not known

    @classmethod
    async def open(
        cls,
        folder: Place,
        owner: BatchOwner,
        holder: Try,
        plan: str,
        *,
        may_begin: bool = True,
        gathering: float = GATHERING,
        patience: Patience | None = None,
    ) -> Self:
        """Takes the lease of a journal, and reads it. Every earlier holder is overtaken from then on.

        Args:
            folder: the journal's. It is made if it is missing.
            owner: of the batch.
            holder: Airflow's try that takes it.
            plan: the digest of what is to be done.
            may_begin: False if the journal must be there already.
            gathering: seconds that a group of events waits for more.
            patience: with a store that fails.

        Raises:
            PhotaLedgerError: it is another batch's, or it cannot be read or written.
        """
        patience = patience or Patience()

        def take_over() -> _Found:
            claim(folder, owner, may_begin=may_begin)
            lease = Lease.take(folder, holder, plan)
            found = _Found(lease, Segments(folder, lease.number), BatchState(), Senders(lease.number))
            for name, event in found.segments.read_all():
                found.state.apply(event, name)
            found.senders.look(found.segments, found.state.unresolved_items())
            return found

        return cls(await patience.call(take_over, "read", reads_all=True), gathering, patience)

    def add(self, event: Event) -> None:
        """Queues an event that nobody waits for. The next group holds it, or `close` writes it."""
        self._commits.add(event)

    async def append(self, event: Event) -> None:
        """Returns once the event is durable.

        Raises:
            PhotaLedgerError: the store fails for too long. Unless it is an intent, the event stays queued.
        """
        await self._commits.append(event)

    async def intend(self, intent: Intent, ends_at: float) -> None:
        """Records that an order is about to be sent. If this returns, it may be sent until `ends_at`.

        Args:
            intent: what is recorded.
            ends_at: by `time.monotonic()`: at most `intent.seconds` after this is called.

        Raises:
            Overtaken: another process holds the journal, or the time is over. The intent is taken back.
            PhotaLedgerError: it could not be recorded, or it is not known who holds the journal. Do not send.
        """
        self._check_lease(intent)
        try:
            await self._commits.append(intent)
            self._check_lease(intent)
            if time.monotonic() >= ends_at:
                raise Overtaken(
                    f"{intent.item} was not sent: its time was over before its intent was recorded."
                )
        except BaseException:
            self._take_back(intent)  # whatever ended this, even a cancelled task: nothing was sent
            raise

    async def reread(self) -> int:
        """Reads what other processes have written since, such as the IDs that an overtaken one still got.

        Returns:
            How many events were new.

        Raises:
            PhotaLedgerError: it cannot be read.
        """
        async with self._rereading:
            found = await self.patience.call(self.segments.read_new, "read", reads_all=True)
            for name, event in found:
                self.state.apply(event, name)
            items = [self.state.item(event.item) for _, event in found if isinstance(event, Intent)]
            if unresolved := [item for item in items if item and item.unresolved]:
                await self.patience.call(lambda: self._senders.look(self.segments, unresolved), "read")
            return len(found)

    def seconds_left(self, item: ItemState) -> float:
        """Returns for how many seconds an overtaken process may still send the item."""
        return self._senders.seconds_left(item)

    def is_of_earlier_try(self, item: ItemState) -> bool:
        """Returns True if the item has ended in an earlier try than this one."""
        return item.end is not None and item.end.position[0] < self.lease.first_of_try

    async def close(self) -> None:
        """Writes what is queued, and ends.

        Raises:
            PhotaLedgerError: something could not be written.
        """
        lost = await self._commits.close()
        if self._compaction:
            # not to its end if the store hangs: whatever is not archived stays as it is
            await asyncio.wait([self._compaction], timeout=self.patience.longest_call)
            self._compaction.cancel()
        if lost:
            raise PhotaLedgerError(
                f"{lost} events of this batch are not in its journal, since its store fails.\n"
                f"{self.lease.folder.command} cannot be written to.\n"
                "The IDs of paid PHOTA tasks are in the log of this attempt.\n"
                "The next attempt holds items whose IDs the journal does not have: adopt their tasks."
            )

    def _check_lease(self, intent: Intent) -> None:
        if self.overtaken:
            raise Overtaken(f"{intent.item} was not sent: another process has taken over this batch.")

    def _take_back(self, intent: Intent) -> None:
        try:
            self._commits.add(TakenBack(intent.item, intent.generation, intent.token))
        except (PhotaLedgerError, RuntimeError):
            log.warning("An intent that was never sent is not taken back: the journal cannot be written.")

    async def _write(self, events: Sequence[Event]) -> None:
        name = await self.patience.call(lambda: self.segments.write(events), "written")
        for event in events:
            self.state.apply(event, name)
        self._compact_if_many()
        if any(isinstance(event, Intent) for event in events) and not self.overtaken:
            # if this fails, the group is written once more, which changes nothing
            self.overtaken = await self.patience.call(self.lease.is_overtaken, "read")

    def _compact_if_many(self) -> None:
        self._segments_since_compaction += 1
        is_running = self._compaction is not None and not self._compaction.done()
        if self._segments_since_compaction > MANY and not is_running and not self.overtaken:
            self._segments_since_compaction = 0
            self._compaction = asyncio.create_task(self._compact())

    async def _compact(self) -> None:
        try:
            await self.patience.call(self.segments.compact, "archived", reads_all=True)
        except PhotaLedgerError as error:
            log.warning("The journal is not compacted, so it is read more slowly.\n%s", error)

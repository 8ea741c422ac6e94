"""Folds the events of one item into what is known about it. It does no I/O.

The order in which the segments are read does not matter: the events of one sending complete each other, and
of two ends, that of the higher rank counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from typing import TypeAlias

from airflow_provider_phota.journal.events import Ended, Event, Reopened
from airflow_provider_phota.journal.rows import Status
from airflow_provider_phota.journal.sendings import Sending, completed, rank

#: The number of a lease, and the number of one of its segments.
Position: TypeAlias = tuple[int, int]


class Phase(Enum):
    """Says how far an item has come."""

    #: nothing of it is under way: it was reopened, or each of its sendings was taken back
    NEW = "new"
    #: it was about to be sent, and what became of that is not recorded
    INTENDED = "intended"
    #: it was sent, and the answer was lost
    DOUBTFUL = "doubtful"
    #: it is paid for
    PAID = "paid"
    #: it has a row
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class End:
    """Is what is kept of a row.

    Attributes:
        position: where the row is written.
    """

    status: Status
    generation: int
    can_retry: bool
    phota_task_id: str | None
    position: Position

    @property
    def rank(self) -> tuple[bool, bool, Position]:
        """The end of the highest rank counts.

        An overtaken process may still land what it has paid for, and a later one that did not know its task
        says that the item is ambiguous. So what is known of a task counts more.
        """
        knows_task = self.phota_task_id is not None and self.status is not Status.AMBIGUOUS
        return self.status.is_success, knows_task, self.position


@dataclass(frozen=True, slots=True)
class ItemState:
    """Is what the journal knows about an item.

    Attributes:
        generation: of its last payment; 0 if it was never paid for.
        sending: the paid sending, or else the last one whose fate is not known.
        phota_task_id: the paid task that counts.
        unresolved: the sendings whose fate is not known.
        end: the row's, if the item has ended.
        besides: paid tasks that nobody has replaced on purpose, next to the one that counts.
        reopened_by: the number of the lease that has reopened the item last; 0 if it never was.
    """

    item: str
    phase: Phase
    generation: int
    sending: Sending | None = None
    phota_task_id: str | None = None
    unresolved: tuple[Sending, ...] = ()
    end: End | None = None
    besides: tuple[str, ...] = ()
    reopened_by: int = 0

    @property
    def sent(self) -> Sending:
        """The sending, or one of which nothing is known."""
        return self.sending or Sending(self.generation, "", lease=0)

    @property
    def status(self) -> Status | None:
        """What became of the item, if it has ended."""
        return self.end.status if self.end else None

    @property
    def can_retry(self) -> bool:
        """True if another attempt can end better without another payment."""
        return self.end is not None and self.end.can_retry

    @property
    def resubmits(self) -> int:
        """How many submits of unknown fate the last one repeats, which is of unknown fate itself."""
        return max((each.resubmits for each in self.unresolved), default=0)


class History:
    """Collects the events of one item."""

    __slots__ = ("_ends", "_item", "_reopened", "_reopened_at", "_sendings", "_settled")

    def __init__(self, item: str) -> None:
        self._item = item
        self._sendings: dict[tuple[int, str], Sending] = {}
        self._reopened, self._reopened_at = 0, (-1, -1)
        #: The tasks that some row names.
        self._settled: frozenset[str] = frozenset()
        self._ends: tuple[End, ...] = ()

    @classmethod
    def of_end(cls, item: str, end: End) -> History:
        """Returns the history of an item of which only its end was kept."""
        history = cls(item)
        history._ends = (end,)
        if end.phota_task_id:
            paid = Sending(end.generation, "", end.position[0], phota_task_id=end.phota_task_id)
            history._sendings[end.generation, ""] = paid
            history._settled = frozenset((end.phota_task_id,))
        return history

    @property
    def end(self) -> End | None:
        return max(reversed(self._ends), key=lambda end: end.rank, default=None)

    @property
    def sendings(self) -> Iterator[Sending]:
        return iter(self._sendings.values())

    @property
    def reopened_by(self) -> int:
        """The number of the lease under which the item was last opened again; 0 if it never was."""
        return max(self._reopened_at[0], 0)

    @property
    def was_reopened(self) -> bool:
        return self._reopened_at != (-1, -1)

    def payments(self) -> list[Sending]:
        """Returns the sendings that are paid for, or may be, also those that a person has had replaced.

        A task that was adopted is the one of the sendings of unknown fate before it.
        """
        adopted = max((each.generation for each in self._sendings.values() if each.is_adopted), default=0)
        return [
            each
            for each in self._sendings.values()
            if each.phota_task_id
            or not (each.generation <= adopted or each.is_taken_back or self._was_never_sent(each))
        ]

    def bill(self) -> dict[str, float]:
        """Returns the credits of each paid task; 0 if the service did not say."""
        bill: dict[str, float] = {}
        for each in self._sendings.values():
            if each.phota_task_id:
                bill[each.phota_task_id] = max(each.credits or 0.0, bill.get(each.phota_task_id, 0.0))
        return bill

    def apply(self, event: Event, position: Position, segment: str) -> None:
        if isinstance(event, Ended):
            self._apply_end(event, position)
        elif isinstance(event, Reopened):
            self._reopen(event, position)
        else:
            key = event.generation, event.token
            known = self._sendings.get(key) or Sending(*key, lease=position[0])
            self._sendings[key] = completed(known, event, segment)

    def _apply_end(self, event: Ended, position: Position) -> None:
        row = event.row
        if row.phota_task_id and row.status is not Status.AMBIGUOUS:
            self._settled |= {row.phota_task_id}
        if event.generation <= self._reopened and position < self._reopened_at:
            return
        self._ends += (End(row.status, event.generation, row.can_retry, row.phota_task_id, position),)

    def _reopen(self, event: Reopened, position: Position) -> None:
        self._reopened = max(event.generation, self._reopened)
        self._reopened_at = max(position, self._reopened_at)
        since = self._reopened, self._reopened_at
        self._ends = tuple(
            each for each in self._ends if each.generation > since[0] or each.position > since[1]
        )

    def state(self) -> ItemState:
        state = self._state()
        return replace(state, reopened_by=self.reopened_by) if self.was_reopened else state

    def _state(self) -> ItemState:
        live = [each for each in self._sendings.values() if self._is_live(each)]
        unresolved = tuple(sorted((each for each in live if not each.phota_task_id), key=rank))
        paid = sorted((each for each in live if each.phota_task_id), key=rank)
        generation = max((each.generation for each in live), default=0)
        end = self.end
        generation = max(generation, self._reopened, end.generation if end else 0)
        if end and end.status.is_success:
            return self._ended(end, generation, unresolved, paid)
        if unsettled := [each for each in paid if each.phota_task_id not in self._settled]:
            sending = unsettled[-1]
            return ItemState(
                self._item,
                Phase.PAID,
                generation,
                sending,
                sending.phota_task_id,
                unresolved,
                besides=_others(paid, sending.phota_task_id),
            )
        if end and all(each.generation <= end.generation for each in unresolved):
            return self._ended(end, generation, unresolved, paid)
        if not unresolved:
            return ItemState(self._item, Phase.NEW, generation, besides=_others(paid, None))
        phase = Phase.DOUBTFUL if all(each.doubt for each in unresolved) else Phase.INTENDED
        return ItemState(
            self._item, phase, generation, unresolved[-1], None, unresolved, besides=_others(paid, None)
        )

    def _ended(
        self, end: End, generation: int, unresolved: tuple[Sending, ...], paid: list[Sending]
    ) -> ItemState:
        sending = next((each for each in paid if each.phota_task_id == end.phota_task_id), None)
        besides = _others(paid, end.phota_task_id)
        return ItemState(
            self._item, Phase.ENDED, generation, sending, end.phota_task_id, unresolved, end, besides
        )

    def _is_live(self, sending: Sending) -> bool:
        if sending.generation <= self._reopened:
            return False
        return bool(sending.phota_task_id) or not (sending.is_taken_back or self._was_never_sent(sending))

    def _was_never_sent(self, sending: Sending) -> bool:
        """Returns True if a later lease began the same generation.

        Its holder has read everything that was recorded before the lease, and did not find this intent. So it
        was recorded after the lease, and its writer looks for leases before it sends.
        """
        return any(
            each.segment and each.lease > sending.lease and each.generation <= sending.generation
            for each in self._sendings.values()
        )


def _others(paid: list[Sending], current: str | None) -> tuple[str, ...]:
    ids = dict.fromkeys(each.phota_task_id for each in paid if each.phota_task_id)
    return tuple(each for each in ids if each != current)

"""Folds the events of a journal into the state of a batch. It does no I/O.

Of an item that has landed only its end is kept, so that a batch of 100,000 items takes little memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

from airflow_provider_phota.journal.events import Doubtful, Ended, Event, Intent, Paid, TakenBack
from airflow_provider_phota.journal.fingerprints import Fingerprints
from airflow_provider_phota.journal.history import End, History, ItemState, Phase, Position
from airflow_provider_phota.journal.names import position_of
from airflow_provider_phota.journal.rows import Status

#: The phases of items that are paid for, or may be, and have not ended.
_OPEN = frozenset({Phase.PAID, Phase.INTENDED, Phase.DOUBTFUL})


class BatchState:
    """Knows the state of each item whose events were read."""

    def __init__(self) -> None:
        self._histories: dict[str, History] = {}
        #: Items of which only the end is kept.
        self._ends: dict[str, End] = {}
        self._fingerprints = Fingerprints()
        self._counts: Counter[Status] = Counter()
        self._last_segment: tuple[str | None, Position] = (None, (0, 0))
        #: How many tasks are paid for, and the sum of what the service said that they cost.
        self.payments = 0
        self.credits = 0.0
        #: The blocks of the budgets' money that have paid for orders.
        self.blocks: set[str] = set()

    def apply(self, event: Event, segment_name: str | None = None) -> None:
        """Takes an event into account.

        Args:
            event: each event is applied once, and those of one segment in their order.
            segment_name: the segment that holds the event.
        """
        position = self._position_of(segment_name)
        if end := self._ends.get(event.item):
            if _changes_nothing(end, event, position):
                return
            self._histories[event.item] = History.of_end(event.item, self._ends.pop(event.item))
        history = self._histories.get(event.item) or self._histories.setdefault(
            event.item, History(event.item)
        )
        status = end.status if end else self._status_in(history)
        if isinstance(event, Paid):
            self._pay(history, event, position)
        else:
            history.apply(event, position, segment_name or "")
        if isinstance(event, Intent):
            self._fingerprints.add(event.fingerprint, event.item)
            if event.block:
                self.blocks.add(event.block)
        self._count(event.item, history, status)

    def status_of(self, item_id: str) -> Status | None:
        """Returns what became of an item, or None if it has not ended."""
        if end := self._ends.get(item_id):
            return end.status
        history = self._histories.get(item_id)
        return self._status_in(history) if history else None

    def item(self, item_id: str) -> ItemState | None:
        """Returns what is known about an item, or None if there is no event of it."""
        if end := self._ends.get(item_id):
            return History.of_end(item_id, end).state()
        history = self._histories.get(item_id)
        return history.state() if history else None

    def open_items(self) -> Iterator[ItemState]:
        """Yields the items that are paid for, or may be, and have not ended."""
        for history in list(self._histories.values()):
            state = history.state()
            if state.phase in _OPEN:
                yield state

    def items_to_settle(self) -> Iterator[ItemState]:
        """Yields the items that are open, and those that are paid for and may land in another attempt."""
        for history in list(self._histories.values()):
            state = history.state()
            if state.phase in _OPEN or (state.can_retry and state.sending and state.phota_task_id):
                yield state

    def unresolved_items(self) -> Iterator[ItemState]:
        """Yields the items with sendings whose fate is not known, whether they have ended or not."""
        for history in list(self._histories.values()):
            state = history.state()
            if state.unresolved:
                yield state

    def payers_of(self, phota_task_ids: Collection[str]) -> dict[str, str]:
        """Returns the item that each of these tasks was paid for, by the ID of the task, if there is one."""
        found = {end.phota_task_id or "": item for item, end in self._ends.items()}
        for item, history in self._histories.items():
            found.update(dict.fromkeys(history.bill(), item))
        return {task: item for task, item in found.items() if task in phota_task_ids}

    def counts(self) -> Counter[Status]:
        """Returns how many items have ended, by what became of them."""
        return +self._counts

    def by_fingerprint(
        self, fingerprint: str, *, besides: str = "", since: int = 0
    ) -> tuple[str, ItemState] | None:
        """Returns an item that asks for the same, if it is paid for, or may be.

        Args:
            fingerprint: of what is asked for.
            besides: the ID of an item that is not meant.
            since: the number of a lease; what was sent under an earlier one does not count.
        """
        found = []
        for item_id in self._fingerprints.items_with(fingerprint):
            state = self.item(item_id)
            if item_id != besides and state and _asks_for(state, fingerprint, since):
                found.append((_rank_of(state), item_id, state))
        return min(found, key=lambda each: each[:2])[1:] if found else None

    def besides(self) -> Iterator[tuple[str, str]]:
        """Yields the items that have more than one paid task, and the tasks that do not count for them."""
        for item_id, history in list(self._histories.items()):
            for phota_task_id in history.state().besides:
                yield item_id, phota_task_id

    def _pay(self, history: History, event: Paid, position: Position) -> None:
        before = history.bill()
        history.apply(event, position, "")
        after = history.bill()
        self.payments += len(after) - len(before)
        self.credits += sum(after.values()) - sum(before.values())

    def _count(self, item_id: str, history: History, before: Status | None) -> None:
        if before is None and history.end is None:
            return
        state = history.state()
        if before is not state.status:
            if before is not None:
                self._counts[before] -= 1
            if state.status is not None:
                self._counts[state.status] += 1
        if state.end and _is_complete(history, state):
            self._keep_end(item_id, history, state.end)

    def _keep_end(self, item_id: str, history: History, end: End) -> None:
        landed = {each.fingerprint for each in history.sendings if each.phota_task_id == end.phota_task_id}
        kept = landed if end.phota_task_id else set()
        for each in history.sendings:
            if each.fingerprint and each.fingerprint not in kept:
                self._fingerprints.discard(each.fingerprint, item_id)
        self._ends[item_id] = end
        del self._histories[item_id]

    def _position_of(self, segment_name: str | None) -> Position:
        if segment_name != self._last_segment[0]:
            self._last_segment = segment_name, position_of(segment_name) if segment_name else (0, 0)
        return self._last_segment[1]

    @staticmethod
    def _status_in(history: History) -> Status | None:
        return history.state().status if history.end else None


def _rank_of(state: ItemState) -> int:
    """Returns which of several items that ask for the same is named: the lowest is."""
    if state.status is Status.LANDED:
        return 0
    if state.phota_task_id:
        return 1 if state.end is None or state.can_retry else 2
    return 3 if state.phase is Phase.INTENDED else 4


def _asks_for(state: ItemState, fingerprint: str, since: int) -> bool:
    if state.status is Status.LANDED:
        # only the fingerprint of its landed task stays in the index
        sent = state.sending
        return sent is not None and sent.fingerprint in {fingerprint, ""} and sent.lease >= since
    if state.phase not in _OPEN and not state.phota_task_id and state.status is not Status.AMBIGUOUS:
        return False
    sendings = (*state.unresolved, *((state.sending,) if state.sending else ()))
    return any(each.fingerprint == fingerprint and each.lease >= since for each in sendings)


def _is_complete(history: History, state: ItemState) -> bool:
    """Returns True if the end says all that matters about the item from now on."""
    if state.status is None or not state.status.is_success or state.besides or history.was_reopened:
        return False
    if any(each.generation > state.end.generation for each in history.sendings) if state.end else True:
        return False
    return state.phota_task_id is None or bool(state.sending and state.sending.fingerprint)


def _changes_nothing(end: End, event: Event, position: Position) -> bool:
    """Returns True if an event does not matter for an item of which only the end is kept."""
    if isinstance(event, Intent | Doubtful | TakenBack):
        return event.generation <= end.generation
    if isinstance(event, Paid):
        return event.phota_task_id == end.phota_task_id
    return isinstance(event, Ended) and (not event.row.status.is_success or position < end.position)

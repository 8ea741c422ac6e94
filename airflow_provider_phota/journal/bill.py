"""Adds up what the events of a journal say about money. It does no I/O."""

from __future__ import annotations

from dataclasses import replace

from airflow_provider_phota.api.costs import UNKNOWN_COST, Cost
from airflow_provider_phota.journal.events import Ended, Event, Paid
from airflow_provider_phota.journal.names import position_of


class Bill:
    """Knows what each paid task of a journal costs, whatever order the segments are read in."""

    def __init__(self) -> None:
        self._paid: dict[str, Paid] = {}
        #: What tasks have cost in the end, by task and item, and where that is written.
        self._ends: dict[tuple[str, str], tuple[tuple[int, int], Cost]] = {}

    def apply(self, event: Event, segment_name: str) -> None:
        """Takes an event into account.

        Args:
            event: those of one segment come in their order.
            segment_name: the segment that holds the event.
        """
        if isinstance(event, Paid):
            known = self._paid.get(event.phota_task_id)
            self._paid[event.phota_task_id] = _together(known, event) if known else event
        elif isinstance(event, Ended) and event.row.phota_task_id and event.row.same_as is None:
            name, position = (event.row.phota_task_id, event.item), position_of(segment_name)
            if name not in self._ends or self._ends[name][0] <= position:
                self._ends[name] = position, event.row.cost

    def payments(self) -> dict[str, Paid]:
        """Returns each paid task by its ID, with what it has cost in the end, as far as that is known."""
        return {task: replace(paid, cost=self._cost_of(paid)) for task, paid in self._paid.items()}

    def _cost_of(self, paid: Paid) -> Cost:
        _, cost = self._ends.get((paid.phota_task_id, paid.item), (None, UNKNOWN_COST))
        return paid.cost if cost == UNKNOWN_COST else cost


def _together(known: Paid, event: Paid) -> Paid:
    """Returns what two events say about a task: of an adopted one, the process that paid may write later."""
    return replace(
        known,
        credits=known.credits if event.credits is None else event.credits,
        model=known.model or event.model,
        cost=known.cost if event.cost == UNKNOWN_COST else event.cost,
    )

"""Writes the results of a batch from its plan and its journal, and compares the two."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from airflow_provider_phota.api.costs import NO_COST, total_cost
from airflow_provider_phota.batch.items.plan import Plan
from airflow_provider_phota.batch.messages import held_text, not_home_text
from airflow_provider_phota.batch.results import write_results
from airflow_provider_phota.batch.summary import Payments, Summary, reconcile
from airflow_provider_phota.journal.bill import Bill
from airflow_provider_phota.journal.events import Paid
from airflow_provider_phota.journal.history import ItemState, Phase
from airflow_provider_phota.journal.rows import Row, Status
from airflow_provider_phota.journal.segments import Segments
from airflow_provider_phota.journal.state import BatchState
from airflow_provider_phota.storage.paths import Place


@dataclass
class Report:
    """Says how a batch stands, by its journal as it is in the store.

    Attributes:
        plan: of the items.
        folder: of the journal.
    """

    plan: Plan
    folder: Place
    _state: BatchState = field(default_factory=BatchState, init=False)
    #: Each paid task, with what it has cost.
    _paid: dict[str, Paid] = field(default_factory=dict, init=False)
    #: The keys of the rows that have the cost of a task whose payer has another one, or no row.
    _heirs: dict[str, str] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._segments, bill = Segments(self.folder, 0), Bill()
        for name, event in self._segments.read_all():
            self._state.apply(event, name)
            bill.apply(event, name)
        self._paid = bill.payments()
        self._keys = {item.id(self.plan.edition): (item.number, item.key) for item in self.plan.items()}

    def write_so_far(self, destination: Place, name: str) -> None:
        """Writes the rows of the items that have ended."""
        ended = (place for item_id, place in self._keys.items() if self._state.status_of(item_id))
        write_results(self._ended(), ended, destination, name)

    def write(self, destination: Place, name: str, seconds: float) -> Summary:
        """Writes the row of every item.

        Args:
            destination: where the files go.
            name: of the files, without their extensions.
            seconds: that the batch took, for the summary.

        Raises:
            PhotaLedgerError: The files cannot be written, or do not agree with the journal.
        """
        written = write_results(self._rows(), self._keys.values(), destination, name)
        payments = Payments.of((task, paid.credits) for task, paid in self._paid.items())
        reconcile(written, self.plan.count, payments, self.folder.command, set(self._besides()))
        cost = total_cost([*(paid.cost for paid in self._paid.values()), *written.doubtful_costs])
        return Summary.of(written, payments, self.folder.command, seconds, cost)

    def _rows(self) -> Iterator[Row]:
        yield from self._ended()
        for state in self._state.open_items():
            if state.item in self._keys:
                yield self._open_row(state)

    def _ended(self) -> Iterator[Row]:
        ends = self._segments.ends(self._state)
        return (self._with_cost(end.row) for end in ends if end.item in self._keys)

    def _with_cost(self, row: Row) -> Row:
        """Returns a row with the cost of its task, or with the key of the item whose row has it.

        A row was written when it was known which item pays. That one may have left the plan since, or may
        have been paid for once more.
        """
        if row.phota_task_id is None:
            return row
        paid = self._paid.get(row.phota_task_id)
        payer = paid.item if paid else ""
        state, (_, key) = self._state.item(payer), self._keys.get(payer, (0, row.key))
        if not (state and state.phota_task_id == row.phota_task_id and payer in self._keys):
            key = self._heirs.setdefault(row.phota_task_id, row.key)
        if key != row.key:
            return replace(row, credits=None, cost=NO_COST, same_as=key)
        if paid is None:
            return replace(row, credits=None, same_as=None)
        return replace(row, credits=paid.credits, cost=paid.cost, same_as=None)

    def _open_row(self, state: ItemState) -> Row:
        number, key = self._keys[state.item]
        sent = state.sent
        if state.phase is Phase.PAID and state.phota_task_id:
            return self._with_cost(
                Row(
                    number,
                    key,
                    Status.FAILED,
                    phota_task_id=state.phota_task_id,
                    error=not_home_text(state.phota_task_id),
                    submitted_at=sent.sent_at,
                    can_retry=True,
                )
            )
        return Row(
            number,
            key,
            Status.AMBIGUOUS,
            error=held_text(key, state),
            submitted_at=sent.sent_at,
            cost=sent.cost,
        )

    def _besides(self) -> Iterator[str]:
        """Yields the paid tasks that no row names: of other orders, or paid for again."""
        for phota_task_id, paid in self._paid.items():
            state = self._state.item(paid.item)
            if paid.item not in self._keys or (state and state.phota_task_id != phota_task_id):
                yield phota_task_id

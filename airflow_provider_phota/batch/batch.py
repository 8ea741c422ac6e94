"""Puts the parts of a batch together for one task instance: what it orders, its journal, its results."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, TypeVar

from airflow_provider_phota.api.errors import PhotaError, PhotaLedgerError
from airflow_provider_phota.api.types import PhotaBatchPreview
from airflow_provider_phota.batch.attempt import Attempt, AttemptEnd
from airflow_provider_phota.batch.home import (
    check_results_replace_nothing,
    checked_results_name,
    journal_folder,
)
from airflow_provider_phota.batch.idle import Pause
from airflow_provider_phota.batch.items.bad_rows import NoItems
from airflow_provider_phota.batch.items.plan import Plan, write_plan
from airflow_provider_phota.batch.items.spec import ItemSpec
from airflow_provider_phota.batch.messages import end_hung_text
from airflow_provider_phota.batch.names import BatchNames
from airflow_provider_phota.batch.options import BatchOptions
from airflow_provider_phota.batch.preparing import Preparer
from airflow_provider_phota.batch.preview import Preview
from airflow_provider_phota.batch.report import Report
from airflow_provider_phota.batch.so_far import RowsSoFar
from airflow_provider_phota.batch.summary import Summary
from airflow_provider_phota.batch.tally import Tally
from airflow_provider_phota.budget.options import BudgetOptions
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.inputs.publisher import Publish, Publisher
from airflow_provider_phota.journal.leases import BatchOwner, first_lease, latest_lease
from airflow_provider_phota.journal.waits import write_waits
from airflow_provider_phota.journal.writer import Overtaken
from airflow_provider_phota.ledger.instances import instance_name_of
from airflow_provider_phota.ledger.records import InstanceName
from airflow_provider_phota.results.directories import check_directory
from airflow_provider_phota.results.lineage import Spent
from airflow_provider_phota.results.prechecks import check_can_land
from airflow_provider_phota.storage.calls import finish_within
from airflow_provider_phota.storage.paths import Place, check_storable, checked_path
from airflow_provider_phota.triggers.batch import PhotaBatchTrigger
from airflow_provider_phota.waiting import Wait

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

log = logging.getLogger(__name__)

T = TypeVar("T")

#: Seconds that writing the results may take. The rows of a hundred thousand items take a few minutes.
_LONGEST_REPORT = 3600.0


@dataclass(frozen=True)
class BatchEnd:
    """Says how a batch has ended, or that it pauses.

    Attributes:
        tally: of the items.
        reason: why not all orders were sent; None if they were.
        summary: of the results; None if the batch pauses.
        trigger: waits for what is open; None if the batch does not pause.
    """

    tally: Tally
    reason: Exception | None
    summary: Summary | None = None
    trigger: PhotaBatchTrigger | None = None


@dataclass
class Batch:
    """Is the batch of one task instance.

    Attributes:
        context: Airflow's, of this attempt.
        destination: where the pictures go.
        names: of the pictures.
        results_name: of the results files, without their extensions.
        budget: says what may be spent.
        ledger_path: where the journal goes; None if that is below the destination.
    """

    hook: PhotaHook
    options: BatchOptions
    context: Context
    publisher: Publisher
    destination: Place
    names: BatchNames
    results_name: str
    wait: Wait
    ledger_path: str | None
    edition: str
    skip_argument: str
    budget: BudgetOptions
    #: What OpenLineage is told; None before the results are written.
    spent: Spent | None = field(default=None, init=False)
    _attempt: Attempt | None = field(default=None, init=False)

    @classmethod
    def checked(
        cls,
        *,
        hook: PhotaHook,
        options: BatchOptions,
        context: Context,
        publish: Publish | None,
        destination: object,
        filename: object,
        if_exists: object,
        results_name: object,
        wait: Wait,
        ledger_path: str | None,
        edition: str,
        skip_argument: str,
        budget: BudgetOptions,
    ) -> Batch:
        """Puts together what an author gave, by the names of the operator's arguments.

        Raises:
            PhotaInputError: It names the argument.
        """
        check_storable("destination", destination)
        check_directory("destination", destination)
        return cls(
            hook=hook,
            options=options,
            context=context,
            publisher=Publisher(hook, publish, log_level=logging.DEBUG),
            destination=Place.of(checked_path("destination", destination)),
            names=BatchNames.checked(filename, if_exists=if_exists),
            results_name=checked_results_name(results_name, instance_name_of(context).map_index),
            wait=wait,
            ledger_path=ledger_path or hook.settings.ledger_path,
            edition=edition,
            skip_argument=skip_argument,
            budget=budget,
        )

    @cached_property
    def folder(self) -> Place:
        """The folder of the journal."""
        return journal_folder(self.destination, self.ledger_path, self._name)

    def make_plan(self, spec: ItemSpec) -> Plan:
        """Reads and checks all items.

        Raises:
            PhotaInputError: Some are wrong, or there are none.
        """
        check_results_replace_nothing(self.destination, self.results_name, spec.source)
        return write_plan(self.folder, spec)

    def last_plan(self) -> Plan:
        """Returns the plan that the attempt before a pause has followed.

        Raises:
            PhotaLedgerError: It is not there.
        """
        lease = latest_lease(self.folder)
        if lease is None:
            raise PhotaLedgerError(
                "The journal of this batch is gone; nothing was sent.\n"
                f"There is no {self.folder.command}, so it is not known what was paid for.\n"
                "Restore it from a copy, and clear this Airflow task."
            )
        return Plan.read(self.folder, lease.plan)

    def bring_home(self, empty: NoItems) -> BatchEnd | None:
        """Lands what earlier attempts have paid for, although the source is empty now; nothing is sent.

        Args:
            empty: says so.

        Returns:
            How that has ended; None if there was no earlier attempt.
        """
        if latest_lease(self.folder) is None:
            return None
        log.warning("%s\nWhat earlier attempts have paid for is brought home; nothing is sent.", empty)
        return self.go_on(self.last_plan(), begins=False, may_pause=False, stops=empty)

    def check_before_paying(self) -> None:
        """Checks that pictures can land at all, before anything is paid for.

        Raises:
            PhotaInputError: They cannot.
            PhotaUnreachable: The store could not be asked.
        """
        check_can_land(self.names.landing(self.destination, "key"))

    def go_on(
        self, plan: Plan, *, begins: bool, may_pause: bool, stops: PhotaError | None = None
    ) -> BatchEnd:
        """Places the orders of a plan, until all have ended, nothing more is sent, or a pause is worth it.

        Args:
            plan: of the items.
            begins: True if this is the beginning of an attempt, and not what is left after a pause.
            may_pause: True if the batch can go on waiting in the triggerer.
            stops: why nothing is sent, if that is known before.

        Raises:
            PhotaLedgerError: The journal cannot be read or written, or it does not agree with the results.
        """
        so_far = RowsSoFar(plan, self.folder, self.destination, self.results_name)
        self._attempt = attempt = Attempt(
            self.hook,
            self.options,
            self.folder,
            self._owner,
            self._preparer,
            self.wait,
            self.context,
            self.budget.purse(self.context, self.hook, self.folder),
            so_far.write,
        )
        end = attempt.run(plan, begins=begins, may_pause=may_pause, stops=stops)
        if isinstance(end.reason, Overtaken):
            return BatchEnd(end.tally, end.reason)  # the results are the other attempt's now
        if end.pause:
            so_far.write()
            return BatchEnd(
                end.tally, end.reason, trigger=_written_down(partial(self._trigger, end, end.pause))
            )
        summary = _written_down(partial(self._write_results, plan))
        self._note_cost(plan, summary)
        so_far.remove()
        return BatchEnd(end.tally, end.reason, summary)

    def stop(self) -> None:
        """Sends nothing more, since Airflow ends the task."""
        if self._attempt:
            self._attempt.stop()

    def _note_cost(self, plan: Plan, summary: Summary) -> None:
        log.info("PHOTA tasks that are paid for: %s. Cost: %s.", summary.submitted, summary.cost)
        counts = {status: count for status, count in summary.counts.items() if count}
        self.spent = Spent(self.hook.settings.base_url, (plan.model,), counts, summary.cost)

    def _write_results(self, plan: Plan) -> Summary:
        seconds = time.time() - first_lease(self.folder).at
        return Report(plan, self.folder).write(self.destination, self.results_name, seconds)

    def _trigger(self, end: AttemptEnd, pause: Pause) -> PhotaBatchTrigger:
        log.info(
            "There is nothing to do for a while: the batch leaves its worker slot until %s of %s PHOTA tasks "
            "have ended.",
            *(pause.wake_after, len(pause.tasks)),
        )
        waits = write_waits(self.folder, end.lease, 1, pause.tasks)
        return PhotaBatchTrigger(
            waits=waits.url,
            phota_conn_id=self.hook.phota_conn_id,
            began=time.time(),
            wake_after=pause.wake_after,
            poll_interval=self.wait.intervals.shortest,
            longest_interval=self.wait.intervals.longest,
            max_unreachable=self.wait.max_unreachable,
        )

    @property
    def _name(self) -> InstanceName:
        return instance_name_of(self.context)

    @property
    def _owner(self) -> BatchOwner:
        name = self._name
        return BatchOwner(name.dag_id, name.run_id, name.task_id, name.map_index, name.key)

    @property
    def _preparer(self) -> Preparer:
        return Preparer(self.publisher, self.edition, self.destination, self.names, self.skip_argument)

    def preview(self, plan: Plan) -> PhotaBatchPreview:
        """Returns what would be paid for; nothing is sent."""
        return Preview(self.hook, self.options, plan, self._preparer, self.folder, self._owner).make()


def _written_down(write: Callable[[], T]) -> T:
    """Returns what a call returns that writes down how an attempt has ended.

    Raises:
        PhotaLedgerError: It hangs.
    """
    try:
        return finish_within(_LONGEST_REPORT, write)
    except TimeoutError:
        raise PhotaLedgerError(end_hung_text()) from None

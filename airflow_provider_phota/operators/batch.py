"""Places the orders of a whole batch in one Airflow task, for any model that makes pictures."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Unpack

from airflow.providers.common.compat.sdk import AirflowException

from airflow_provider_phota import xcom_keys
from airflow_provider_phota.api.errors import PhotaBudgetExceeded
from airflow_provider_phota.api.parsing import check_flags, check_not_templated, is_known
from airflow_provider_phota.api.types import FailOrResubmit, FailOrSkip, IfFileExists, ShareOrPay
from airflow_provider_phota.batch.batch import Batch
from airflow_provider_phota.batch.ends import push_cost, push_summary, raise_if_failed, raise_without_items
from airflow_provider_phota.batch.home import checked_results_name, paths_of_rows, results_files
from airflow_provider_phota.batch.items.bad_rows import NoItems
from airflow_provider_phota.batch.items.columns import OrderType
from airflow_provider_phota.batch.items.plan import Plan
from airflow_provider_phota.batch.items.spec import ItemSpec, check_items_as_written
from airflow_provider_phota.batch.names import BatchNames
from airflow_provider_phota.batch.options import DEFER_AFTER, BatchOptions, Redo
from airflow_provider_phota.budget.options import OnBudget
from airflow_provider_phota.inputs.prepared import as_text, checked_edition
from airflow_provider_phota.inputs.publisher import Publish
from airflow_provider_phota.links.early import push_pictures_link
from airflow_provider_phota.operators.arguments import PayingArguments
from airflow_provider_phota.operators.paying import PayingOperator
from airflow_provider_phota.results.directories import check_directory_as_written
from airflow_provider_phota.retrying import as_airflow_errors, noting_problems
from airflow_provider_phota.storage.paths import check_url
from airflow_provider_phota.triggers.batch_events import BatchWaitEvent

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context, ObjectStoragePath, XComArg

    from airflow_provider_phota.api.types import PhotaBatchPreview, PhotaBatchSummary

#: The key of a DAG run's conf that stands in for `redo`.
CONF_REDO = "phota_redo"


class PhotaBatchOperator(PayingOperator):
    """Places any number of orders in one Airflow task, many at once, and pays for each of them once.

    All items are read and checked before the first one is paid for. What is paid for is recorded in a journal
    in object storage: a retry, or clearing the task, goes on where it was. It returns a dict with the counts
    of the items by what became of them, the credits, and the path of `results.jsonl`, which has a line for
    each item. A task that fails pushes the same dict. Each model has a subclass, which says what is ordered.

    Args:
        destination: an object-storage directory to land the pictures in (templated).
        filename: the name of each picture, without its extension, with the fields `{key}`, `{name}`,
            `{stem}`, `{parent}`, `{index}` and `{phota_task_id}` (templated). If it is left out, it is
            `{key}-{index}`.
        if_exists: what to do if a file of that name is there already: `skip`, `overwrite` or `fail`. If it is
            left out, it is `skip` if `{phota_task_id}` is in `filename`, or else `overwrite`.
        results_name: the name of the results files in `destination`, without `.jsonl` and `.csv` (templated).
            If it is left out, it is `results`, or `results-` and the map index in a mapped task.
        in_flight: how many orders may be paid and unfinished at once.
        max_failures: how many items may fail, as a number or a share such as `5%`. If more fail, no more
            orders are sent, what is paid for is landed, and the task fails.
        on_empty: what to do if there are no items: `fail` or `skip`.
        duplicates: what to do if several items ask for the same: `share` (pay once, land for each) or `pay`.
        redo: which items that have ended are paid for once more: `failed`, or a list of keys (templated).
            That is done once each time the task is cleared, and not again by Airflow's retries. The conf of
            the DAG run may say so too, as `phota_redo`.
        adopt: PHOTA tasks to go on with instead of submitting, as a dict of their IDs by the keys of the
            items (templated).
        dry_run: read and check the items, and return what would be paid for; nothing is sent.
        skip_existing: neither pay nor download if the same order for pictures with the same content has
            landed in `destination` before, in any run.
        defer_after: seconds without anything to do from which the batch leaves its worker slot, if it is
            deferrable. Coming back takes Airflow some 10 seconds.
        on_ambiguous: what to do if it is not known whether a submit was billed: `fail`, or `resubmit` once.
        edition: any text; with another text all items are new ones, which are billed (templated).
        thumbnails: whether small copies of the pictures, before and after, are written into a folder of
            `destination`, so that Airflow can show them.

    The journal lies in `ledger_path`, or else in `destination`. `PayingOperator` describes the other
    arguments.

    Raises:
        AirflowFailException: A retry cannot help, or would pay again.
        PhotaError: A retry can help.
    """

    template_fields: Sequence[str] = (
        *("destination", "filename", "results_name", "redo", "adopt", "edition"),
    )
    ui_color = "#f2e6ff"
    #: The argument that names the items.
    items_argument: ClassVar[str] = "orders"
    #: The class of the orders.
    order_type: ClassVar[OrderType]
    #: The name that `skip_existing` has in a subclass, for messages.
    skip_argument: ClassVar[str] = "skip_existing"

    def __init__(
        self,
        *,
        destination: str | ObjectStoragePath | XComArg,
        filename: str | XComArg | None = None,
        if_exists: IfFileExists | None = None,
        results_name: str | XComArg | None = None,
        in_flight: int = 500,
        max_failures: int | str = 0,
        on_empty: FailOrSkip = "fail",
        duplicates: ShareOrPay = "share",
        redo: str | Sequence[str] | XComArg | None = None,
        adopt: Mapping[str, str] | XComArg | None = None,
        dry_run: bool = False,
        skip_existing: bool = False,
        defer_after: float | timedelta = DEFER_AFTER,
        on_ambiguous: FailOrResubmit = "fail",
        edition: str | XComArg = "",
        thumbnails: bool = True,
        **kwargs: Unpack[PayingArguments],
    ) -> None:
        super().__init__(**kwargs)
        self.destination = destination
        self.filename = filename
        self.if_exists = if_exists
        self.results_name = results_name
        self.in_flight = in_flight
        self.max_failures = max_failures
        self.on_empty = on_empty
        self.duplicates = duplicates
        self.redo = redo
        self.adopt = adopt
        self.is_dry_run = dry_run  # Airflow's operators have a method of the argument's name
        self.skip_existing = skip_existing
        self.defer_after = defer_after
        self.on_ambiguous = on_ambiguous
        self.edition = edition
        self.thumbnails = thumbnails
        self._batch: Batch | None = None

    def _check_as_written(self) -> None:
        super()._check_as_written()
        check_flags(
            dry_run=self.is_dry_run, thumbnails=self.thumbnails, **{self.skip_argument: self.skip_existing}
        )
        check_not_templated(in_flight=self.in_flight, max_failures=self.max_failures)
        if self.ledger_path:
            check_url("ledger_path", self.ledger_path)
        check_directory_as_written("destination", self.destination)
        check_items_as_written(self.items_argument, as_text(self._items), self._order_defaults())
        self._options(*(value if is_known(value) else None for value in (self.redo, self.adopt)))
        if is_known(self.filename):
            outputs = self._order_defaults().get("num_outputs")
            BatchNames.checked(
                self.filename or None,
                num_outputs=outputs if isinstance(outputs, int) else 1,
                if_exists=self.if_exists,
            )
        if is_known(self.results_name):
            checked_results_name(self.results_name)

    def _order_defaults(self) -> Mapping[str, object]:
        """Returns the arguments of an order that items have in common."""
        raise NotImplementedError

    @noting_problems
    def execute(self, context: Context) -> PhotaBatchSummary | PhotaBatchPreview | None:
        push_pictures_link(context)
        self._written.restore(self)
        with as_airflow_errors():
            batch = self._new_batch(context)
            batch.check_before_paying()
            try:
                plan = batch.make_plan(self._spec(batch))
            except NoItems as empty:
                raise_without_items(batch, empty, context, is_dry_run=self.is_dry_run)
            if self.is_dry_run:
                return batch.preview(plan)
            return self._go_on(context, batch, plan, begins=True, may_pause=self.deferrable)

    @noting_problems
    def execute_complete(
        self, context: Context, event: dict[str, Any]
    ) -> PhotaBatchSummary | PhotaBatchPreview | None:
        """Goes on after a pause in the triggerer."""
        self._written.restore(self)
        with as_airflow_errors():
            batch = self._new_batch(context)
            pause = BatchWaitEvent.from_dict(event)
            self.log.log(logging.WARNING if pause.has_failed else logging.INFO, "%s", pause)
            may_pause = self.deferrable and not pause.has_failed
            return self._go_on(context, batch, batch.last_plan(), begins=False, may_pause=may_pause)

    @noting_problems
    def execute_after_budget(
        self,
        context: Context,
        event: dict[str, Any],  # noqa: ARG002  # it only wakes
    ) -> PhotaBatchSummary | PhotaBatchPreview | None:
        """Goes on after a wait for a budget."""
        self._written.restore(self)
        with as_airflow_errors():
            batch = self._new_batch(context)
            return self._go_on(context, batch, batch.last_plan(), begins=False, may_pause=self.deferrable)

    def on_kill(self) -> None:
        if self._batch:
            self._batch.stop()

    def _go_on(
        self, context: Context, batch: Batch, plan: Plan, *, begins: bool, may_pause: bool
    ) -> PhotaBatchSummary:
        if begins:
            rows = paths_of_rows(batch.destination, batch.results_name)
            context["ti"].xcom_push(key=xcom_keys.BATCH, value=rows)
        end = batch.go_on(plan, begins=begins, may_pause=may_pause)
        if end.trigger:
            self.defer(
                trigger=end.trigger,
                method_name=self.execute_complete.__name__,
                timeout=self._wait.airflow_timeout,
            )
        exceeded = end.reason if isinstance(end.reason, PhotaBudgetExceeded) else None
        if exceeded and exceeded.can_fit and self._budget.policy is OnBudget.WAIT:
            self._wait_for_budget(exceeded)
        if end.summary:
            push_cost(end.summary, context)
        try:
            raise_if_failed(end, self._budget.policy)
        except AirflowException:
            if end.summary:
                push_summary(end.summary, context)
            raise
        if end.summary is None:
            raise TypeError("a batch ends with a summary")
        return end.summary.to_dict()

    def _new_batch(self, context: Context) -> Batch:
        conf = getattr(context.get("dag_run"), "conf", None) or {}
        asked = conf.get(CONF_REDO)
        redo = Redo.checked(asked, CONF_REDO) if asked else self.redo
        self._batch = self._spender = Batch.checked(
            hook=self._hook,
            options=self._options(redo, self.adopt),
            context=context,
            publish=Publish.checked(self.publish),
            destination=self.destination,
            filename=self.filename or None,
            if_exists=self.if_exists,
            results_name=self.results_name,
            wait=self._wait,
            ledger_path=self.ledger_path,
            edition=checked_edition(self.edition),
            skip_argument=self.skip_argument if self.skip_existing else "",
            budget=self._budget,
        )
        return self._batch

    def _spec(self, batch: Batch) -> ItemSpec:
        return ItemSpec.checked(
            order_type=self.order_type,
            source=as_text(self._items),
            argument=self.items_argument,
            defaults=self._order_defaults(),
            destination=batch.destination,
            names=batch.names,
            edition=batch.edition,
            local_inputs=self._hook.settings.is_loopback,
            reserved=results_files(batch.results_name),
        )

    def _options(self, redo: object, adopt: object) -> BatchOptions:
        return BatchOptions.checked(
            in_flight=self.in_flight,
            max_failures=self.max_failures,
            on_ambiguous=self.on_ambiguous,
            on_empty=self.on_empty,
            duplicates=self.duplicates,
            redo=redo,
            adopt=adopt,
            skip_existing=self.skip_existing,
            defer_after=self.defer_after,
            thumbnails=self.thumbnails,
        )

    @property
    def _items(self) -> object:
        """What names the items, as the user gave it."""
        raise NotImplementedError

"""Submits an order to PHOTA, for any model, and waits for the result if it is asked to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Unpack

from airflow.providers.common.compat.sdk import AirflowException, AirflowTaskTimeout, BaseOperator

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.orders.base import Order
from airflow_provider_phota.api.parsing import check_conn_id, check_flags
from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.api.tasks import PhotaTask
from airflow_provider_phota.api.types import FailOrResubmit, PhotaResult, PublishWay
from airflow_provider_phota.api.written import Written
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.inputs.prepared import PreparedOrder
from airflow_provider_phota.inputs.publisher import Publish, Publisher
from airflow_provider_phota.operators.arguments import AirflowArguments
from airflow_provider_phota.operators.payment import NO_LEDGER, XCOM_PHOTA_TASK_ID, Payment
from airflow_provider_phota.results.lineage import LineageOfCost
from airflow_provider_phota.retrying import as_airflow_errors, checking_arguments
from airflow_provider_phota.submitting.options import MoneyOptions
from airflow_provider_phota.submitting.policies import Policies
from airflow_provider_phota.submitting.submission import Submission
from airflow_provider_phota.triggers.events import WaitEvent
from airflow_provider_phota.waiting import Wait, default_deferrable, resumed_too_late

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context, XComArg


class PhotaOperator(LineageOfCost, BaseOperator):
    """Submits an order to PHOTA, and waits for the result if it is asked to. Every submit is billed.

    It pushes the ID of the PHOTA task via XCom, under the key `phota_task_id`, as soon as it knows the ID. It
    returns that ID, or with `wait_for_completion` the finished PHOTA task: a dict with `phota_task_id`,
    `model`, `status`, `images` (each `url` and `content_type`), `created`, `expires_at` (ISO 8601), `usage`
    and `cost`. Each model has a subclass, which says what is ordered.

    Args:
        publish: how paths become URLs: `upload`, or `presign` where the store can sign URLs. If it is left
            out, the connection's extra of that name decides.
        phota_conn_id: the Airflow connection.
        wait_for_completion: whether to wait for the result.
        deferrable: whether to wait in the triggerer, without a worker slot.
        poll_interval: seconds between two questions while waiting: the shortest and the longest, between
            which the pause is chosen by when the task is likely to be finished; or one number for a steady
            interval.
        timeout: seconds to wait for the result, at most 20 hours (results live 24 hours).
        max_unreachable: how many seconds without a usable answer a wait tolerates.
        ledger_path: object-storage directory in which to record what was paid for, next to Airflow's own task
            state store (3.3 and later). If it is left out, the connection's extra of that name is used.
        ledger_key: a name for this item of a mapped task, by which its record is found again if the list
            changes before the task is cleared (templated). It needs a ledger_path, and two items must not
            have the same name.
        on_ambiguous: what to do if it is not known whether the last submit was billed: `fail`, or `resubmit`
            once.
        on_missing: what to do if the service no longer knows the paid task: `fail` or `resubmit`.
        on_expired: what to do if the paid results are no longer served: `fail` or `resubmit`.
        on_discarded: what to do if Airflow 3.4 has discarded the record of a cleared task, and there is no
            ledger_path: `fail` or `resubmit`.
        edition: any text; with another text an identical order is a new one, which is billed (templated).
        adopt_phota_task_id: the ID of a PHOTA task to resume instead of submitting (templated).

    Raises:
        AirflowFailException: A retry cannot help, or would pay again.
        PhotaError: A retry can help; the subclass says what it means for the money.
    """

    template_fields: Sequence[str] = ("ledger_key", "edition", "adopt_phota_task_id")
    ui_color = "#f2e6ff"
    #: The value of `wait_for_completion` if the author leaves it out.
    waits_by_default: ClassVar[bool] = False

    def __init__(
        self,
        *,
        publish: PublishWay | None = None,
        phota_conn_id: str = PhotaHook.default_conn_name,
        wait_for_completion: bool | None = None,
        deferrable: bool | None = None,
        poll_interval: float | timedelta | tuple[float, float] = (2.0, 30.0),
        timeout: float | timedelta = 3600.0,
        max_unreachable: float = 1800.0,
        ledger_path: str | None = None,
        ledger_key: str | XComArg | None = None,
        on_ambiguous: FailOrResubmit = "fail",
        on_missing: FailOrResubmit = "fail",
        on_expired: FailOrResubmit = "fail",
        on_discarded: FailOrResubmit = "fail",
        edition: str | XComArg = "",
        adopt_phota_task_id: str | PhotaResult | XComArg | None = None,
        **kwargs: Unpack[AirflowArguments],
    ) -> None:
        super().__init__(**kwargs)
        self.publish = publish
        self.phota_conn_id = phota_conn_id
        self.wait_for_completion = (
            self.waits_by_default if wait_for_completion is None else wait_for_completion
        )
        self.deferrable = default_deferrable() if deferrable is None else deferrable
        self.poll_interval = poll_interval
        self.timeout = timeout
        self.max_unreachable = max_unreachable
        self.ledger_path = ledger_path
        self.ledger_key = ledger_key
        self.on_ambiguous = on_ambiguous
        self.on_missing = on_missing
        self.on_expired = on_expired
        self.on_discarded = on_discarded
        self.edition = edition
        self.adopt_phota_task_id = adopt_phota_task_id
        # a default of the whole DAG is not meant for this task in particular
        self._defaults = frozenset(kwargs.get("default_args") or ())
        self._asked_to_defer = bool(deferrable) and "deferrable" not in self._defaults
        self._payment: Payment | None = None

    def _check_arguments(self) -> None:
        """Checks plain values when the DAG is parsed; each operator calls it at the end of `__init__`."""
        self._written = Written(**{name: getattr(self, name) for name in self.template_fields})
        with checking_arguments(self):
            self._check_as_written()

    def _check_as_written(self) -> None:
        _ = self._wait, self._money
        Publish.checked(self.publish)
        check_conn_id(self.phota_conn_id)
        check_flags(wait_for_completion=self.wait_for_completion, deferrable=self.deferrable)
        self._money.check_as_written()
        if self._asked_to_defer and not self.wait_for_completion:
            raise PhotaInputError(
                "deferrable",
                "needs wait_for_completion=True: without it this task does not wait at all. Or let "
                "a PhotaTaskSensor(deferrable=True) wait.",
            )

    def _make_order(self, settings: Settings) -> Order:
        """Returns the order that the rendered arguments ask for; nothing is sent.

        Args:
            settings: of the account that pays.

        Raises:
            PhotaInputError: It names the argument.
        """
        raise NotImplementedError

    def _current_order(self) -> Order:
        return self._make_order(self._hook.settings)

    def _prepare(self) -> PreparedOrder:
        """Returns the order after a look at its files.

        Raises:
            PhotaInputError: It names the argument.
        """
        return PreparedOrder.of(self._current_order(), self._publisher, self.edition)

    def _existing(self, prepared: PreparedOrder, payment: Payment) -> Any:  # noqa: ARG002  # for subclasses
        """Returns the result of the same order if there is one already, so that nothing is paid."""
        return None

    def _check_before_paying(self, prepared: PreparedOrder, payment: Payment) -> None:
        """Checks what matters only if nothing is paid for yet."""

    def _result(self, task: PhotaTask, payment: Payment) -> Any:
        """Returns what the Airflow task returns for a finished PHOTA task."""
        raise NotImplementedError

    def pre_execute(self, context: Any) -> None:
        super().pre_execute(context)
        if resumed_too_late(self.execution_timeout, context):
            payment = self._new_payment(context)
            payment.phota_task_id = payment.pulled(XCOM_PHOTA_TASK_ID)
            with payment.deciding_on_a_retry():
                raise AirflowTaskTimeout

    def execute(self, context: Context) -> Any:
        self._written.restore(self)
        payment = self._new_payment(context)
        with as_airflow_errors():
            with payment.naming_earlier_payments():
                prepared = self._prepare()
            if (existing := self._existing(prepared, payment)) is not None:
                payment.note_unpaid(prepared.order.model)
                return existing
            seen = self._submit(prepared, payment)
        phota_task_id = payment.phota_task_id or ""
        if not self.wait_for_completion:
            return phota_task_id
        # what an earlier attempt paid for may be finished: then a deferral is not needed
        if self.deferrable and not (seen and seen.is_finished):
            self._defer(payment, seen)
        return self._finish(payment, lambda: self._wait.here(phota_task_id, seen))

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Returns the result after the wait in the triggerer."""
        self._written.restore(self)
        payment = self._new_payment(context)
        with payment.deciding_on_a_retry():
            end = WaitEvent.from_dict(event)
            payment.phota_task_id = end.phota_task_id
        return self._finish(payment, lambda: self._wait.after(end))

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Resumes after a deferral. A broken deferral is not retried if a retry would pay again."""
        try:
            return super().resume_execution(next_method, next_kwargs, context)
        except AirflowException as error:
            payment = self._new_payment(context)
            if next_method == self.execute_complete.__name__ or payment.is_remembered:
                raise
            raise payment.broken_deferral(error) from None

    def on_kill(self) -> None:
        if self._payment and self._payment.phota_task_id:
            self.log.warning(
                "PHOTA task %s goes on and is billed; the service has no way to cancel it.",
                self._payment.phota_task_id,
            )

    def _submit(self, prepared: PreparedOrder, payment: Payment) -> PhotaTask | None:
        """Places the order, and returns the paid task as the service showed it last, if it did."""

        def check_and_publish() -> Order:
            self._check_before_paying(prepared, payment)
            return prepared.publish()

        ledger = self._money.ledger(payment.context, self._hook)
        if not ledger.remembers:
            self.log.warning(NO_LEDGER)
        submission = Submission(
            hook=self._hook,
            ledger=ledger,
            identity=prepared.identity,
            publish=check_and_publish,
            policies=self._money.policies,
            edition=prepared.edition,
            try_number=payment.context["ti"].try_number,
            adopt=self._money.adopted,
        )
        with payment.explaining_a_failed_submit(submission):
            paid_task = submission.place()
            payment.phota_task_id, payment.cost = paid_task.phota_task_id, paid_task.cost
        with payment.deciding_on_a_retry():
            self._push(prepared, payment)
        return paid_task.seen

    def _push(self, prepared: PreparedOrder, payment: Payment) -> None:
        """Pushes what this Airflow task after its wait, or another Airflow task, has to know."""
        payment.push(XCOM_PHOTA_TASK_ID, payment.phota_task_id)
        payment.note_submitted(prepared.order.model, is_all=not self.wait_for_completion)

    def _defer(self, payment: Payment, seen: PhotaTask | None) -> NoReturn:
        with payment.deciding_on_a_retry():
            wait = self._wait.within(self.execution_timeout, payment.context)
            trigger = wait.trigger(payment.phota_task_id or "", seen)
        self.defer(
            trigger=trigger,
            method_name=self.execute_complete.__name__,
            timeout=wait.airflow_timeout,
        )

    def _finish(self, payment: Payment, wait: Callable[[], PhotaTask]) -> Any:
        with payment.deciding_on_a_retry(), payment.ending(task := wait()):
            return self._result(task, payment)

    def _new_payment(self, context: Context) -> Payment:
        payment = Payment(self._hook, self._money, context, self.execution_timeout, self._current_order)
        self._payment = self._spender = payment
        return payment

    @cached_property
    def _hook(self) -> PhotaHook:
        return PhotaHook(self.phota_conn_id)

    @property
    def _publisher(self) -> Publisher:
        return Publisher(self._hook, Publish.checked(self.publish))

    @property
    def _wait(self) -> Wait:
        return Wait.checked(self.phota_conn_id, self.timeout, self.poll_interval, self.max_unreachable)

    @property
    def _money(self) -> MoneyOptions:
        policies = Policies.checked(
            on_ambiguous=self.on_ambiguous,
            on_missing=self.on_missing,
            on_expired=self.on_expired,
            on_discarded=self.on_discarded,
        )
        return MoneyOptions(policies, self.ledger_path, self.ledger_key, self.adopt_phota_task_id)

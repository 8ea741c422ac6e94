"""Submits an order to PHOTA, for any model, and waits for the result if it is asked to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Unpack

from airflow.providers.common.compat.sdk import AirflowException, AirflowTaskTimeout

from airflow_provider_phota import xcom_keys
from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.orders.base import Order
from airflow_provider_phota.api.parsing import check_flags
from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.api.tasks import PhotaTask
from airflow_provider_phota.api.types import FailOrResubmit, FailResubmitOrSettle, PhotaResult
from airflow_provider_phota.inputs.prepared import PreparedOrder
from airflow_provider_phota.inputs.publisher import Publish, Publisher
from airflow_provider_phota.links.early import push_pictures_link, push_task_link
from airflow_provider_phota.links.phota import PICTURES_AND_TASK
from airflow_provider_phota.operators.arguments import PayingArguments
from airflow_provider_phota.operators.paying import PayingOperator
from airflow_provider_phota.operators.payment import (
    NO_LEDGER,
    NO_TIME_FOR_BUDGET,
    Payment,
)
from airflow_provider_phota.results.cards import Asked
from airflow_provider_phota.retrying import as_airflow_errors, log_lines, note_problem, noting_problems
from airflow_provider_phota.submitting.options import MoneyOptions
from airflow_provider_phota.submitting.policies import Policies
from airflow_provider_phota.submitting.submission import Submission
from airflow_provider_phota.triggers.events import WaitEvent
from airflow_provider_phota.waiting import resumed_too_late

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context, XComArg


class PhotaOperator(PayingOperator):
    """Submits an order to PHOTA, and waits for the result if it is asked to. Every submit is billed.

    It pushes the ID of the PHOTA task via XCom, under the key `phota_task_id`, as soon as it knows the ID. It
    returns that ID, or with `wait_for_completion` the finished PHOTA task: a dict with `phota_task_id`,
    `model`, `status`, `images` (each `url` and `content_type`), `created`, `expires_at` (ISO 8601), `usage`
    and `cost`. Each model has a subclass, which says what is ordered.

    Args:
        wait_for_completion: whether to wait for the result.
        ledger_key: a name for this item of a mapped task, by which its record is found again if the list
            changes before the task is cleared (templated). It needs a ledger_path, and two items must not
            have the same name.
        on_ambiguous: what to do if it is not known whether the last submit was billed: `fail`, `resubmit`
            once, or `settle`: resubmit if the account proves that it was not billed.
        on_missing: what to do if the service no longer knows the paid task: `fail` or `resubmit`.
        on_expired: what to do if the paid results are no longer served: `fail` or `resubmit`.
        on_discarded: what to do if Airflow 3.4 has discarded the record of a cleared task, and there is no
            ledger_path: `fail` or `resubmit`.
        edition: any text; with another text an identical order is a new one, which is billed (templated).
        adopt_phota_task_id: the ID of a PHOTA task to resume instead of submitting (templated).

    `PayingOperator` describes the other arguments.

    Raises:
        AirflowFailException: A retry cannot help, or would pay again.
        PhotaError: A retry can help; the subclass says what it means for the money.
    """

    template_fields: Sequence[str] = ("ledger_key", "edition", "adopt_phota_task_id")
    ui_color = "#f2e6ff"
    operator_extra_links = PICTURES_AND_TASK
    #: The value of `wait_for_completion` if the author leaves it out.
    waits_by_default: ClassVar[bool] = False

    def __init__(
        self,
        *,
        wait_for_completion: bool | None = None,
        ledger_key: str | XComArg | None = None,
        on_ambiguous: FailResubmitOrSettle = "fail",
        on_missing: FailOrResubmit = "fail",
        on_expired: FailOrResubmit = "fail",
        on_discarded: FailOrResubmit = "fail",
        edition: str | XComArg = "",
        adopt_phota_task_id: str | PhotaResult | XComArg | None = None,
        **kwargs: Unpack[PayingArguments],
    ) -> None:
        super().__init__(**kwargs)
        self.wait_for_completion = (
            self.waits_by_default if wait_for_completion is None else wait_for_completion
        )
        self.ledger_key = ledger_key
        self.on_ambiguous = on_ambiguous
        self.on_missing = on_missing
        self.on_expired = on_expired
        self.on_discarded = on_discarded
        self.edition = edition
        self.adopt_phota_task_id = adopt_phota_task_id
        self._payment: Payment | None = None

    def _check_as_written(self) -> None:
        super()._check_as_written()
        _ = self._money
        check_flags(wait_for_completion=self.wait_for_completion)
        if self._asked_to_defer and not self.wait_for_completion:
            raise PhotaInputError(
                "deferrable",
                "needs wait_for_completion=True: without it this task does not wait at all. Or let "
                "a PhotaTaskSensor(deferrable=True) wait.",
            )
        if self.multiple_outputs and not self.wait_for_completion:
            raise PhotaInputError(
                "multiple_outputs", "needs wait_for_completion=True: only then is a dict returned."
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
            if context["ti"].next_method == self.execute_after_budget.__name__:
                raise AirflowTaskTimeout(log_lines(NO_TIME_FOR_BUDGET))
            payment = self._new_payment(context)
            payment.phota_task_id = payment.pulled(xcom_keys.PHOTA_TASK_ID)
            with payment.deciding_on_a_retry():
                raise AirflowTaskTimeout

    @noting_problems
    def execute(self, context: Context) -> Any:
        push_pictures_link(context)
        self._written.restore(self)
        payment = self._new_payment(context)
        with as_airflow_errors():
            with payment.naming_earlier_payments():
                prepared = self._prepare()
            if (existing := self._existing(prepared, payment)) is not None:
                payment.note_unpaid(prepared.order.model)
                return existing
            with self._acting_on_budget():
                seen = self._submit(prepared, payment)
        phota_task_id = payment.phota_task_id or ""
        if not self.wait_for_completion:
            return phota_task_id
        # what an earlier attempt paid for may be finished: then a deferral is not needed
        if self.deferrable and not (seen and seen.is_finished):
            self._defer(payment, seen)
        return self._finish(payment, lambda: self._wait.here(phota_task_id, seen))

    @noting_problems
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
            if next_method in (self.execute_complete.__name__, self.execute_after_budget.__name__):
                raise
            payment = self._new_payment(context)
            # without an ID it has waited for a budget, and nothing was sent
            if payment.is_remembered or not payment.pulled(xcom_keys.PHOTA_TASK_ID):
                raise
            broken = payment.broken_deferral(error)
            note_problem(context, broken)
            raise broken from None

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
            order=prepared.order,
            identity=prepared.identity,
            publish=check_and_publish,
            policies=self._money.policies,
            edition=prepared.edition,
            try_number=payment.context["ti"].try_number,
            adopt=self._money.adopted,
            purse=self._money.purse(payment.context, self._hook),
        )
        with payment.explaining_a_failed_submit(submission):
            paid_task = submission.place()
            payment.take_in(paid_task)
        with payment.deciding_on_a_retry():
            self._push(prepared, payment)
        push_task_link(payment.context, self._hook, payment.phota_task_id)
        return paid_task.seen

    def _push(self, prepared: PreparedOrder, payment: Payment) -> None:
        """Pushes what this Airflow task after its wait, or another Airflow task, has to know."""
        payment.push(xcom_keys.PHOTA_TASK_ID, payment.phota_task_id)
        payment.push(xcom_keys.ORDER, Asked.of(prepared.order).to_dict())
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

    @property
    def _publisher(self) -> Publisher:
        return Publisher(self._hook, Publish.checked(self.publish))

    @property
    def _money(self) -> MoneyOptions:
        policies = Policies.checked(
            on_ambiguous=self.on_ambiguous,
            on_missing=self.on_missing,
            on_expired=self.on_expired,
            on_discarded=self.on_discarded,
        )
        return MoneyOptions(
            policies, self.ledger_path, self.ledger_key, self.adopt_phota_task_id, self._budget
        )

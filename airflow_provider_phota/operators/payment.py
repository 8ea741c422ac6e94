"""Says what an attempt has paid for, whatever goes wrong, and does not let Airflow pay again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from airflow.providers.common.compat.sdk import AirflowFailException, AirflowTaskTimeout

from airflow_provider_phota import xcom_keys
from airflow_provider_phota.api import endings
from airflow_provider_phota.api.costs import NO_COST, UNKNOWN_COST, Cost, final_cost
from airflow_provider_phota.api.endings import PhotaExecutionTimeout
from airflow_provider_phota.api.errors import (
    PhotaError,
    PhotaInputError,
    PhotaInputRefused,
    PhotaRefused,
    PhotaTaskFailed,
)
from airflow_provider_phota.api.orders.base import Order
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.api.tasks import PhotaTask
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.ledger.messages import timed_out_before_answer, what_to_do
from airflow_provider_phota.results.lineage import Spent
from airflow_provider_phota.results.metrics import EXISTING, SUBMITTED, count_order, counting, outcome_of
from airflow_provider_phota.retrying import RESUMES, adding_retry_hint, as_airflow_errors, log_lines
from airflow_provider_phota.submitting.charge import Charge
from airflow_provider_phota.submitting.options import MoneyOptions
from airflow_provider_phota.submitting.submission import PaidTask, Submission
from airflow_provider_phota.waiting import out_of_time

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

log = logging.getLogger(__name__)

_Error = TypeVar("_Error", bound=PhotaError)

NO_LEDGER = (
    "There is no ledger: this Airflow keeps no task state (3.3 and later do) and no ledger_path is set, so a "
    "retry, or clearing this task, submits a new order, which is billed."
)
NO_TIME_FOR_BUDGET = (
    "The execution_timeout of this Airflow task has passed while it waited for a budget. Nothing was sent. "
    "A retry asks again whether the order fits."
)
_REFUSED = (
    "Airflow does not retry this. Change the prompt or the pictures, then clear this task: that submits "
    "another order, which is billed."
)
_PROFILES = (
    "Profiles of this order: {}. If the service no longer knows one of them, create it again by "
    "PhotaCreateProfileOperator with another edition, which is billed. With the same edition and a "
    "profiles_path, the old ID would be found again."
)
#: HTTP statuses with which the service refuses an order for what is in it.
_ABOUT_THE_ORDER = frozenset({400, 403, 404, 422})
_NO_RETRY = "Airflow does not retry this, since without a ledger a retry would pay for a new order."


@dataclass
class Payment:
    """Knows what one attempt of an Airflow task has paid for, and puts it into the attempt's errors.

    Attributes:
        execution_timeout: of the Airflow task.
        order: returns what is asked for, with its files as the user named them.
        phota_task_id: the paid task, once its ID is known.
        cost: of the order, as far as this process knows it.
        spent: what OpenLineage is told; None if nothing has been ordered.
    """

    hook: PhotaHook
    money: MoneyOptions
    context: Context
    execution_timeout: timedelta | None
    order: Callable[[], Order]
    phota_task_id: str | None = None
    cost: Cost | None = None
    _charge: Charge | None = field(default=None, init=False)
    spent: Spent | None = field(default=None, init=False)

    @property
    def is_remembered(self) -> bool:
        """True if a later attempt will know what was paid for."""
        return self.money.is_remembered(self.context, self.hook)

    def take_in(self, paid: PaidTask) -> None:
        """Takes in what is paid for."""
        self.phota_task_id, self.cost, self._charge = paid.phota_task_id, paid.cost, paid.charge

    def note_cost(self, model: str, outcome: str, cost: Cost) -> None:
        """Tells XCom and OpenLineage what an order costs, and what has become of it so far, in one word."""
        self.cost = cost
        self.spent = Spent(self.hook.settings.base_url, (model,), {outcome: 1}, cost)
        self.push(xcom_keys.COST, cost.to_dict())

    def note_submitted(self, model: str, *, is_all: bool) -> None:
        """Notes what the paid order costs, and counts it now if this Airflow task does not see its end.

        Args:
            model: that is ordered.
            is_all: True if this Airflow task does not wait.
        """
        cost = self.cost or UNKNOWN_COST
        self.note_cost(model, SUBMITTED, cost)
        if self._charge and self._charge.reserved_at is not None:
            self.push(xcom_keys.CHARGE, self._charge.to_dict())
        if is_all:
            count_order(model, SUBMITTED, cost)

    def note_unpaid(self, model: str) -> None:
        """Notes that the order had landed before, so that nothing is paid."""
        self.note_cost(model, EXISTING, NO_COST)
        count_order(model, EXISTING, NO_COST)

    @contextmanager
    def ending(self, task: PhotaTask) -> Iterator[None]:
        """Notes what a finished task has cost, while its result is made."""
        known = Cost.from_dict(self.pulled(xcom_keys.COST)) if self.cost is None else self.cost
        cost = final_cost(known, task)
        self.note_cost(task.model, outcome_of(task), cost)
        self._end_charge(cost)
        with counting(task, cost):
            yield

    def _end_charge(self, cost: Cost) -> None:
        if self._charge:
            self._charge.end(cost)
        elif fields := self.pulled(xcom_keys.CHARGE):
            try:
                purse = self.money.purse(self.context, self.hook)
            except PhotaError as problem:  # the connection has changed; nothing paid may be lost for it
                log.warning("The end of this PHOTA task is not counted in the budget.\n%s", problem)
            else:
                Charge.from_dict(fields, purse).end(cost)

    def push(self, key: str, value: object) -> None:
        """Pushes what a later part of this Airflow task, or another one, has to know."""
        self.context["ti"].xcom_push(key=key, value=value)

    def pulled(self, key: str) -> Any:
        """Returns what this Airflow task has pushed under a key."""
        ti = self.context["ti"]
        return ti.xcom_pull(task_ids=ti.task_id, key=key, map_indexes=ti.map_index)

    @contextmanager
    def naming_earlier_payments(self) -> Iterator[None]:
        """Says with a wrong argument what an earlier attempt has paid for."""
        try:
            yield
        except PhotaInputError as error:
            if before := self.of_earlier_attempts():
                raise error.saying(before) from None
            raise

    def of_earlier_attempts(self) -> str:
        """Says how to fetch what earlier attempts paid for; empty if that is nothing, or cannot be read."""
        try:
            phota_task_ids = self.money.ids_on_record(self.context, self.hook)
        except PhotaError:
            return ""
        if not phota_task_ids:
            return ""
        return (
            f"An earlier attempt has paid for {', '.join(sorted(phota_task_ids))}: fetch the result with "
            "PhotaTaskSensor(phota_task_id=<that ID>) within 24 hours."
        )

    @contextmanager
    def explaining_a_failed_submit(self, submission: Submission) -> Iterator[None]:
        """Says what may be paid for if the attempt runs out of time while it submits, and what is refused."""
        try:
            yield
        except PhotaRefused as refused:
            if refused.retryable or refused.status not in _ABOUT_THE_ORDER or not submission.may_have_sent:
                raise  # it is not the order: the service is busy, or refuses the account or an upload
            raise self._naming_profiles(refused) from None
        except AirflowTaskTimeout:
            if submission.ledger.remembers:
                # every attempt may end like this, and then no attempt gets as far as saying what is held
                if (sent := submission.unanswered) is None:
                    raise
                what_now = what_to_do(sent.try_number, resubmits=sent.resubmits)
                raise AirflowTaskTimeout(log_lines(timed_out_before_answer(what_now))) from None
            if not submission.may_have_sent:
                raise
            raise AirflowFailException(log_lines(timed_out_before_answer(_NO_RETRY))) from None

    @contextmanager
    def deciding_on_a_retry(self) -> Iterator[None]:
        """Lets a retry follow an error only if the retry will know the paid task, and says what it does."""
        try:
            yield
        except PhotaInputRefused as refused:
            text = str(self._naming_profiles(refused).saying(_REFUSED))
            raise AirflowFailException(log_lines(text)) from None
        except PhotaTaskFailed as failed:
            told = self._naming_profiles(failed).saying("A retry submits a new order, which is billed.")
            log_lines(str(told))
            raise told from None
        except (AirflowTaskTimeout, PhotaExecutionTimeout):
            if self.is_remembered:
                raise AirflowTaskTimeout(log_lines(self._out_of_time(RESUMES))) from None
            raise self._not_retried(self._out_of_time(_NO_RETRY)) from None
        except Exception as error:
            if self.is_remembered:
                with as_airflow_errors(), adding_retry_hint():
                    raise
            raise self._not_retried(endings.lines(self._what_broke(error), _NO_RETRY)) from None

    def broken_deferral(self, error: Exception) -> AirflowFailException:
        """Returns the error of a deferral that Airflow could not resume, where a retry would pay again."""
        text = endings.lines(
            "The deferral broke. The PHOTA task goes on and is billed.",
            f"Airflow says: {error}",
            f"The ID of the PHOTA task is in XCom {xcom_keys.PHOTA_TASK_ID!r}.",
            _NO_RETRY,
        )
        return AirflowFailException(log_lines(text))

    def _naming_profiles(self, error: _Error) -> _Error:
        """Adds the profiles of the order to an error, since the service may no longer know one of them."""
        try:
            profile_ids = self.order().profile_ids
        except PhotaError:  # the arguments have changed since the order was sent
            return error
        return error.saying(_PROFILES.format(shown(list(profile_ids)))) if profile_ids else error

    def _not_retried(self, text: str) -> AirflowFailException:
        where = repr(self.phota_task_id) if self.phota_task_id else f"<XCom {xcom_keys.PHOTA_TASK_ID!r}>"
        fetching = f"Fetch the result with PhotaTaskSensor(phota_task_id={where})."
        return AirflowFailException(log_lines(endings.lines(text, fetching)))

    def _out_of_time(self, then: str) -> str:
        return out_of_time(self._named, self.execution_timeout, then)

    def _what_broke(self, error: Exception) -> str:
        if isinstance(error, PhotaError):
            return str(error)
        return endings.lines(
            f"PHOTA task {self._named} is billed, but its result was not fetched.",
            f"{type(error).__name__}: {error}",
        )

    @property
    def _named(self) -> str:
        return self.phota_task_id or f"of XCom {xcom_keys.PHOTA_TASK_ID!r}"

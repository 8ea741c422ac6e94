"""Has the arguments that all operators which pay for orders have in common, and keeps them within budgets."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn, Unpack

from airflow.providers.common.compat.sdk import AirflowSkipException, BaseOperator

from airflow_provider_phota.api.errors import PhotaBudgetExceeded
from airflow_provider_phota.api.parsing import check_conn_id, check_flags, check_not_templated
from airflow_provider_phota.api.types import OnBudgetExceeded, PublishWay
from airflow_provider_phota.api.written import Written
from airflow_provider_phota.budget.options import BudgetOptions, OnBudget
from airflow_provider_phota.budget.purse import WARN_AT
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.inputs.publisher import Publish
from airflow_provider_phota.links.phota import PICTURES
from airflow_provider_phota.operators.arguments import AirflowArguments
from airflow_provider_phota.results.lineage import LineageOfCost
from airflow_provider_phota.retrying import checking_arguments
from airflow_provider_phota.triggers.budget import PhotaBudgetTrigger
from airflow_provider_phota.waiting import Wait, default_deferrable

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context


class PayingOperator(LineageOfCost, BaseOperator):
    """Pays for orders with the account of a connection, if they fit into the budgets.

    Args:
        publish: how paths become URLs: `upload`, or `presign` where the store can sign URLs. If it is left
            out, the connection's extra of that name decides.
        phota_conn_id: the Airflow connection.
        deferrable: whether to wait in the triggerer, without a worker slot.
        poll_interval: seconds between two questions about one order while waiting: the shortest and the
            longest, between which the pause is chosen by when the task is likely to be finished; or one
            number for a steady interval.
        timeout: seconds to wait for the result of one order, at most 20 hours (results live 24 hours).
        max_unreachable: how many seconds without a usable answer a wait tolerates.
        ledger_path: object-storage directory in which to record what was paid for. If it is left out, the
            connection's extra of that name is used.
        budget: what the DAG may spend, such as "50 USD / month", next to the budget of the connection;
            `day`, `week`, `run` and `total` are periods too. It counts the orders of all tasks of the DAG
            that have a budget of that period. It needs the extra `budget_path` of the connection.
        on_budget: what to do with an order that does not fit: `fail`, `skip`, or `wait` in the triggerer
            until the period turns or money is given back.
        budget_warning: the share of a budget for which a warning is logged, once in each period.
        on_budget_warning: is called then with the context, in which `phota_budget` says how the budget
            stands; it may be a notifier.
    """

    operator_extra_links = PICTURES

    def __init__(
        self,
        *,
        publish: PublishWay | None = None,
        phota_conn_id: str = PhotaHook.default_conn_name,
        deferrable: bool | None = None,
        poll_interval: float | timedelta | tuple[float, float] = (2.0, 30.0),
        timeout: float | timedelta = 3600.0,
        max_unreachable: float = 1800.0,
        ledger_path: str | None = None,
        budget: str | None = None,
        on_budget: OnBudgetExceeded = "fail",
        budget_warning: float = float(WARN_AT),
        on_budget_warning: Callable[[Any], object] | None = None,
        **kwargs: Unpack[AirflowArguments],
    ) -> None:
        super().__init__(**kwargs)
        self.publish = publish
        self.phota_conn_id = phota_conn_id
        self.deferrable = default_deferrable() if deferrable is None else deferrable
        self.poll_interval = poll_interval
        self.timeout = timeout
        self.max_unreachable = max_unreachable
        self.ledger_path = ledger_path
        self.budget = budget
        self.on_budget = on_budget
        self.budget_warning = budget_warning
        self.on_budget_warning = on_budget_warning
        # a default of the whole DAG is not meant for this task in particular
        self._defaults = frozenset(kwargs.get("default_args") or ())
        self._asked_to_defer = bool(deferrable) and "deferrable" not in self._defaults

    def _check_arguments(self) -> None:
        """Checks plain values when the DAG is parsed; each operator calls it at the end of `__init__`."""
        self._written = Written(**{name: getattr(self, name) for name in self.template_fields})
        with checking_arguments(self):
            self._check_as_written()

    def _check_as_written(self) -> None:
        _ = self._wait
        Publish.checked(self.publish)
        check_conn_id(self.phota_conn_id)
        check_flags(deferrable=self.deferrable)
        check_not_templated(ledger_path=self.ledger_path)
        self._budget.check_as_written()

    def execute_after_budget(self, context: Context, event: dict[str, Any]) -> Any:  # noqa: ARG002  # it only wakes
        """Begins once more after the wait for a budget: nothing was sent before."""
        return self.execute(context)

    @property
    def _budget(self) -> BudgetOptions:
        return BudgetOptions(self.budget, self.on_budget, self.budget_warning, self.on_budget_warning)

    @contextmanager
    def _acting_on_budget(self) -> Iterator[None]:
        """Skips or defers the Airflow task if an order does not fit, where the author asks for that."""
        try:
            yield
        except PhotaBudgetExceeded as exceeded:
            if self._budget.policy is OnBudget.WAIT and exceeded.can_fit:
                self._wait_for_budget(exceeded)
            if self._budget.policy is OnBudget.SKIP:
                raise AirflowSkipException(str(exceeded)) from None
            raise

    def _wait_for_budget(self, exceeded: PhotaBudgetExceeded) -> NoReturn:
        self.log.warning("%s", exceeded)
        self.log.info("Waiting without a worker slot until the order fits.")
        self.defer(
            trigger=PhotaBudgetTrigger(
                exceeded.log, exceeded.amount, exceeded.limit, exceeded.ends_at, deferred_at=time.time()
            ),
            method_name=self.execute_after_budget.__name__,
        )

    @cached_property
    def _hook(self) -> PhotaHook:
        return PhotaHook(self.phota_conn_id)

    @property
    def _wait(self) -> Wait:
        return Wait.checked(self.phota_conn_id, self.timeout, self.poll_interval, self.max_unreachable)

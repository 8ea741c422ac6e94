"""Has the arguments that say what may be spent, and does what they say with an order that does not fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Unpack

from airflow.providers.common.compat.sdk import AirflowSkipException, BaseOperator

from airflow_provider_phota.api.errors import PhotaBudgetExceeded
from airflow_provider_phota.api.types import OnBudgetExceeded
from airflow_provider_phota.budget.options import BudgetOptions, OnBudget
from airflow_provider_phota.budget.purse import WARN_AT
from airflow_provider_phota.operators.arguments import AirflowArguments
from airflow_provider_phota.triggers.budget import PhotaBudgetTrigger

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context


class BudgetedOperator(BaseOperator):
    """Places orders only if they fit into the budgets of its connection and of its DAG.

    Args:
        budget: what the DAG may spend, such as "50 USD / month", next to the budget of the connection;
            `day`, `week`, `run` and `total` are periods too. It counts the orders of all tasks of the DAG
            that have a budget of that period. It needs the extra `budget_path` of the connection.
        on_budget: what to do with an order that does not fit: `fail`, `skip`, or `wait` in the triggerer
            until the period turns or money is given back.
        budget_warning: the share of a budget for which a warning is logged, once in each period.
        on_budget_warning: is called then with the context, in which `phota_budget` says how the budget
            stands; it may be a notifier.
    """

    def __init__(
        self,
        *,
        budget: str | None = None,
        on_budget: OnBudgetExceeded = "fail",
        budget_warning: float = float(WARN_AT),
        on_budget_warning: Callable[[Any], object] | None = None,
        **kwargs: Unpack[AirflowArguments],
    ) -> None:
        super().__init__(**kwargs)
        self.budget = budget
        self.on_budget = on_budget
        self.budget_warning = budget_warning
        self.on_budget_warning = on_budget_warning

    @property
    def _budget(self) -> BudgetOptions:
        return BudgetOptions(self.budget, self.on_budget, self.budget_warning, self.on_budget_warning)

    @contextmanager
    def _acting_on_budget(self) -> Iterator[None]:
        """Skips or defers the Airflow task if an order does not fit, where the author asks for that."""
        try:
            yield
        except PhotaBudgetExceeded as exceeded:
            if self._budget.policy is OnBudget.FAIL:
                raise
            self.log.warning("%s", exceeded)
            if self._budget.policy is OnBudget.SKIP:
                raise AirflowSkipException(str(exceeded)) from None
            self._wait_for_budget(exceeded)

    def _wait_for_budget(self, exceeded: PhotaBudgetExceeded) -> None:
        self.log.info("Waiting without a worker slot until the order fits.")
        self.defer(
            trigger=PhotaBudgetTrigger(exceeded.log, exceeded.amount, exceeded.limit, exceeded.ends_at),
            method_name=self.execute_after_budget.__name__,
        )

    def execute_after_budget(self, context: Context, event: dict[str, Any]) -> Any:  # noqa: ARG002  # it only wakes
        """Begins once more after the wait for a budget: nothing was sent before."""
        return self.execute(context)

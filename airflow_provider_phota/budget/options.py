"""Holds and checks what an author said about budgets, and puts them together with those of the connection."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any

from airflow_provider_phota.api.choices import checked_choice
from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.parsing import check_not_templated
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.budget.limits import Budget
from airflow_provider_phota.budget.owners import owner_name, run_name
from airflow_provider_phota.budget.purse import Limit, Purse, Warned
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.ledger.instances import instance_name_of
from airflow_provider_phota.storage.paths import Place, checked_path

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

log = logging.getLogger(__name__)

#: The key of the context under which a callback finds the budget that it warns of.
CONTEXT_KEY = "phota_budget"


class OnBudget(Enum):
    """Says what to do with an order that does not fit into a budget."""

    FAIL = "fail"
    SKIP = "skip"
    WAIT = "wait"


@dataclass(frozen=True)
class BudgetOptions:
    """Says what may be spent, as the arguments of an operator do.

    Attributes:
        budget: of the DAG, next to that of the connection.
        on_budget: what to do with an order that does not fit.
        budget_warning: the share of a budget for which a warning is given.
        on_budget_warning: is called then with the context, such as a notifier; None if nothing is.
    """

    budget: str | None
    on_budget: object
    budget_warning: object
    on_budget_warning: Callable[[Any], object] | None

    def check_as_written(self) -> None:
        """Checks plain values when the DAG is parsed.

        Raises:
            PhotaInputError: It names the argument.
        """
        check_not_templated(budget=self.budget)
        if self.budget is not None:
            Budget.checked(self.budget)
        if self.on_budget_warning is not None and not callable(self.on_budget_warning):
            raise PhotaInputError(
                "on_budget_warning",
                f"must be a function of the context, or a notifier, got {shown(self.on_budget_warning)}.",
            )
        _ = self.policy, self.warn_at

    @property
    def policy(self) -> OnBudget:
        """What to do with an order that does not fit.

        Raises:
            PhotaInputError: It is not one of the words.
        """
        return checked_choice(OnBudget, "on_budget", self.on_budget)

    @property
    def warn_at(self) -> Decimal:
        """The share of a budget for which a warning is given.

        Raises:
            PhotaInputError: It is not a share.
        """
        value = self.budget_warning
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not is_number or not 0 < value <= 1:  # type: ignore[operator]  # it is a number here
            raise PhotaInputError(
                "budget_warning", f"must be a share above 0 and at most 1, such as 0.8, got {shown(value)}."
            )
        return Decimal(str(value))

    def purse(
        self, context: Context, hook: PhotaHook, record: Place | None = None, key: str | None = None
    ) -> Purse:
        """Returns what pays for the orders of the running task instance.

        Args:
            context: Airflow's.
            hook: of the connection.
            record: the ledger or the journal that knows what is paid for; None if Airflow itself does.
            key: the author's name for the item of a mapped task.
        """
        ti, limits, problem = context["ti"], tuple[Limit, ...](), ""
        try:
            limits = tuple(self._limits(hook, ti.dag_id))
        except PhotaInputError as error:  # said when an order is to be sent: what is paid for comes home
            problem = str(error)
        return Purse(
            limits,
            owner=owner_name(instance_name_of(context, key), record),
            run=run_name(ti.dag_id, ti.run_id),
            credits_per_usd=hook.settings.credits_per_usd,
            warn_at=self.warn_at,
            on_warning=lambda warned: self._tell(warned, context),
            problem=problem,
        )

    def _limits(self, hook: PhotaHook, dag_id: str) -> Iterator[Limit]:
        yield from limits_of(hook)
        if self.budget:
            yield Limit.of_dag(Budget.checked(self.budget), _path_of(hook), dag_id)

    def _tell(self, warned: Warned, context: Context) -> None:
        if self.on_budget_warning is None:
            return
        told: Any = {**context, CONTEXT_KEY: warned}
        try:
            self.on_budget_warning(told)
        except Exception as error:  # a notifier that fails must not stop an order that is reserved
            log.warning("on_budget_warning has failed (%s).", type(error).__name__)


def limits_of(hook: PhotaHook) -> Iterator[Limit]:
    """Yields the budget of a connection, if it has one.

    Raises:
        PhotaInputError: It cannot be understood, or its path cannot be used.
    """
    if text := hook.settings.budget:
        budget = Budget.checked(text, f"extra 'budget' of connection {hook.phota_conn_id!r}")
        yield Limit.of_connection(budget, _path_of(hook), hook.phota_conn_id)


def _path_of(hook: PhotaHook) -> Place:
    if not hook.settings.budget_path:
        raise PhotaInputError(
            "budget",
            f"needs a budget_path: set that extra of connection {hook.phota_conn_id!r} to an "
            "object-storage directory, in which all who share the budget count what is spent.",
        )
    return Place.of(checked_path("budget_path", hook.settings.budget_path))

"""Holds and checks what a DAG's author said about money: the ledger, the policies, and another payment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from airflow_provider_phota.api.policy import Policy
from airflow_provider_phota.api.task_ids import checked_task_id
from airflow_provider_phota.budget.options import BudgetOptions
from airflow_provider_phota.budget.purse import Purse
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.ledger.instances import checked_key
from airflow_provider_phota.ledger.ledger import Ledger
from airflow_provider_phota.ledger.stores import Discarded
from airflow_provider_phota.storage.paths import Place, checked_path
from airflow_provider_phota.submitting.policies import Policies

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context


_NOT_SHARED = (
    "on_ambiguous: 'settle' needs the extras budget (not of a run) and budget_path of connection {!r}: only "
    "their log tells whether the key was used by another order."
)


@dataclass(frozen=True)
class MoneyOptions:
    """Says how an order is paid for only once, as the arguments of an operator do.

    Attributes:
        policies: what to do where only a new payment would bring a result.
        ledger_path: where to record what was paid for, next to Airflow's own task state store.
        ledger_key: the author's name for an item of a mapped task.
        adopt: a task to go on with instead of submitting.
        budget: what may be spent.
    """

    policies: Policies
    ledger_path: str | None
    ledger_key: object
    adopt: object
    budget: BudgetOptions

    @property
    def key(self) -> str | None:
        """The author's name for the item.

        Raises:
            PhotaInputError: It is not text that names anything.
        """
        return checked_key(self.ledger_key)

    @property
    def adopted(self) -> str | None:
        """The task to go on with.

        Raises:
            PhotaInputError: It is not a task ID.
        """
        if self.adopt in (None, "", "None"):
            return None
        return checked_task_id(self.adopt, "adopt_phota_task_id")

    def ledger(self, context: Context, hook: PhotaHook) -> Ledger:
        """Returns the ledger of the running task instance.

        Raises:
            PhotaInputError: The path or the key cannot be used.
        """
        return Ledger.of(
            context,
            self.ledger_path or hook.settings.ledger_path,
            key=self.key,
            # with an adopted task a person has said what became of the attempts before
            on_discarded=Policy.RESUBMIT if self.adopted else self.policies.on_discarded,
        )

    def purse(self, context: Context, hook: PhotaHook) -> Purse:
        """Returns what pays for the orders of the running task instance.

        Raises:
            PhotaInputError: The path of the ledger cannot be used.
        """
        path = self.ledger_path or hook.settings.ledger_path
        record = Place.of(checked_path("ledger_path", path)) if path else None
        purse = self.budget.purse(context, hook, record, self.key)
        if self.policies.on_ambiguous is Policy.SETTLE and not purse.is_shared:
            return replace(purse, problem=purse.problem or _NOT_SHARED.format(hook.phota_conn_id))
        return purse

    def ids_on_record(self, context: Context, hook: PhotaHook) -> frozenset[str]:
        """Returns the IDs of all tasks that this task instance is known to have paid for."""
        try:
            return self.ledger(context, hook).read().phota_task_ids
        except Discarded:
            return frozenset()

    def is_remembered(self, context: Context, hook: PhotaHook) -> bool:
        """Returns True if a later attempt will know what was paid for, and False if that is not certain."""
        if self.ledger_path or context.get("task_state_store"):
            return True
        try:
            return bool(hook.settings.ledger_path)
        except Exception:
            return False

"""Turns an operator into one that stops at a point, and that may lack a part of the ledger."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import chaos_points
from airflow.providers.common.compat.sdk import AirflowFailException

import airflow_provider_phota


def require_own_checkout() -> None:
    """Raises an error if the provider is not the one next to this harness."""
    if not Path(airflow_provider_phota.__file__).is_relative_to(os.environ["CHAOS_ROOT"]):
        raise ImportError(f"this is another checkout of the provider: {airflow_provider_phota.__file__}")


require_own_checkout()

MODES = {
    "submit": {"wait_for_completion": False},
    "worker": {"wait_for_completion": True, "deferrable": False},
    "deferred": {"wait_for_completion": True, "deferrable": True},
}
COMMON = {
    "task_id": "edit",
    "poll_interval": 1.0,
    "retries": 2,
    "retry_delay": timedelta(seconds=1),
}


class Chaos:
    """Is mixed into an operator, which then stops where the run's conf says."""

    keeps_journal = True

    def execute(self, context):
        chaos_points.arm(context)
        chaos_points.reach("start")
        conf = context["dag_run"].conf
        self.ledger_path = conf["ledger_path"] if self.keeps_journal else None
        if prompt_file := conf.get("prompt_file"):
            self.prompt = Path(prompt_file).read_text()
        self.phota_conn_id = conf["phota_conn_id"]
        result = super().execute(context)
        chaos_points.reach("before_return")
        return result

    def execute_complete(self, context, event):
        chaos_points.arm(context)
        self.phota_conn_id = context["dag_run"].conf["phota_conn_id"]
        chaos_points.reach("execute_complete")
        result = super().execute_complete(context, event)
        chaos_points.reach("before_return")
        return result


class JournalOnly(Chaos):
    """Makes the operator work as on an Airflow before 3.3, which has no task state store."""

    def execute(self, context):
        return super().execute(_without_state(context))

    def execute_complete(self, context, event):
        return super().execute_complete(_without_state(context), event)


class Naive(JournalOnly):
    """Makes the operator one without a ledger: every attempt submits, and every error is retried."""

    keeps_journal = False

    def execute(self, context):
        try:
            return super().execute(context)
        except AirflowFailException as error:
            raise RuntimeError(str(error)) from error


def _without_state(context):
    """Takes Airflow's task state store out of the context, if this Airflow has one."""
    if "task_state_store" in context:
        del context["task_state_store"]
    return context


#: Kind of ledger -> what is mixed into the operator, and its arguments.
LEDGERS = {
    "naive": (Naive, {}),
    "state": (Chaos, {}),
    "journal": (JournalOnly, {}),
    "both": (Chaos, {}),
    "resubmit_state": (Chaos, {"on_ambiguous": "resubmit"}),
    "resubmit_journal": (JournalOnly, {"on_ambiguous": "resubmit"}),
    "resubmit": (Chaos, {"on_ambiguous": "resubmit"}),
    "settle_journal": (JournalOnly, {"on_ambiguous": "settle"}),
    "settle": (Chaos, {"on_ambiguous": "settle"}),
}


def with_ledger(operator: type, ledger: str) -> tuple[type, dict[str, str]]:
    """Returns the operator with a kind of ledger, and the arguments for it."""
    mixin, arguments = LEDGERS[ledger]
    # Airflow 2 calls an operator's own `execute` with an argument that it then takes off itself
    own = {"execute": mixin.execute}
    return type(f"{mixin.__name__}{operator.__name__}", (mixin, operator), own), arguments

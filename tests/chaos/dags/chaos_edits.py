"""Defines a DAG for each way to edit. The conf of a run says what happens to it."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import chaos_points
from airflow.providers.common.compat.sdk import DAG, AirflowFailException, task

import airflow_provider_phota
from airflow_provider_phota.operators.phota import PhotaImageEditOperator

if not Path(airflow_provider_phota.__file__).is_relative_to(os.environ["CHAOS_ROOT"]):
    raise ImportError(f"this is another checkout of the provider: {airflow_provider_phota.__file__}")

MODES = {
    "submit": {},
    "worker": {"wait_for_completion": True, "deferrable": False},
    "deferred": {"wait_for_completion": True, "deferrable": True},
}
COMMON = {
    "task_id": "edit",
    "image_urls": "{{ dag_run.conf['image_url'] }}",
    "poll_interval": 1.0,
    "retries": 2,
    "retry_delay": timedelta(seconds=1),
}


class ChaosEdit(PhotaImageEditOperator):
    """Edits as the operator does, but stops where the run's conf says."""

    keeps_journal = True

    def execute(self, context):
        chaos_points.arm(context)
        chaos_points.reach("start")
        conf = context["dag_run"].conf
        self.ledger_path = conf["ledger_path"] if self.keeps_journal else None
        if prompt_file := conf.get("prompt_file"):
            self.prompt = Path(prompt_file).read_text()
        if connection := conf.get("connection"):
            os.environ["AIRFLOW_CONN_PHOTA_CHAOS"] = connection
            self.phota_conn_id = "phota_chaos"
        result = super().execute(context)
        chaos_points.reach("before_return")
        return result

    def execute_complete(self, context, event):
        chaos_points.arm(context)
        chaos_points.reach("execute_complete")
        result = super().execute_complete(context, event)
        chaos_points.reach("before_return")
        return result


class JournalOnly(ChaosEdit):
    """Edits as on an Airflow before 3.3, which has no task state store."""

    def execute(self, context):
        return super().execute(_without_state(context))

    def execute_complete(self, context, event):
        return super().execute_complete(_without_state(context), event)


class NaiveEdit(JournalOnly):
    """Edits as an operator without a ledger does: every attempt submits, and every error is retried."""

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


LEDGERS = {
    "naive": (NaiveEdit, {}),
    "state": (ChaosEdit, {}),
    "journal": (JournalOnly, {}),
    "both": (ChaosEdit, {}),
    "resubmit_state": (ChaosEdit, {"on_ambiguous": "resubmit"}),
    "resubmit_journal": (JournalOnly, {"on_ambiguous": "resubmit"}),
    "resubmit": (ChaosEdit, {"on_ambiguous": "resubmit"}),
}


def edit_dag(dag_id: str, ledger: str, mode: str, **extra) -> DAG:
    operator, arguments = LEDGERS[ledger]
    with DAG(dag_id, schedule=None, max_active_runs=200, max_active_tasks=200) as dag:
        operator(prompt="{{ dag_run.conf['prompt'] }}", **COMMON, **MODES[mode], **arguments, **extra)
    return dag


def many_dag(dag_id: str, ledger: str, mode: str) -> DAG:
    operator, arguments = LEDGERS[ledger]
    with DAG(dag_id, schedule=None, max_active_tasks=200) as dag:

        @task
        def prompts(dag_run=None):
            return [f"{dag_run.conf['prompt']} {number}" for number in range(dag_run.conf["edits"])]

        operator.partial(**COMMON, **MODES[mode], **arguments).expand(prompt=prompts())
    return dag


for _ledger in LEDGERS:
    for _mode in MODES:
        _name = f"chaos_{_ledger}_{_mode}"
        globals()[_name] = edit_dag(_name, _ledger, _mode)
        globals()[f"{_name}_many"] = many_dag(f"{_name}_many", _ledger, _mode)
    _name = f"chaos_{_ledger}_hurried"
    globals()[_name] = edit_dag(_name, _ledger, "submit", execution_timeout=timedelta(seconds=3))

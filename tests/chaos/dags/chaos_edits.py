"""Defines a DAG for each way to edit. The conf of a run says what happens to it."""

from __future__ import annotations

from datetime import timedelta

from airflow.providers.common.compat.sdk import DAG, task
from chaos_operators import COMMON, LEDGERS, MODES, with_ledger

from airflow_provider_phota.operators.phota import PhotaImageEditOperator

EDIT = {**COMMON, "image_urls": "{{ dag_run.conf['image_url'] }}"}


def edit_dag(dag_id: str, ledger: str, mode: str, **extra) -> DAG:
    operator, arguments = with_ledger(PhotaImageEditOperator, ledger)
    with DAG(dag_id, schedule=None, max_active_runs=200, max_active_tasks=200) as dag:
        operator(prompt="{{ dag_run.conf['prompt'] }}", **EDIT, **MODES[mode], **arguments, **extra)
    return dag


def many_dag(dag_id: str, ledger: str, mode: str) -> DAG:
    operator, arguments = with_ledger(PhotaImageEditOperator, ledger)
    with DAG(dag_id, schedule=None, max_active_tasks=200) as dag:

        @task
        def prompts(dag_run=None):
            return [f"{dag_run.conf['prompt']} {number}" for number in range(dag_run.conf["edits"])]

        operator.partial(**EDIT, **MODES[mode], **arguments).expand(prompt=prompts())
    return dag


for _ledger in LEDGERS:
    for _mode in MODES:
        _name = f"chaos_{_ledger}_{_mode}"
        globals()[_name] = edit_dag(_name, _ledger, _mode)
        globals()[f"{_name}_many"] = many_dag(f"{_name}_many", _ledger, _mode)
    _name = f"chaos_{_ledger}_hurried"
    globals()[_name] = edit_dag(_name, _ledger, "submit", execution_timeout=timedelta(seconds=3))

"""Defines the DAG of single edits: mapped, deferred, landed on S3. The conf of a run says what is edited."""

from __future__ import annotations

from datetime import timedelta

from airflow.providers.common.compat.sdk import DAG, task
from chaos_operators import COMMON, MODES, with_ledger

from airflow_provider_phota.operators.phota import PhotaImageEditOperator

ORDER = {
    **COMMON,
    **MODES["deferred"],
    "image_urls": "{{ dag_run.conf['image_url'] }}",
    "destination": "{{ dag_run.conf['destination'] }}",
    # a cut database and a message that comes twice cost attempts that are not the provider's
    "retries": 6,
    "retry_delay": timedelta(seconds=2),
}

with DAG("chaos_both_deferred_many", schedule=None, max_active_tasks=200) as dag:

    @task(retries=6, retry_delay=timedelta(seconds=2))
    def prompts(dag_run=None):
        return [f"{dag_run.conf['prompt']} {number}" for number in range(dag_run.conf["edits"])]

    _operator, _arguments = with_ledger(PhotaImageEditOperator, "both")
    _operator.partial(**ORDER, **_arguments).expand(prompt=prompts())

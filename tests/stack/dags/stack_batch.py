"""A batch that leaves its worker slot while its orders are under way."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_phota.operators.phota import PhotaImageEditBatchOperator

with DAG("stack_batch", schedule=None, render_template_as_native_obj=True):
    PhotaImageEditBatchOperator(
        task_id="edit",
        edits="{{ dag_run.conf['edits'] }}",
        prompt="a batch canary: {stem}",
        destination="{{ dag_run.conf['destination'] }}",
        in_flight=4,
        deferrable=True,
        defer_after=2,
        timeout=120,
    )

"""Batches that leave their worker slot while their orders are under way, and that stay in it."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_phota.operators.phota import PhotaImageEditBatchOperator

for name, deferrable in {"stack_batch": True, "stack_batch_staying": False}.items():
    with DAG(name, schedule=None):
        PhotaImageEditBatchOperator(
            task_id="edit",
            edits="{{ dag_run.conf['edits'] }}",
            prompt="a batch canary: {stem} ({{ dag_run.dag_id }})",
            destination="{{ dag_run.conf['destination'] }}",
            in_flight=4,
            deferrable=deferrable,
            defer_after=2,
            timeout=120,
        )

"""A batch whose folder, and whatever else matters, is in the run's conf."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_phota.operators.phota import PhotaImageEditBatchOperator

with DAG("batch", schedule=None, render_template_as_native_obj=True) as dag:
    PhotaImageEditBatchOperator(
        task_id="edit",
        edits="{{ dag_run.conf['edits'] }}",
        prompt="Make {stem} shine",
        destination="{{ dag_run.conf['destination'] }}",
        phota_conn_id="phota_slow",
        deferrable=True,
        defer_after=1,
        poll_interval=0.5,
        in_flight=8,
    )

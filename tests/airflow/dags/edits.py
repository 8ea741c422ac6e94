"""DAGs of one operator each, driven by the run's conf."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_phota.operators.phota import PhotaImageEditOperator

QUICK = {"poll_interval": 0.1}


def edit_dag(dag_id: str, **arguments: object) -> DAG:
    with DAG(dag_id, schedule=None, render_template_as_native_obj=True) as dag:
        PhotaImageEditOperator(
            task_id="edit",
            **{
                "prompt": "{{ dag_run.conf.get('prompt', 'a beach') }}",
                "image_urls": "{{ dag_run.conf['image_urls'] }}",
                "num_outputs": "{{ dag_run.conf.get('num_outputs', 1) }}",
                "resolution": "{{ dag_run.conf.get('resolution', '1K') }}",
                **arguments,
            },
        )
    return dag


submit_only = edit_dag("submit_only")
with_edition = edit_dag("with_edition", edition="{{ dag_run.conf['edition'] }}")
wait_in_worker = edit_dag("wait_in_worker", wait_for_completion=True, deferrable=False, **QUICK)
wait_deferred = edit_dag("wait_deferred", wait_for_completion=True, deferrable=True, **QUICK)
no_time_in_worker = edit_dag(
    "no_time_in_worker", wait_for_completion=True, deferrable=False, timeout=0.3, **QUICK
)
no_time_deferred = edit_dag(
    "no_time_deferred", wait_for_completion=True, deferrable=True, timeout=0.3, **QUICK
)

"""Edits the pictures of a folder: in one Airflow task, and in one mapped Airflow task for each picture."""

from __future__ import annotations

from typing import Any

from airflow.providers.common.compat.sdk import DAG, task

from airflow_provider_phota.operators.phota import PhotaImageEditBatchOperator, PhotaImageEditOperator

PROMPT = "Put it on a white background"
FOLDER = "{{ dag_run.conf['folder'] }}"
DESTINATION = "{{ dag_run.conf['destination'] }}"

for _deferrable in (True, False):
    with DAG(f"bench_batch_{'deferred' if _deferrable else 'worker'}", schedule=None) as _dag:
        PhotaImageEditBatchOperator(
            task_id="edit",
            edits=FOLDER,
            prompt=PROMPT,
            destination=DESTINATION,
            in_flight=500,
            deferrable=_deferrable,
        )
    globals()[_dag.dag_id] = _dag

with DAG("bench_batch_mapped", schedule=None, max_active_tasks=1000) as mapped:

    @task
    def pictures(dag_run: Any = None) -> list[str]:
        return [f"{dag_run.conf['folder']}/{number:05d}.png" for number in range(dag_run.conf["edits"])]

    PhotaImageEditOperator.partial(
        task_id="edit",
        prompt=PROMPT,
        destination=DESTINATION,
        wait_for_completion=True,
        deferrable=True,
    ).expand(image_urls=pictures())

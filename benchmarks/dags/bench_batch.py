"""Edits the pictures of a folder: all in one Airflow task, which waits in two ways, or each in its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from airflow.providers.common.compat.sdk import DAG, task

from airflow_provider_phota.operators.phota import PhotaImageEditBatchOperator, PhotaImageEditOperator

PROMPT = "{{ dag_run.conf['prompt'] }}"
FOLDER = "{{ dag_run.conf['folder'] }}"
DESTINATION = "{{ dag_run.conf['destination'] }}"


def batch(name: str, **arguments: Any) -> DAG:
    with DAG(f"bench_batch_{name}", schedule=None) as dag:
        PhotaImageEditBatchOperator(
            task_id="edit", edits=FOLDER, prompt=PROMPT, destination=DESTINATION, in_flight=500, **arguments
        )
    return dag


staying = batch("staying", deferrable=False)
deferrable = batch("deferrable", deferrable=True)

with DAG("bench_mapped", schedule=None, max_active_tasks=1000) as mapped:

    @task
    def pictures(dag_run: Any = None) -> list[str]:
        folder = Path(dag_run.conf["folder"].removeprefix("file://"))
        return [f"file://{path}" for path in sorted(folder.iterdir())]

    PhotaImageEditOperator.partial(
        task_id="edit",
        prompt=PROMPT,
        destination=DESTINATION,
        wait_for_completion=True,
        deferrable=True,
    ).expand(image_urls=pictures())

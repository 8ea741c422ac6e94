"""DAGs whose pictures are looked at, driven by the run's conf."""

from __future__ import annotations

from typing import Any

from airflow.providers.common.compat.sdk import DAG, task

from airflow_provider_phota.operators.phota import PhotaImageEditBatchOperator, PhotaImageEditOperator
from airflow_provider_phota.sensors.phota import PhotaTaskSensor
from airflow_provider_phota.transfers.phota_to_object_storage import PhotaToObjectStorageOperator

ORDER: dict[str, Any] = {
    "image_urls": "{{ dag_run.conf['picture'] }}",
    "destination": "{{ dag_run.conf['destination'] }}",
    "num_outputs": "{{ dag_run.conf['num_outputs'] }}",
    "wait_for_completion": True,
    "deferrable": True,
    "poll_interval": 0.5,
}

with DAG("gallery_edit", schedule=None, render_template_as_native_obj=True) as edit:
    PhotaImageEditOperator(task_id="edit", prompt="{{ dag_run.conf['prompt'] }}", **ORDER)

with DAG("gallery_mapped", schedule=None, render_template_as_native_obj=True) as mapped:

    @task
    def prompts(dag_run=None) -> list[str]:
        return dag_run.conf["prompts"]

    PhotaImageEditOperator.partial(task_id="edit", **ORDER).expand(prompt=prompts())

with DAG("gallery_batch", schedule=None) as batch:
    PhotaImageEditBatchOperator(
        task_id="edit",
        edits="{{ dag_run.conf['edits'] }}",
        prompt="{{ dag_run.conf['prompt'] }}",
        destination="{{ dag_run.conf['destination'] }}",
        in_flight=100,
        max_failures=5,
    )

with DAG("gallery_land", schedule=None) as land:
    PhotaToObjectStorageOperator(
        task_id="land",
        result="{{ dag_run.conf['phota_task_id'] }}",
        destination="{{ dag_run.conf['destination'] }}",
    )

with DAG("gallery_three_tasks", schedule=None) as three_tasks:
    submit = PhotaImageEditOperator(
        task_id="submit", prompt="{{ dag_run.conf['prompt'] }}", image_urls="{{ dag_run.conf['picture'] }}"
    )
    wait = PhotaTaskSensor(task_id="wait", phota_task_id=submit.output, poke_interval=0.5)
    PhotaToObjectStorageOperator(
        task_id="land", result=wait.output, destination="{{ dag_run.conf['destination'] }}"
    )

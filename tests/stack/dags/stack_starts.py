"""Sensors that are to start in the triggerer, by every kind of phota_task_id."""

from __future__ import annotations

from typing import Any

from airflow.providers.common.compat.sdk import DAG, task

from airflow_provider_phota.operators.phota import PhotaImageEditOperator
from airflow_provider_phota.sensors.phota import PhotaTaskSensor

CONF: dict[str, Any] = {
    "prompt": "{{ dag_run.conf['prompt'] }}",
    "image_urls": "{{ dag_run.conf['image_url'] }}",
}
START: dict[str, Any] = {
    "task_id": "wait",
    "start_from_trigger": True,
    "poke_interval": 1.0,
    "timeout": 120.0,
}

with DAG("stack_start_output", schedule=None) as start_output:
    submit = PhotaImageEditOperator(task_id="submit", **CONF)
    PhotaTaskSensor(phota_task_id=submit.output, **START)

with DAG("stack_start_waited", schedule=None) as start_waited:
    waited = PhotaImageEditOperator(task_id="submit", wait_for_completion=True, poll_interval=0.5, **CONF)
    PhotaTaskSensor(phota_task_id=waited.output, **START)

with DAG("stack_start_template", schedule=None) as start_template:
    PhotaTaskSensor(phota_task_id="{{ dag_run.conf['phota_task_id'] }}", **START)

with DAG("stack_start_pull", schedule=None) as start_pull:
    submit = PhotaImageEditOperator(task_id="submit", **CONF)
    submit >> PhotaTaskSensor(phota_task_id="{{ ti.xcom_pull(task_ids='submit', map_indexes=-1) }}", **START)

with DAG("stack_start_text_of_output", schedule=None) as start_text_of_output:
    submit = PhotaImageEditOperator(task_id="submit", **CONF)
    submit >> PhotaTaskSensor(phota_task_id=str(submit.output), **START)

with DAG("stack_start_mapped", schedule=None) as start_mapped:

    @task
    def prompts(dag_run=None) -> list[str]:
        return [f"{dag_run.conf['prompt']} {number}" for number in range(2)]

    submit = PhotaImageEditOperator.partial(task_id="submit", image_urls=CONF["image_urls"]).expand(
        prompt=prompts()
    )
    PhotaTaskSensor.partial(**START).expand(phota_task_id=submit.output)

#: Of one run; a thousand are twenty runs, since every trigger carries its DAG and its run's conf.
WAITS = 50

with DAG("stack_start_many", schedule=None, max_active_tasks=2000, max_active_runs=100) as start_many:
    for number in range(WAITS):
        PhotaTaskSensor(
            task_id=f"wait_{number}",
            start_from_trigger=True,
            phota_task_id=f"{{{{ dag_run.conf['phota_task_ids'][{number}] }}}}",
        )

"""Waits for many PHOTA tasks, which the run's conf names. Each way to wait is a DAG."""

from __future__ import annotations

from typing import Any

from airflow.providers.common.compat.sdk import DAG, task

from airflow_provider_phota.operators.phota import PhotaImageEditOperator
from airflow_provider_phota.sensors.phota import PhotaTaskSensor

WAITS = 50
WAYS: dict[str, dict[str, Any]] = {
    "start_from_trigger": {"start_from_trigger": True},
    "deferrable": {"deferrable": True},
    "reschedule": {"mode": "reschedule", "poke_interval": 15.0},
}


def waits(way: str) -> DAG:
    with DAG(f"bench_{way}", schedule=None, max_active_tasks=1000) as dag:
        for number in range(WAITS):
            PhotaTaskSensor(
                task_id=f"wait_{number}",
                phota_task_id=f"{{{{ dag_run.conf['phota_task_ids'][{number}] }}}}",
                **WAYS[way],
            )
    return dag


for _way in WAYS:
    globals()[_way] = waits(_way)

with DAG("bench_in_flight", schedule=None, max_active_tasks=1000) as in_flight:

    @task
    def prompts(dag_run: Any = None) -> list[str]:
        return [f"{dag_run.conf['prompt']} {number}" for number in range(dag_run.conf["edits"])]

    PhotaImageEditOperator.partial(
        task_id="edit",
        image_urls="{{ dag_run.conf['image_url'] }}",
        wait_for_completion=True,
        deferrable=True,
    ).expand(prompt=prompts())

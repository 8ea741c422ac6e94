"""Orders that wait for long, land, fail and are mapped, of which the links are looked at."""

from __future__ import annotations

from typing import Any

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_phota.operators.phota import PhotaImageEditBatchOperator, PhotaImageEditOperator
from airflow_provider_phota.sensors.phota import PhotaTaskSensor

ORDER: dict[str, Any] = {
    "image_urls": "{{ dag_run.conf['picture'] }}",
    "wait_for_completion": True,
    "deferrable": True,
    "poll_interval": 1.0,
}

with DAG("stack_links", schedule=None) as links:
    PhotaImageEditOperator(task_id="lands", prompt="it lands", **ORDER)
    for name, prompt in {
        "lands_in_console": "it lands",
        "fails": "it fails for the sake of its links",
    }.items():
        PhotaImageEditOperator(task_id=name, prompt=prompt, phota_conn_id="phota_console", **ORDER)
    PhotaImageEditOperator.partial(task_id="mapped", phota_conn_id="phota_console", **ORDER).expand(
        prompt=["the first one", "it fails for the sake of its links"]
    )
    PhotaTaskSensor(
        task_id="sensor",
        phota_task_id="{{ dag_run.conf['phota_task_id'] }}",
        phota_conn_id="phota_console",
        deferrable=True,
        priority_weight=9,  # it begins before its PHOTA task is finished
        poke_interval=1.0,
    )
    PhotaImageEditBatchOperator(
        task_id="batch",
        edits="{{ dag_run.conf['inbox'] }}",
        prompt="of a batch",
        destination="{{ dag_run.conf['destination'] }}",
        deferrable=True,
        defer_after=2,
        priority_weight=8,
    )

"""Has a wait that `benchmarks.deferred_waits` copies; paused, so that no worker goes on with the copies."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_phota.sensors.phota import PhotaTaskSensor

with DAG("bench_waits", schedule=None, is_paused_upon_creation=True) as dag:
    PhotaTaskSensor(task_id="wait", phota_task_id="job-0", deferrable=True)

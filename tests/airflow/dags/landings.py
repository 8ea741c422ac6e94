"""A landing of the PHOTA task that the run's conf names."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_phota.sensors.phota import PhotaTaskSensor
from airflow_provider_phota.transfers.phota_to_object_storage import PhotaToObjectStorageOperator

with DAG("land_by_id", schedule=None) as land_by_id:
    wait = PhotaTaskSensor(
        task_id="wait", phota_task_id="{{ dag_run.conf['phota_task_id'] }}", poke_interval=0.1
    )
    PhotaToObjectStorageOperator(
        task_id="land", result=wait.output, destination="{{ dag_run.conf['destination'] }}"
    )

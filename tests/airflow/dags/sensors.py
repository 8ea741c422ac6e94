"""One sensor in every mode, for the PHOTA task the run's conf names."""

from __future__ import annotations

from typing import Any

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_phota.sensors.phota import PhotaTaskSensor

MODES: dict[str, dict[str, Any]] = {
    "poke": {"mode": "poke", "deferrable": False},
    "reschedule": {"mode": "reschedule", "deferrable": False},
    "deferred": {"deferrable": True},
}


def sensor_dag(dag_id: str, **arguments: Any) -> DAG:
    with DAG(dag_id, schedule=None) as dag:
        PhotaTaskSensor(
            task_id="wait",
            phota_task_id="{{ dag_run.conf['phota_task_id'] }}",
            **{"poke_interval": 0.1, **arguments},
        )
    return dag


for name, how in MODES.items():
    globals()[name] = sensor_dag(f"sensor_{name}", **how)
    globals()[f"{name}_soft"] = sensor_dag(f"sensor_{name}_soft", soft_fail=True, **how)
    globals()[f"{name}_impatient"] = sensor_dag(
        f"sensor_{name}_impatient", max_unreachable=1.0, timeout=600.0, **how
    )
    globals()[f"{name}_short"] = sensor_dag(f"sensor_{name}_short", timeout=0.5, **how)

"""Orders that functions return, driven by the run's conf."""

from __future__ import annotations

from datetime import timedelta

from airflow.providers.common.compat.sdk import DAG, task

with DAG("stack_decorated", schedule=None):

    @task
    def places(dag_run=None) -> list[str]:
        return [f"{dag_run.conf['prompt']} {number}" for number in range(2)]

    @task.phota_edit(
        wait_for_completion=True,
        deferrable=True,
        poll_interval=0.5,
        max_unreachable=0.2,  # an outage ends an attempt at once
        retries=6,
        retry_delay=timedelta(seconds=1),
    )
    def order(place: str, dag_run=None) -> dict[str, object]:
        return {"prompt": f"a {place}", "image_urls": dag_run.conf["image_url"], "num_outputs": 2}

    order.expand(place=places())

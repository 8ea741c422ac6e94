"""An edit in a loop: several instances with one task ID and map index. Airflow 3.4 and later know loops."""

from __future__ import annotations

from importlib.metadata import version

from airflow.providers.common.compat.sdk import DAG
from packaging.version import Version

from airflow_provider_phota.operators.phota import PhotaImageEditOperator

if Version(version("apache-airflow")).release >= (3, 4):
    from airflow.sdk import task_group

    with DAG("edit_in_a_loop", schedule=None) as edit_in_a_loop:

        @task_group
        def body() -> None:
            common = {"image_urls": "{{ dag_run.conf['image_urls'] }}"}
            one = PhotaImageEditOperator(task_id="one", prompt="a beach", **common)
            many = PhotaImageEditOperator.partial(task_id="many", **common).expand(prompt=["a lake", "a sea"])
            one >> many

        body.loop(max_iterations=2)

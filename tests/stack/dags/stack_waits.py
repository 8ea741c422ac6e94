"""DAGs for the real Airflow, driven by the run's conf."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.providers.common.compat.sdk import DAG, Asset, AssetAlias, task

from airflow_provider_phota.operators.phota import PhotaImageEditOperator
from airflow_provider_phota.sensors.phota import PhotaTaskSensor
from airflow_provider_phota.transfers.phota_to_object_storage import PhotaToObjectStorageOperator

CONF = {"prompt": "{{ dag_run.conf['prompt'] }}", "image_urls": "{{ dag_run.conf['image_url'] }}"}

with DAG("stack_submit_and_wait", schedule=None) as submit_and_wait:
    submit = PhotaImageEditOperator(task_id="submit", **CONF)
    PhotaTaskSensor(task_id="wait", phota_task_id=submit.output, deferrable=True, poke_interval=1.0)

with DAG("stack_bystander", schedule=None) as bystander:

    @task
    def work() -> str:
        return "worked"

    work()

with DAG("stack_quick_edits", schedule=None, max_active_tasks=100) as quick_edits:

    @task
    def prompts(dag_run=None) -> list[str]:
        return [f"{dag_run.conf['prompt']} {number}" for number in range(dag_run.conf["edits"])]

    PhotaImageEditOperator.partial(
        task_id="edit",
        image_urls=CONF["image_urls"],
        phota_conn_id="phota_quick",
        wait_for_completion=True,
        deferrable=True,
        retries=2,
    ).expand(prompt=prompts())

with DAG("stack_many_edits", schedule=None, max_active_tasks=500) as many_edits:

    @task
    def many_prompts(dag_run=None) -> list[str]:
        return [f"{dag_run.conf['prompt']} {number}" for number in range(dag_run.conf["edits"])]

    edit = PhotaImageEditOperator.partial(
        task_id="edit",
        image_urls=CONF["image_urls"],
        wait_for_completion=True,
        deferrable=True,
    ).expand(prompt=many_prompts())
    PhotaToObjectStorageOperator.partial(
        task_id="land", destination="{{ dag_run.conf['destination'] }}"
    ).expand(result=edit.output)

with DAG("stack_failing_trigger", schedule=None) as failing_trigger:
    PhotaTaskSensor(
        task_id="wait",
        phota_task_id="{{ dag_run.conf['phota_task_id'] }}",
        deferrable=True,
        poke_interval=1.0,
        max_unreachable=10.0,
    )

with DAG("stack_malformed_key", schedule=None) as malformed_key:
    PhotaImageEditOperator(task_id="edit", phota_conn_id="phota_malformed", **CONF)

EDITS = Asset("stack_edits")

with DAG("stack_land", schedule=None) as land:
    PhotaImageEditOperator(
        task_id="edit",
        prompt=CONF["prompt"],
        image_urls="{{ dag_run.conf['picture'] }}",
        num_outputs=2,
        wait_for_completion=True,
        deferrable=True,
        poll_interval=1.0,
        destination="{{ dag_run.conf['destination'] }}",
        retries=1,
        retry_delay=timedelta(seconds=1),
        outlets=[EDITS, AssetAlias("stack_edit_files")],
    )

# Airflow 2 wants a date of every DAG with a schedule
with DAG("stack_landed", schedule=[EDITS], start_date=datetime(2026, 1, 1, tzinfo=UTC)) as landed:

    @task
    def paths(triggering_asset_events=None) -> list[str]:
        events = [event for of_asset in triggering_asset_events.values() for event in of_asset]
        return sorted(file["path"] for event in events for file in event.extra["files"])

    paths()

with DAG("stack_out_of_time", schedule=None) as out_of_time:
    in_time = {"execution_timeout": timedelta(seconds=12), "poke_interval": 1.0}
    edit_of_hours = PhotaImageEditOperator(
        task_id="edit",
        wait_for_completion=True,
        deferrable=True,
        execution_timeout=timedelta(seconds=12),
        **CONF,
    )
    for name, how in {"deferred": {"deferrable": True}, "started": {"start_from_trigger": True}}.items():
        PhotaTaskSensor(task_id=name, phota_task_id="{{ dag_run.conf['phota_task_id'] }}", **how, **in_time)

with DAG("stack_untrusted", schedule=None) as untrusted:
    PhotaTaskSensor(
        task_id="wait",
        phota_conn_id="phota_untrusted",
        phota_task_id="{{ dag_run.conf['phota_task_id'] }}",
        deferrable=True,
        poke_interval=1.0,
    )

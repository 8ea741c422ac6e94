"""DAGs with native rendering, and texts that it would change; and a waiting operator's dict handed on."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_phota.operators.phota import PhotaImageEditOperator
from airflow_provider_phota.sensors.phota import PhotaTaskSensor

PICTURE = "{{ dag_run.conf['image_urls'] }}"


def native_dag(name: str, **arguments: object) -> DAG:
    with DAG(f"as_written_{name}", schedule=None, render_template_as_native_obj=True) as dag:
        PhotaImageEditOperator(task_id="edit", image_urls=PICTURE, **arguments)
    return dag


quoted = native_dag("quoted", prompt="'a neon sign'", profile_ids=["12", "'p'"], edition="7", resolution="4K")
number = native_dag("number", prompt="2024", profile_ids=("12", "'p'"), edition="1e5")
template = native_dag("template", prompt="{{ dag_run.conf['prompt'] }}")
quoting = native_dag("quoting", prompt="{{ '%r' | format(dag_run.conf['prompt']) }}")

with DAG("as_written_mapped", schedule=None, render_template_as_native_obj=True) as mapped:
    PhotaImageEditOperator.partial(task_id="edit", image_urls=PICTURE).expand(
        prompt=["'a neon sign'", "2024"]
    )

with DAG("as_written_mapped_wrong", schedule=None) as mapped_wrong:
    PhotaImageEditOperator.partial(task_id="edit", image_urls=PICTURE, prompt="a", retries=3).expand(
        resolution=["2K"]
    )


def waiting_edit() -> PhotaImageEditOperator:
    return PhotaImageEditOperator(
        task_id="edit", prompt="a", image_urls=PICTURE, wait_for_completion=True, poll_interval=0.1
    )


with DAG("dict_to_sensor", schedule=None) as dict_to_sensor:
    PhotaTaskSensor(task_id="wait", phota_task_id=waiting_edit().output, poke_interval=0.1)

with DAG("dict_to_deferred_sensor", schedule=None) as dict_to_deferred_sensor:
    PhotaTaskSensor(task_id="wait", phota_task_id=waiting_edit().output, poke_interval=0.1, deferrable=True)

with DAG("dict_to_everything", schedule=None) as dict_to_everything:
    adopted = PhotaImageEditOperator(
        task_id="again", prompt="a", image_urls=PICTURE, adopt_phota_task_id=waiting_edit().output
    )
    PhotaTaskSensor(task_id="wait", phota_task_id=adopted.output, poke_interval=0.1, start_from_trigger=True)

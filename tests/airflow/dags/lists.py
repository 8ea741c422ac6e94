"""DAGs whose edits take the outputs of several tasks."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_phota.operators.phota import PhotaImageEditOperator
from airflow_provider_phota.transfers.object_storage_to_phota import ObjectStorageToPhotaOperator


def published(name: str) -> ObjectStorageToPhotaOperator:
    return ObjectStorageToPhotaOperator(task_id=name, path=f"{{{{ dag_run.conf['{name}'] }}}}")


with DAG("two_publishers", schedule=None) as two_publishers:
    PhotaImageEditOperator(
        task_id="edit", prompt="a collage", image_urls=[published("a").output, published("b").output]
    )

with DAG("mapped_publisher", schedule=None, render_template_as_native_obj=True) as mapped_publisher:
    publish = ObjectStorageToPhotaOperator.partial(task_id="publish").expand(
        path=["{{ dag_run.conf['a'] }}", "{{ dag_run.conf['b'] }}"]
    )
    PhotaImageEditOperator(task_id="edit", prompt="a collage", image_urls=publish.output)

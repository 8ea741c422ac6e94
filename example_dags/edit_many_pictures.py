"""One edit for each of many pictures, by dynamic task mapping: each is submitted, waited for and landed."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, Param, task

from airflow_provider_phota.operators.phota import PhotaImageEditOperator
from airflow_provider_phota.transfers.phota_to_object_storage import PhotaToObjectStorageOperator

with DAG(
    "phota_edit_many_pictures",
    description="Edit a list of pictures with PHOTA, one mapped task each",
    schedule=None,
    tags=["phota"],
    params={
        "image_urls": Param(
            ["https://example.com/portrait.jpg", "https://example.com/garden.jpg"],
            type="array",
            items={"type": "string"},
        ),
        "prompt": Param("Remove the background", type="string"),
        "destination": Param("file:///tmp/phota", type="string", description="An object-storage directory"),
    },
) as dag:

    @task
    def pictures(params: dict) -> list[str]:
        """The pictures to edit; in a pipeline of your own, list a bucket here."""
        return list(params["image_urls"])

    edit = PhotaImageEditOperator.partial(
        task_id="edit",
        prompt="{{ params.prompt }}",
        wait_for_completion=True,
        deferrable=True,
    ).expand(image_urls=pictures())

    PhotaToObjectStorageOperator.partial(task_id="land", destination="{{ params.destination }}").expand(
        result=edit.output
    )

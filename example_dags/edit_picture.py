"""Edit a picture in one task, which waits without a worker slot, and use what has landed."""

from __future__ import annotations

from pathlib import Path

from airflow.providers.common.compat.sdk import DAG, ObjectStoragePath, Param, task

from airflow_provider_phota.operators.phota import PhotaImageEditOperator

PICTURE = Path(__file__).parent / "pictures" / "mountain-lake.jpg"

with DAG(
    "phota_edit_picture",
    description="Edit a picture with PHOTA, land the result, use it",
    schedule=None,
    tags=["phota"],
    params={
        "picture": Param(f"file://{PICTURE}", type="string", description="An object-storage path, or a URL"),
        "prompt": Param("Make it golden hour, with long warm light", type="string"),
        "destination": Param("file:///tmp/phota", type="string", description="An object-storage directory"),
    },
) as dag:
    edit = PhotaImageEditOperator(
        task_id="edit",
        prompt="{{ params.prompt }}",
        image_urls="{{ params.picture }}",
        wait_for_completion=True,
        deferrable=True,
        destination="{{ params.destination }}",
    )

    @task
    def use(result: dict) -> dict[str, int]:
        """Any task of yours: the paths open wherever Airflow's object storage reaches."""
        return {file["path"]: ObjectStoragePath(file["path"]).stat().st_size for file in result["files"]}

    use(edit.output)

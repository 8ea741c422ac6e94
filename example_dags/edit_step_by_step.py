"""Edit a local picture with a task for each step: upload, submit, wait without a worker slot, land, use."""

from __future__ import annotations

from pathlib import Path

from airflow.providers.common.compat.sdk import DAG, ObjectStoragePath, Param, task

from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.operators.phota import PhotaImageEditOperator
from airflow_provider_phota.sensors.phota import PhotaTaskSensor
from airflow_provider_phota.transfers.phota_to_object_storage import PhotaToObjectStorageOperator

PICTURE = Path(__file__).parent / "pictures" / "mountain-lake.jpg"

with DAG(
    "phota_edit_step_by_step",
    description="Edit a picture with a task for each step",
    schedule=None,
    tags=["phota"],
    params={
        "picture": Param(str(PICTURE), type="string", description="A local picture"),
        "prompt": Param("Make it golden hour, with long warm light", type="string"),
        "destination": Param("file:///tmp/phota", type="string", description="An object-storage directory"),
    },
) as dag:

    @task
    def upload(picture: str) -> str:
        """Bring the picture where the service can read it; free, and the URL lives 72 hours."""
        return PhotaHook().upload_file(picture)

    submit = PhotaImageEditOperator(
        task_id="submit",
        prompt="{{ params.prompt }}",
        image_urls=upload("{{ params.picture }}"),
    )
    wait = PhotaTaskSensor(task_id="wait", phota_task_id=submit.output, deferrable=True)
    land = PhotaToObjectStorageOperator(
        task_id="land", result=wait.output, destination="{{ params.destination }}"
    )

    @task
    def use(files: list[dict]) -> dict[str, int]:
        """Any task of yours: the paths open wherever Airflow's object storage reaches."""
        return {file["path"]: ObjectStoragePath(file["path"]).stat().st_size for file in files}

    use(land.output)

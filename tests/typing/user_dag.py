"""A user's DAGs, for type checkers: a line with `# wrong` at its end must be reported, no other line may be."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, ObjectStoragePath, task

from airflow_provider_phota.api.types import PhotaFile, PhotaResult, Template
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.operators.phota import (
    PhotaImageEditBatchOperator,
    PhotaImageEditOperator,
    PhotaImageEnhanceBatchOperator,
    PhotaImageGenerateBatchOperator,
)
from airflow_provider_phota.sensors.phota import PhotaTaskSensor
from airflow_provider_phota.transfers.object_storage_to_phota import ObjectStorageToPhotaOperator
from airflow_provider_phota.transfers.phota_to_object_storage import PhotaToObjectStorageOperator

PICTURE = "https://example.com/portrait.jpg"


@task
def pictures() -> list[str]:
    return [PICTURE]


def described(result: PhotaResult) -> str:
    files: list[PhotaFile] = result.get("files", [])
    size: int = files[0]["bytes"]
    url: str = result["images"][0]["url"]
    usd: float | None = result["cost"]["usd"]
    text: int = result["status"]  # wrong
    gone = result["pictures"]  # wrong
    return f"{result['phota_task_id']} {size} {url} {usd} {text} {gone}"


with DAG("good", schedule=None):
    publish = ObjectStorageToPhotaOperator(
        task_id="publish", path=["s3://bucket/a.jpg", pictures()], publish="upload"
    )
    edit = PhotaImageEditOperator(task_id="edit", prompt="a beach", image_urls=pictures(), resolution="4K")
    several = PhotaImageEditOperator(
        task_id="several",
        prompt=publish.output,
        image_urls=[publish.output, ObjectStoragePath("s3://bucket/b.jpg"), PICTURE],
        num_outputs=publish.output,
        resolution=publish.output,
        profile_ids=["p-1"],
        publish="presign",
        destination="s3://bucket/edits",
        filename="{phota_task_id}-{index}",
        if_exists="overwrite",
        wait_for_completion=True,
        deferrable=True,
        poll_interval=(2, 30),
        on_ambiguous="resubmit",
        edition=publish.output,
        adopt_phota_task_id=edit.output,
    )
    templates = PhotaImageEditOperator(
        task_id="templates",
        prompt="{{ params.prompt }}",
        image_urls="{{ params.picture }}",
        num_outputs=Template("{{ params.n }}"),
        resolution=Template("{{ params.size }}"),
    )
    wait = PhotaTaskSensor(
        task_id="wait", phota_task_id=edit.output, if_exists="fail", destination="s3://b/e"
    )
    land = PhotaToObjectStorageOperator(task_id="land", result=wait.output, destination=publish.output)
    batch = PhotaImageEditBatchOperator(
        task_id="batch",
        edits="s3://bucket/inbox/*.jpg",
        prompt="Make {stem} shine",
        destination="s3://bucket/edited",
        num_outputs=Template("{{ params.n }}"),
        max_failures="5%",
        if_exists="skip",
        filename="{key}-{phota_task_id}",
        duplicates="pay",
        redo=["a.jpg"],
        adopt={"b.jpg": "task-1"},
        deferrable=True,
        defer_after=120,
        profile_ids=publish.output,
    )
    PhotaImageEditBatchOperator(
        task_id="listed",
        edits=[PICTURE, {"image_urls": [PICTURE], "prompt": "a", "num_outputs": 2}],
        destination=ObjectStoragePath("s3://bucket/edited"),
    )
    PhotaImageEditBatchOperator(task_id="listing", edits=pictures(), destination=publish.output)
    PhotaImageGenerateBatchOperator(
        task_id="new",
        orders=["a beach", {"prompt": "a [[anna]]", "aspect_ratio": "16:9"}],
        destination="s3://bucket/new",
        profiles={"anna": edit.output},
        skip_existing=True,
    )
    PhotaImageEnhanceBatchOperator(
        task_id="enhanced", orders=batch.output, destination="s3://bucket/enhanced", creativity=0.5
    )
    PhotaImageEditOperator.partial(task_id="mapped", prompt="a").expand(image_urls=pictures())

with DAG("bad", schedule=None):
    PhotaImageEditOperator(task_id="b1", prompt="a", image_urls=PICTURE, resolution="2K")  # wrong
    PhotaImageEditOperator(task_id="b2", prompt="a", image_urls=PICTURE, num_outputs="2")  # wrong
    PhotaImageEditOperator(task_id="b3", prompt="a", image_urls=PICTURE, publish="sign")  # wrong
    PhotaImageEditOperator(task_id="b4", prompt="a", image_urls=PICTURE, if_exists="keep")  # wrong
    PhotaImageEditOperator(task_id="b5", prompt="a", image_urls=PICTURE, on_ambiguous="retry")  # wrong
    PhotaImageEditOperator(task_id="b6", prompt="a", image_urls=PICTURE, on_missing="retry")  # wrong
    PhotaImageEditOperator(task_id="b7", prompt="a", image_urls=PICTURE, on_expired="retry")  # wrong
    PhotaImageEditOperator(task_id="b8", prompt=7, image_urls=PICTURE)  # wrong
    PhotaImageEditOperator(task_id="b9", prompt="a", image_urls=[7])  # wrong
    PhotaImageEditOperator(task_id="b10", prompt="a", image_urls=PICTURE, phota_conn_id=edit.output)  # wrong
    PhotaTaskSensor(task_id="b11", phota_task_id=7)  # wrong
    PhotaTaskSensor(task_id="b12", phota_task_id=edit.output, if_exists="keep")  # wrong
    PhotaToObjectStorageOperator(task_id="b13", result=["task-1"], destination="s3://b/e")  # wrong
    PhotaToObjectStorageOperator(task_id="b14", result="task-1", destination=7)  # wrong
    ObjectStorageToPhotaOperator(task_id="b15", path=7)  # wrong
    ObjectStorageToPhotaOperator(task_id="b16", path="s3://b/a.jpg", publish="sign")  # wrong
    PhotaHook().submit_edit("a", PICTURE, resolution="2K")  # wrong
    PhotaImageEditBatchOperator(task_id="b17", edits=PICTURE)  # wrong
    PhotaImageEditBatchOperator(task_id="b18", edits=7, destination="s3://b/e")  # wrong
    PhotaImageEditBatchOperator(task_id="b19", edits=[7], destination="s3://b/e")  # wrong
    PhotaImageEditBatchOperator(
        task_id="b20",
        edits="s3://b/i",
        destination="s3://b/e",
        in_flight="9",  # wrong
    )
    PhotaImageEditBatchOperator(
        task_id="b21",
        edits="s3://b/i",
        destination="s3://b/e",
        duplicates="x",  # wrong
    )
    PhotaImageGenerateBatchOperator(
        task_id="b22",
        orders=[],
        destination="s3://b/e",
        aspect_ratio="16:10",  # wrong
    )
    PhotaImageEnhanceBatchOperator(
        task_id="b23",
        orders=[],
        destination="s3://b/e",
        creativity="0.5",  # wrong
    )


with DAG("decorated", schedule=None):

    @task.phota_edit(image_urls=PICTURE, wait_for_completion=True)
    def prompt_of(place: str) -> str:
        return f"a {place}"

    @task.phota_edit
    def whole_order() -> dict[str, object]:
        return {"prompt": "a beach", "image_urls": PICTURE}

    prompt_of("beach")
    prompt_of.expand(place=["beach", "forest"])
    prompt_of.override(task_id="renamed")("forest")
    whole_order()

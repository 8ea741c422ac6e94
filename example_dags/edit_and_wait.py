"""One task that submits an edit, waits for it without a worker slot and returns the finished PHOTA task."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import DAG, Param, task

from airflow_provider_phota.operators.phota import PhotaImageEditOperator

with DAG(
    "phota_edit_and_wait",
    description="Submit an edit and wait for it, in one task",
    schedule=None,
    tags=["phota"],
    params={
        "image_url": Param("https://example.com/portrait.jpg", type="string"),
        "prompt": Param("Change the background to a tropical beach at sunset", type="string"),
    },
) as dag:
    edit = PhotaImageEditOperator(
        task_id="edit",
        prompt="{{ params.prompt }}",
        image_urls="{{ params.image_url }}",
        wait_for_completion=True,
        deferrable=True,
    )

    @task
    def report(result: dict) -> str:
        """The result is a plain dict; its URLs can be read by anyone who has them, for 24 hours."""
        return (
            f"{len(result['images'])} picture(s) of {result['phota_task_id']}, until {result['expires_at']}"
        )

    report(edit.output)

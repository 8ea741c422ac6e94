"""Edit the pictures of a folder that were not edited before, and let another DAG run when there are some."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pendulum
from airflow.providers.common.compat.sdk import DAG, Asset, ObjectStoragePath, Param, task

from airflow_provider_phota.operators.phota import PhotaImageEditOperator

EDITS = Asset("phota_edits")

with DAG(
    "phota_asset_pipeline",
    description="Edit what is new in a folder, and announce it",
    schedule=None,
    tags=["phota"],
    params={
        "inbox": Param(f"file://{Path(__file__).parent / 'pictures'}", type="string"),
        "prompt": Param("Make it golden hour, with long warm light", type="string"),
        "destination": Param("file:///tmp/phota-edits", type="string"),
    },
) as pipeline:

    @task
    def pictures(params: Any = None) -> list[str]:
        """Paths: those that were edited before, with the same prompt, cost nothing."""
        inbox = ObjectStoragePath(params["inbox"])
        return sorted(str(path) for path in inbox.iterdir() if path.suffix in (".jpg", ".png"))

    PhotaImageEditOperator.partial(
        task_id="edit",
        prompt="{{ params.prompt }}",
        wait_for_completion=True,
        deferrable=True,
        destination="{{ params.destination }}",
        skip_existing_edits=True,
        outlets=[EDITS],
    ).expand(image_urls=pictures())

with DAG(
    "phota_asset_consumer",
    description="Runs after pictures were edited",
    schedule=[EDITS],
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    tags=["phota"],
) as consumer:

    @task
    def gallery(triggering_asset_events: Any = None) -> list[str]:
        """The paths of all pictures that were edited since the last run, or were found edited."""
        events = [event for of_asset in (triggering_asset_events or {}).values() for event in of_asset]
        return sorted(file["path"] for event in events for file in event.extra.get("files", []))

    gallery()

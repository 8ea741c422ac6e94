"""Make three versions of a picture, let a person pick one of them, and publish it (Airflow 3.1 and later)."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from airflow.providers.common.compat.sdk import DAG, Param, task

from airflow_provider_phota.operators.phota import PhotaImageEditOperator
from airflow_provider_phota.operators.review import PhotaReviewOperator

log = logging.getLogger(__name__)

PICTURE = Path(__file__).parent / "pictures" / "mountain-lake.jpg"

with DAG(
    "phota_review_pictures",
    description="Edit a picture with PHOTA, and let a person pick what is published",
    schedule=None,
    tags=["phota"],
    params={
        "picture": Param(f"file://{PICTURE}", type="string", description="An object-storage path, or a URL"),
        "prompt": Param("Make it golden hour, with long warm light", type="string"),
        "destination": Param("file:///tmp/phota/edits", type="string", description="Where pictures land"),
        "live": Param("file:///tmp/phota/live", type="string", description="Where a chosen one is published"),
    },
) as dag:
    edit = PhotaImageEditOperator(
        task_id="edit",
        prompt="{{ params.prompt }}",
        image_urls="{{ params.picture }}",
        num_outputs=3,
        wait_for_completion=True,
        deferrable=True,
        destination="{{ params.destination }}",
    )
    review = PhotaReviewOperator(
        task_id="review",
        results=edit.output,
        choose="pick_one",
        publish_to="{{ params.live }}",
    )

    @task
    def announce(decided: dict[str, Any]) -> None:
        """Runs if somebody has picked a picture, and is skipped otherwise."""
        [picture] = decided["published"]
        who = decided["decided_by"]["name"]
        log.info("%s has chosen %s (%s bytes)", who, picture["path"], picture["bytes"])

    announce(review.output)

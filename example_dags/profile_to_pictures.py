"""Photos of a person become a profile, and with it an edit and a new picture of that person."""

from __future__ import annotations

import os
from pathlib import Path

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_phota.operators.phota import (
    PhotaCreateProfileOperator,
    PhotaImageEditOperator,
    PhotaImageGenerateOperator,
)

PICTURES = Path(__file__).parent / "pictures"
# A directory or bucket that exists, such as s3://my-bucket/phota-profiles. With it the profile of the same
# photos is found again in every run; without it each run pays for another one.
PROFILES = os.environ.get("PHOTA_PROFILES_PATH")

with DAG(
    "phota_profile_to_pictures",
    description="A profile of a person, and two pictures with it",
    schedule=None,
    tags=["phota"],
    params={
        "photos": Param(f"file://{PICTURES}", type="string", description="A folder with photos of a person"),
        "picture": Param(f"file://{PICTURES / 'mountain-lake.jpg'}", type="string"),
        "destination": Param("file:///tmp/phota-people", type="string"),
    },
    default_args={"wait_for_completion": True, "deferrable": True},
) as dag:
    anna = PhotaCreateProfileOperator(task_id="anna", photos="{{ params.photos }}", profiles_path=PROFILES)
    PhotaImageEditOperator(
        task_id="edit",
        prompt="Change the background to a tropical beach at sunset",
        image_urls="{{ params.picture }}",
        profile_ids=anna.output,
        destination="{{ params.destination }}",
    )
    PhotaImageGenerateOperator(
        task_id="generate",
        prompt="[[anna]] on a beach",
        profiles={"anna": anna.output},
        aspect_ratio="3:2",
        destination="{{ params.destination }}",
    )

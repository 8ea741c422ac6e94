"""Photos of a person become a profile, and with it an edit and a new picture of that person."""

from __future__ import annotations

from pathlib import Path

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_phota.operators.phota import (
    PhotaCreateProfileOperator,
    PhotaImageEditOperator,
    PhotaImageGenerateOperator,
)

PICTURES = Path(__file__).parent / "pictures"
LANDED = {"wait_for_completion": True, "deferrable": True, "destination": "{{ params.destination }}"}

with DAG(
    "phota_profile_to_pictures",
    description="A profile of a person, and two pictures with it",
    schedule=None,
    tags=["phota"],
    params={
        "photos": Param(f"file://{PICTURES}", type="string", description="a folder with photos of a person"),
        "portrait": Param(f"file://{PICTURES / 'mountain-lake.jpg'}", type="string"),
        "destination": Param("file:///tmp/phota-profiles", type="string"),
    },
) as dag:
    anna = PhotaCreateProfileOperator(task_id="anna", photos="{{ params.photos }}", deferrable=True)
    PhotaImageEditOperator(
        task_id="edit",
        prompt="Change the background to a tropical beach at sunset",
        image_urls="{{ params.portrait }}",
        profile_ids=anna.output,
        **LANDED,
    )
    PhotaImageGenerateOperator(
        task_id="generate",
        prompt="[[anna]] reading a book in a hammock",
        profiles={"anna": anna.output},
        aspect_ratio="3:2",
        **LANDED,
    )

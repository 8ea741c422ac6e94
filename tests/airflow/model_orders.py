"""An order of each of the four models, for tests that hold for all of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from airflow_runs import TaskInstance

from airflow_provider_phota.operators.phota import (
    PhotaCreateProfileOperator,
    PhotaImageEditOperator,
    PhotaImageEnhanceOperator,
    PhotaImageGenerateOperator,
)

SUBMIT = "POST /v1/images/generations"
UPLOADS = "POST /v1/files/upload/stream"


@dataclass(frozen=True)
class Model:
    """One of the four models, and an order of it.

    Attributes:
        files: the argument that names its files; a folder of photos for a profile, and else a picture.
        skip: the argument by which it skips what has landed before.
    """

    name: str
    operator: type
    files: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)
    skip: str = "skip_existing"

    def order(self, picture: Path, **more: Any) -> Any:
        """Returns the operator with an order of that picture."""
        named = f"file://{picture.parent}/" if self.files == "photos" else f"file://{picture}"
        given = {self.files: named} if self.files else {}
        how = {"wait_for_completion": True, "poll_interval": 0.05, **self.arguments, **given, **more}
        return self.operator(task_id="order", **how)

    def is_result(self, result: Any, phota_task_id: str) -> bool:
        if self.files == "photos":
            return isinstance(result, str) and result.startswith("profile_")
        return (result["phota_task_id"], result["model"], len(result["images"])) == (
            phota_task_id,
            self.name,
            1,
        )


EDIT = Model("phota-image-edit", PhotaImageEditOperator, "image_urls", {"prompt": "a"}, "skip_existing_edits")
GENERATE = Model("phota-image", PhotaImageGenerateOperator, "", {"prompt": "a"})
ENHANCE = Model("phota-image-enhance", PhotaImageEnhanceOperator, "image_url")
PROFILE = Model("phota-create-profile", PhotaCreateProfileOperator, "photos")
MODELS = [EDIT, GENERATE, ENHANCE, PROFILE]
IMAGES = [EDIT, GENERATE, ENHANCE]
every_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
every_image_model = pytest.mark.parametrize("model", IMAGES, ids=lambda model: model.name)


def context(**more: Any) -> dict[str, Any]:
    return {"ti": TaskInstance(), **more}

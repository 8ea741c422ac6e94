"""Bring the results of a PHOTA task to object storage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseOperator, ObjectStoragePath

from airflow_provider_phota.api.edits import checked_task_id
from airflow_provider_phota.api.errors import PhotaInputError, PhotaResultsExpired, PhotaResultsMissing
from airflow_provider_phota.api.models import Image
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.storage.landing import land
from airflow_provider_phota.waiting import airflow_retries, result_of

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context


class PhotaToObjectStorageOperator(BaseOperator):
    """Streams every picture of a finished PHOTA task to a directory, as `{phota_task_id}-{index}.{ext}`.

    Returns the written paths. Free, so it may be retried while the results live (24 hours).

    Args:
        result: what `PhotaTaskSensor` or a waiting `PhotaImageEditOperator` returned; or a PHOTA task ID, and
            fresh URLs are asked for (templated).
        destination: an object-storage directory, as a URL (`file://`, `s3://`, ...) (templated).
        phota_conn_id: the Airflow connection.

    Raises:
        AirflowFailException: an argument is wrong, or the results are gone.
        PhotaLandingError: a picture did not arrive whole or could not be written; a retry may heal it.
    """

    template_fields: Sequence[str] = ("result", "destination")
    ui_color = "#e6f2ff"

    def __init__(
        self,
        *,
        result: dict[str, Any] | str,
        destination: str | ObjectStoragePath,
        phota_conn_id: str = PhotaHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.result = result
        self.destination = destination
        self.phota_conn_id = phota_conn_id

    def execute(self, context: Context) -> list[str]:  # noqa: ARG002  # Airflow's signature
        with airflow_retries():
            directory = _checked_directory(self.destination)
            phota_task_id, images = self._results()
            try:
                paths = self._land(phota_task_id, images, directory)
            except PhotaResultsExpired:
                # the URLs may be older than the task's results: the service is asked for fresh ones, once
                paths = self._land(phota_task_id, self._fresh_images(phota_task_id), directory)
        self.log.info("Landed PHOTA task %s: %s", phota_task_id, paths)
        return paths

    def _results(self) -> tuple[str, Sequence[Image]]:
        if isinstance(self.result, dict):
            return _from_dict(self.result)
        phota_task_id = checked_task_id(self.result, "result")
        return phota_task_id, self._fresh_images(phota_task_id)

    def _fresh_images(self, phota_task_id: str) -> Sequence[Image]:
        task = PhotaHook(self.phota_conn_id).get_task(phota_task_id)
        if task.is_finished:
            result_of(task)
            return task.images
        raise PhotaResultsMissing(
            f"PHOTA task {phota_task_id} is {task.status_word} and shows no results yet: wait for it with "
            "PhotaTaskSensor first.",
            phota_task_id,
        )

    def _land(self, phota_task_id: str, images: Sequence[Image], directory: ObjectStoragePath) -> list[str]:
        return land(phota_task_id, images, directory, PhotaHook(self.phota_conn_id).settings)


def _from_dict(result: dict[str, Any]) -> tuple[str, Sequence[Image]]:
    images = result.get("images")
    if not isinstance(images, list) or not all(
        isinstance(i, dict) and isinstance(i.get("url"), str) for i in images
    ):
        raise PhotaInputError(
            "result", "has no list of images, each with a url: pass what the sensor returned."
        )
    if not images:
        raise PhotaInputError("result", "has no pictures to land.")
    phota_task_id = checked_task_id(result.get("phota_task_id"), "result['phota_task_id']")
    return phota_task_id, [Image(image["url"], image.get("content_type")) for image in images]


def _checked_directory(destination: object) -> ObjectStoragePath:
    text = str(destination)
    if not isinstance(destination, ObjectStoragePath) and not (
        isinstance(destination, str) and "://" in text
    ):
        raise PhotaInputError(
            "destination",
            f"must be an object-storage URL such as file:///data or s3://bucket/key, got {text!r}.",
        )
    if ".." in text.split("/"):
        raise PhotaInputError("destination", f"leads upwards with '..': {text!r}.")
    try:
        path = ObjectStoragePath(text) if isinstance(destination, str) else destination
        _ = path.fs
    except (ValueError, ImportError) as error:
        raise PhotaInputError(
            "destination", f"{text!r} cannot be opened ({error}). Is the provider of that store installed?"
        ) from None
    return path

"""Brings the results of a PHOTA task to object storage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_phota.api.parsing import check_conn_id, check_flags
from airflow_provider_phota.api.task_ids import checked_task_id
from airflow_provider_phota.api.types import IfFileExists, PhotaFile, PhotaResult
from airflow_provider_phota.api.written import Written
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.links.early import push_links
from airflow_provider_phota.links.phota import PICTURES_AND_TASK
from airflow_provider_phota.results.delivery import Delivery
from airflow_provider_phota.results.landing import MAX_BYTES, manifest
from airflow_provider_phota.results.names import Names
from airflow_provider_phota.results.options import LandingOptions
from airflow_provider_phota.results.result import ResultImages
from airflow_provider_phota.retrying import as_airflow_errors, checking_arguments, noting_problems

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context, ObjectStoragePath, XComArg


class PhotaToObjectStorageOperator(BaseOperator):
    """Streams every picture of a finished PHOTA task to a directory, whole or not at all.

    It returns the manifest, which has one dict for each picture, in the order of the pictures: `path`,
    `sha256`, `bytes`, `width`, `height`, `content_type` and `phota_task_id`. An asset among the task's
    `outlets` gets the manifest as the extra `files` of its event. An asset alias gets an asset for each file.

    Landing is free, so it can be retried while the results live (24 hours). What has landed is not fetched
    again.

    Args:
        result: what `PhotaTaskSensor` or a waiting operator returned; or the ID of a PHOTA task, for which
            the operator then asks the service (templated).
        destination: an object-storage directory, as a URL (`file://`, `s3://`, ...) (templated).
        filename: the name of each picture, without its extension, which follows from the picture itself. It
            can have the fields `{phota_task_id}` and `{index}` (templated).
        if_exists: what to do if a file of that name is there already: `skip`, `overwrite` or `fail`. With
            `skip`, a file that is cut or damaged is replaced.
        max_bytes: the largest size of one picture, in bytes; a larger one is refused.
        thumbnails: whether small copies of the pictures are written into a folder of `destination`, so that
            Airflow can show them.
        phota_conn_id: the Airflow connection.

    Raises:
        AirflowFailException: An argument is wrong, or the results are gone.
        PhotaLandingError: A picture did not arrive whole or could not be written; a retry may help.
    """

    template_fields: Sequence[str] = ("result", "destination", "filename")
    ui_color = "#e6f2ff"
    operator_extra_links = PICTURES_AND_TASK

    def __init__(
        self,
        *,
        result: PhotaResult | str | XComArg,
        destination: str | ObjectStoragePath | XComArg,
        filename: str | XComArg = Names.template,
        if_exists: IfFileExists = "skip",
        max_bytes: int = MAX_BYTES,
        thumbnails: bool = True,
        phota_conn_id: str = PhotaHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.result: Any = result
        self.destination = destination
        self.filename = filename
        self.if_exists = if_exists
        self.max_bytes = max_bytes
        self.thumbnails = thumbnails
        self.phota_conn_id = phota_conn_id
        self._written = Written(result=result, destination=destination, filename=filename)
        with checking_arguments(self):
            check_conn_id(phota_conn_id)
            check_flags(thumbnails=thumbnails)
            self._options.check_as_written()

    @noting_problems
    def execute(self, context: Context) -> list[PhotaFile]:
        self._written.restore(self)
        hook = PhotaHook(self.phota_conn_id)
        push_links(context, hook, self.result)
        with as_airflow_errors():
            landing = self._options.landing()
            delivery = Delivery(hook, landing, context, self.outlets)
            return manifest(delivery.deliver(self._images(hook)))

    @property
    def _options(self) -> LandingOptions:
        return LandingOptions(
            self.destination, self.filename, self.if_exists, self.max_bytes, thumbnails=self.thumbnails
        )

    def _images(self, hook: PhotaHook) -> ResultImages:
        if isinstance(self.result, dict):
            return ResultImages.of_result(self.result)
        return ResultImages.of_task(hook.get_task(checked_task_id(self.result, "result")))

"""Edits pictures with PHOTA (model `phota-image-edit`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Unpack

from airflow_provider_phota.api.orders.checks import check_size_as_written
from airflow_provider_phota.api.orders.edit import EditOrder
from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.api.types import PhotaResult, Resolution, Template
from airflow_provider_phota.inputs.prepared import as_text
from airflow_provider_phota.operators.arguments import ImageArguments
from airflow_provider_phota.operators.images import PhotaImageOperator

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import ObjectStoragePath, XComArg


class PhotaImageEditOperator(PhotaImageOperator):
    """Edits pictures with PHOTA (model `phota-image-edit`). Every submit is billed.

    Args:
        prompt: what to change (templated).
        image_urls: the pictures to edit, one or several: http(s) URLs that the service can read, or paths of
            an object store, which the operator publishes for it (templated).
        num_outputs: how many pictures to make; each is billed on its own (templated).
        resolution: `1K`, or `4K` at double the price (templated).
        profile_ids: profiles that keep the likeness of people; leave it out unless you need it (templated).
        skip_existing_edits: neither pay nor download if the same edit of pictures with the same content has
            landed in `destination` before, in any run. The pictures must be in an object store.

    `PhotaImageOperator` and `PhotaOperator` describe the other arguments and what is returned.
    """

    template_fields: Sequence[str] = (
        *("prompt", "image_urls", "num_outputs", "resolution", "profile_ids"),
        *PhotaImageOperator.template_fields,
    )
    skip_argument = "skip_existing_edits"

    def __init__(
        self,
        *,
        prompt: str | XComArg,
        image_urls: str | ObjectStoragePath | XComArg | Sequence[str | ObjectStoragePath | XComArg],
        num_outputs: int | Template | XComArg = 1,
        resolution: Resolution | Template | XComArg = "1K",
        profile_ids: str | PhotaResult | Sequence[str | XComArg] | Template | XComArg | None = None,
        skip_existing_edits: bool = False,
        **kwargs: Unpack[ImageArguments],
    ) -> None:
        super().__init__(skip_existing=skip_existing_edits, **kwargs)
        self.prompt = prompt
        self.image_urls = image_urls
        self.num_outputs: Any = num_outputs  # an int when the task runs, since what is rendered is checked
        self.resolution = resolution
        self.profile_ids = profile_ids
        self._check_arguments()

    def _check_as_written(self) -> None:
        check_size_as_written(num_outputs=self.num_outputs, resolution=self.resolution)
        super()._check_as_written()

    def _make_order(self, settings: Settings) -> EditOrder:
        return EditOrder.checked(
            prompt=self.prompt,
            image_urls=as_text(self.image_urls),
            num_outputs=self.num_outputs,
            resolution=self.resolution,
            profile_ids=self.profile_ids,
            local_inputs=settings.is_loopback,
            stored_inputs=True,
        )

    @property
    def _outputs(self) -> Any:
        return self.num_outputs

"""Makes a better version of a picture with PHOTA (model `phota-image-enhance`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Unpack

from airflow_provider_phota.api.orders.checks import check_fraction_as_written, check_size_as_written
from airflow_provider_phota.api.orders.enhance import EnhanceOrder
from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.api.types import PhotaResult, Resolution, Template
from airflow_provider_phota.inputs.prepared import as_text
from airflow_provider_phota.operators.arguments import ImageArguments
from airflow_provider_phota.operators.images import PhotaImageOperator

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import ObjectStoragePath, XComArg


class PhotaImageEnhanceOperator(PhotaImageOperator):
    """Makes a better version of a picture with PHOTA (model `phota-image-enhance`). Every submit is billed.

    Args:
        image_url: the picture: an http(s) URL that the service can read, or a path of an object store, which
            the operator publishes for it (templated).
        resolution: `4K`, or `1K` at half the price (templated).
        creativity: how freely the service may change the picture, from 0.0 to 1.0 (templated).
        resemblance: how close the service has to stay to the picture, from 0.0 to 1.0 (templated).
        profile_ids: profiles that keep the likeness of people; leave it out unless you need it (templated).
        skip_existing: neither pay nor download if the same order of a picture with the same content has
            landed in `destination` before, in any run. The picture must be in an object store.

    `PhotaImageOperator` and `PhotaOperator` describe the other arguments and what is returned.
    """

    template_fields: Sequence[str] = (
        *("image_url", "resolution", "creativity", "resemblance", "profile_ids"),
        *PhotaImageOperator.template_fields,
    )

    def __init__(
        self,
        *,
        image_url: str | ObjectStoragePath | XComArg,
        resolution: Resolution | Template | XComArg = "4K",
        creativity: float | Template | XComArg | None = None,
        resemblance: float | Template | XComArg | None = None,
        profile_ids: str | PhotaResult | Sequence[str | XComArg] | Template | XComArg | None = None,
        skip_existing: bool = False,
        **kwargs: Unpack[ImageArguments],
    ) -> None:
        super().__init__(skip_existing=skip_existing, **kwargs)
        self.image_url = image_url
        self.resolution = resolution
        self.creativity = creativity
        self.resemblance = resemblance
        self.profile_ids = profile_ids
        self._check_arguments()

    def _check_as_written(self) -> None:
        check_size_as_written(resolution=self.resolution)
        check_fraction_as_written("creativity", self.creativity)
        check_fraction_as_written("resemblance", self.resemblance)
        super()._check_as_written()

    def _make_order(self, settings: Settings) -> EnhanceOrder:
        return EnhanceOrder.checked(
            image_url=as_text(self.image_url),
            resolution=self.resolution,
            creativity=self.creativity,
            resemblance=self.resemblance,
            profile_ids=self.profile_ids,
            local_inputs=settings.is_loopback,
            stored_inputs=True,
        )

    @property
    def _outputs(self) -> int:
        return 1

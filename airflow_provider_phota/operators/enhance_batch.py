"""Makes better versions of any number of pictures in one Airflow task (model `phota-image-enhance`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from airflow_provider_phota.api.orders.checks import check_fraction_as_written, check_size_as_written
from airflow_provider_phota.api.orders.enhance import EnhanceOrder
from airflow_provider_phota.api.types import PhotaResult, Resolution, Template
from airflow_provider_phota.operators.arguments import BatchArguments
from airflow_provider_phota.operators.batch import PhotaBatchOperator

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import ObjectStoragePath, XComArg


class PhotaImageEnhanceBatchOperator(PhotaBatchOperator):
    """Makes better versions of any number of pictures in one Airflow task (model `phota-image-enhance`).

    Every submit is billed.

    Args:
        orders: the items: a folder or a pattern of an object store, such as `s3://shop/inbox/*.jpg` (`**`
            goes into folders), a manifest (`.jsonl`, `.csv` or `.parquet`) whose columns are named like the
            arguments of an order and `key`, or a list of paths or of such dicts (templated).
        resolution: `4K`, or `1K` at half the price (templated).
        creativity: how freely the service may change a picture, from 0.0 to 1.0 (templated).
        resemblance: how close the service has to stay to a picture, from 0.0 to 1.0 (templated).
        profile_ids: profiles that keep the likeness of people; leave it out unless you need it (templated).
        skip_existing: neither pay nor download if the same order of a picture with the same content has
            landed in `destination` before, in any run. The pictures must be in an object store.

    `PhotaBatchOperator` describes the other arguments and what is returned.
    """

    template_fields: Sequence[str] = (
        *("orders", "resolution", "creativity", "resemblance", "profile_ids"),
        *PhotaBatchOperator.template_fields,
    )
    order_type = EnhanceOrder

    def __init__(
        self,
        *,
        orders: str | ObjectStoragePath | XComArg | Sequence[str | Mapping[str, Any]],
        resolution: Resolution | Template | XComArg = "4K",
        creativity: float | Template | XComArg | None = None,
        resemblance: float | Template | XComArg | None = None,
        profile_ids: str | PhotaResult | Sequence[str | XComArg] | Template | XComArg | None = None,
        skip_existing: bool = False,
        **kwargs: Unpack[BatchArguments],
    ) -> None:
        super().__init__(skip_existing=skip_existing, **kwargs)
        self.orders = orders
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

    @property
    def _items(self) -> object:
        return self.orders

    def _order_defaults(self) -> Mapping[str, object]:
        return {
            "resolution": self.resolution,
            "creativity": self.creativity,
            "resemblance": self.resemblance,
            "profile_ids": self.profile_ids,
        }

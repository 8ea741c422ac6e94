"""Makes any number of pictures from texts with PHOTA in one Airflow task (model `phota-image`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from airflow_provider_phota.api.orders.checks import check_size_as_written, checked_word
from airflow_provider_phota.api.orders.generate import ASPECT_RATIOS, GenerateOrder
from airflow_provider_phota.api.parsing import is_known
from airflow_provider_phota.api.types import AspectRatio, PhotaResult, Resolution, Template
from airflow_provider_phota.operators.arguments import BatchArguments
from airflow_provider_phota.operators.batch import PhotaBatchOperator

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import ObjectStoragePath, XComArg


class PhotaImageGenerateBatchOperator(PhotaBatchOperator):
    """Makes any number of pictures in one Airflow task (model `phota-image`). Every submit is billed.

    Args:
        orders: the items: a manifest of an object store (`.jsonl`, `.csv` or `.parquet`) whose columns are
            named like the arguments of an order and `key`, or a list of prompts or of such dicts (templated).
        prompt: what the pictures of items without a prompt of their own show. It may have the fields `{key}`
            and the names of a manifest's columns; `[[anna]]` in it stands for the person of the profile that
            has the name `anna` in `profiles` (templated).
        num_outputs: how many pictures to make of an item; each is billed on its own (templated).
        resolution: `1K`, or `4K` at double the price (templated).
        aspect_ratio: width to height: `1:1`, `2:3`, `3:2`, `3:4`, `4:3`, `9:16` or `16:9` (templated).
        profiles: a dict of the names in the prompts and the profile IDs they stand for, such as
            `{"anna": create.output}` of a `PhotaCreateProfileOperator` (templated).
        skip_existing: neither pay nor download if the same order has landed in `destination` before, in any
            run.

    `PhotaBatchOperator` describes the other arguments and what is returned.
    """

    template_fields: Sequence[str] = (
        *("orders", "prompt", "num_outputs", "resolution", "aspect_ratio", "profiles"),
        *PhotaBatchOperator.template_fields,
    )
    order_type = GenerateOrder

    def __init__(
        self,
        *,
        orders: str | ObjectStoragePath | XComArg | Sequence[str | Mapping[str, Any]],
        prompt: str | XComArg | None = None,
        num_outputs: int | Template | XComArg = 1,
        resolution: Resolution | Template | XComArg = "1K",
        aspect_ratio: AspectRatio | Template | XComArg = "1:1",
        profiles: Mapping[str, str | PhotaResult | XComArg] | XComArg | None = None,
        skip_existing: bool = False,
        **kwargs: Unpack[BatchArguments],
    ) -> None:
        super().__init__(skip_existing=skip_existing, **kwargs)
        self.orders = orders
        self.prompt = prompt
        self.num_outputs: Any = num_outputs
        self.resolution = resolution
        self.aspect_ratio = aspect_ratio
        self.profiles = profiles
        self._check_arguments()

    def _check_as_written(self) -> None:
        check_size_as_written(num_outputs=self.num_outputs, resolution=self.resolution)
        if is_known(self.aspect_ratio):
            checked_word("aspect_ratio", self.aspect_ratio, ASPECT_RATIOS)
        super()._check_as_written()

    @property
    def _items(self) -> object:
        return self.orders

    def _order_defaults(self) -> Mapping[str, object]:
        return {
            "prompt": self.prompt,
            "num_outputs": self.num_outputs,
            "resolution": self.resolution,
            "aspect_ratio": self.aspect_ratio,
            "profiles": self.profiles,
        }

"""Edits any number of pictures with PHOTA in one Airflow task (model `phota-image-edit`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from airflow_provider_phota.api.orders.checks import check_size_as_written
from airflow_provider_phota.api.orders.edit import EditOrder
from airflow_provider_phota.api.types import PhotaResult, Resolution, Template
from airflow_provider_phota.operators.arguments import BatchArguments
from airflow_provider_phota.operators.batch import PhotaBatchOperator

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import ObjectStoragePath, XComArg


class PhotaImageEditBatchOperator(PhotaBatchOperator):
    """Edits any number of pictures in one Airflow task (model `phota-image-edit`). Every submit is billed.

    Args:
        edits: the items: a folder or a pattern of an object store, such as `s3://shop/inbox/*.jpg` (`**` goes
            into folders), a manifest (`.jsonl`, `.csv` or `.parquet`) whose columns are named like the
            arguments of an edit and `key`, or a list of paths or of such dicts (templated).
        prompt: what to change in the pictures of items without a prompt of their own. It may have the fields
            `{key}`, `{name}`, `{stem}`, `{parent}` and the names of a manifest's columns (templated).
        num_outputs: how many pictures to make of an item; each is billed on its own (templated).
        resolution: `1K`, or `4K` at double the price (templated).
        profile_ids: profiles that keep the likeness of people (templated).
        skip_existing_edits: neither pay nor download if the same edit of pictures with the same content has
            landed in `destination` before, in any run. The pictures must be in an object store.

    `PhotaBatchOperator` describes the other arguments and what is returned.
    """

    template_fields: Sequence[str] = (
        *("edits", "prompt", "num_outputs", "resolution", "profile_ids"),
        *PhotaBatchOperator.template_fields,
    )
    items_argument = "edits"
    order_type = EditOrder
    skip_argument = "skip_existing_edits"

    def __init__(
        self,
        *,
        edits: str | ObjectStoragePath | XComArg | Sequence[str | Mapping[str, Any]],
        prompt: str | XComArg | None = None,
        num_outputs: int | Template | XComArg = 1,
        resolution: Resolution | Template | XComArg = "1K",
        profile_ids: str | PhotaResult | Sequence[str | XComArg] | Template | XComArg | None = None,
        skip_existing_edits: bool = False,
        **kwargs: Unpack[BatchArguments],
    ) -> None:
        super().__init__(skip_existing=skip_existing_edits, **kwargs)
        self.edits = edits
        self.prompt = prompt
        self.num_outputs: Any = num_outputs
        self.resolution = resolution
        self.profile_ids = profile_ids
        self._check_arguments()

    def _check_as_written(self) -> None:
        check_size_as_written(num_outputs=self.num_outputs, resolution=self.resolution)
        super()._check_as_written()

    @property
    def _items(self) -> object:
        return self.edits

    def _order_defaults(self) -> Mapping[str, object]:
        return {
            "prompt": self.prompt,
            "num_outputs": self.num_outputs,
            "resolution": self.resolution,
            "profile_ids": self.profile_ids,
        }

"""Makes pictures from a text with PHOTA (model `phota-image`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from airflow_provider_phota.api.orders.checks import check_size_as_written, checked_word
from airflow_provider_phota.api.orders.generate import ASPECT_RATIOS, GenerateOrder
from airflow_provider_phota.api.parsing import is_known
from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.api.types import AspectRatio, PhotaResult, Resolution, Template
from airflow_provider_phota.operators.arguments import ImageArguments
from airflow_provider_phota.operators.images import PhotaImageOperator

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import XComArg


class PhotaImageGenerateOperator(PhotaImageOperator):
    """Makes pictures from a text with PHOTA (model `phota-image`). Every submit is billed.

    Args:
        prompt: what the pictures show; `[[anna]]` in it stands for the person of the profile that has the
            name `anna` in `profiles` (templated).
        num_outputs: how many pictures to make; each is billed on its own (templated).
        resolution: `1K`, or `4K` at double the price (templated).
        aspect_ratio: width to height: `1:1`, `2:3`, `3:2`, `3:4`, `4:3`, `9:16` or `16:9` (templated).
        profiles: a dict of the names in the prompt and the profile IDs they stand for, such as
            `{"anna": create.output}` of a `PhotaCreateProfileOperator` (templated).
        skip_existing: neither pay nor download if the same order has landed in `destination` before, in any
            run.

    `PhotaImageOperator` and `PhotaOperator` describe the other arguments and what is returned.
    """

    template_fields: Sequence[str] = (
        *("prompt", "num_outputs", "resolution", "aspect_ratio", "profiles"),
        *PhotaImageOperator.template_fields,
    )

    def __init__(
        self,
        *,
        prompt: str | XComArg,
        num_outputs: int | Template | XComArg = 1,
        resolution: Resolution | Template | XComArg = "1K",
        aspect_ratio: AspectRatio | Template | XComArg = "1:1",
        profiles: Mapping[str, str | PhotaResult | XComArg] | XComArg | None = None,
        skip_existing: bool = False,
        **kwargs: Unpack[ImageArguments],
    ) -> None:
        super().__init__(skip_existing=skip_existing, **kwargs)
        self.prompt = prompt
        self.num_outputs: Any = num_outputs  # an int when the task runs, since what is rendered is checked
        self.resolution = resolution
        self.aspect_ratio = aspect_ratio
        self.profiles = profiles
        self._check_arguments()

    def _check_as_written(self) -> None:
        check_size_as_written(num_outputs=self.num_outputs, resolution=self.resolution)
        if is_known(self.aspect_ratio):
            checked_word("aspect_ratio", self.aspect_ratio, ASPECT_RATIOS)
        super()._check_as_written()

    def _make_order(self, settings: Settings) -> GenerateOrder:  # noqa: ARG002  # it reads no files
        return GenerateOrder.checked(
            prompt=self.prompt,
            num_outputs=self.num_outputs,
            resolution=self.resolution,
            aspect_ratio=self.aspect_ratio,
            profiles=self.profiles,
        )

    @property
    def _outputs(self) -> Any:
        return self.num_outputs

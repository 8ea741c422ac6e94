"""Asks for a better version of one picture (model `phota-image-enhance`). Source: the vendor's page of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from airflow_provider_phota.api.orders.base import ENHANCE_MODEL
from airflow_provider_phota.api.orders.checks import checked_fraction, checked_profile_ids, checked_resolution
from airflow_provider_phota.api.orders.files import checked_file


@dataclass(frozen=True)
class EnhanceOrder:
    """One call of `phota-image-enhance`. `checked` refuses what cannot be meant.

    Attributes:
        image_url: the picture, as a URL that the service can read.
        resolution: `4K`, or `1K` at half the price.
        creativity: from 0.0 to 1.0; the service chooses if it is None.
        resemblance: from 0.0 to 1.0; the service chooses if it is None.
        profile_ids: profiles that keep a person's likeness; empty to do without.
    """

    model: ClassVar[str] = ENHANCE_MODEL
    files_argument: ClassVar[str] = "image_url"

    image_url: str
    resolution: str = "4K"
    creativity: float | None = None
    resemblance: float | None = None
    profile_ids: tuple[str, ...] = ()

    @classmethod
    def checked(
        cls,
        *,
        image_url: object,
        resolution: object = "4K",
        creativity: object = None,
        resemblance: object = None,
        profile_ids: object = None,
        local_inputs: bool = False,
        stored_inputs: bool = False,
    ) -> EnhanceOrder:
        """Makes an order of what a user gave, after templates were rendered.

        Args:
            image_url: as the attribute, or a path.
            resolution: as the attribute.
            creativity: as the attribute.
            resemblance: as the attribute.
            profile_ids: one ID or several.
            local_inputs: as in `EditOrder.checked`.
            stored_inputs: as in `EditOrder.checked`.

        Raises:
            PhotaInputError: It names the argument and the value.
        """
        return cls(
            image_url=checked_file(
                "image_url", image_url, local_inputs=local_inputs, stored_inputs=stored_inputs
            ),
            resolution=checked_resolution(resolution),
            creativity=checked_fraction("creativity", creativity),
            resemblance=checked_fraction("resemblance", resemblance),
            profile_ids=checked_profile_ids(profile_ids),
        )

    @property
    def files(self) -> tuple[str, ...]:
        return (self.image_url,)

    @property
    def outputs(self) -> int:
        return 1

    def with_files(self, names: Mapping[str, str]) -> EnhanceOrder:
        return replace(self, image_url=names.get(self.image_url, self.image_url))

    def body(self) -> bytes:
        fields: dict[str, object] = {
            "model": self.model,
            "image_url": self.image_url,
            "resolution": self.resolution,
        }
        optional = {
            "creativity": self.creativity,
            "resemblance": self.resemblance,
            "profile_ids": self.profile_ids or None,
        }
        fields |= {name: value for name, value in optional.items() if value is not None}
        return json.dumps(fields).encode()

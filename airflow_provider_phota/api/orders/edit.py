"""Asks for an edit of pictures (model `phota-image-edit`). Source: the vendor's page of that model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from airflow_provider_phota.api.orders.base import EDIT_MODEL
from airflow_provider_phota.api.orders.checks import (
    checked_num_outputs,
    checked_profile_ids,
    checked_prompt,
    checked_resolution,
)
from airflow_provider_phota.api.orders.files import checked_files


@dataclass(frozen=True)
class EditOrder:
    """One call of `phota-image-edit`. `checked` refuses what cannot be meant.

    Attributes:
        prompt: what to change.
        image_urls: the pictures to edit, as URLs that the service can read.
        num_outputs: how many pictures to make; each is billed on its own.
        resolution: `1K` or `4K`; `4K` costs double.
        profile_ids: profiles that keep a person's likeness; empty to do without.
    """

    model: ClassVar[str] = EDIT_MODEL
    files_argument: ClassVar[str] = "image_urls"

    prompt: str
    image_urls: tuple[str, ...]
    num_outputs: int = 1
    resolution: str = "1K"
    profile_ids: tuple[str, ...] = ()

    @classmethod
    def checked(
        cls,
        *,
        prompt: object,
        image_urls: object,
        num_outputs: object = 1,
        resolution: object = "1K",
        profile_ids: object = None,
        local_inputs: bool = False,
        stored_inputs: bool = False,
    ) -> EditOrder:
        """Makes an order of what a user gave, after templates were rendered.

        Args:
            prompt: as the attribute.
            image_urls: one URL or several.
            num_outputs: as the attribute.
            resolution: as the attribute.
            profile_ids: one ID or several.
            local_inputs: whether pictures on loopback or private addresses make sense, because the service
                itself is there.
            stored_inputs: whether pictures may be in an object store, because they will be published.

        Raises:
            PhotaInputError: It names the argument and the value.
        """
        return cls(
            prompt=checked_prompt(prompt, asks_for="what to change in the picture"),
            image_urls=checked_files(
                "image_urls", image_urls, local_inputs=local_inputs, stored_inputs=stored_inputs
            ),
            num_outputs=checked_num_outputs(num_outputs),
            resolution=checked_resolution(resolution),
            profile_ids=checked_profile_ids(profile_ids),
        )

    @property
    def files(self) -> tuple[str, ...]:
        return self.image_urls

    @property
    def outputs(self) -> int:
        return self.num_outputs

    def with_files(self, names: Mapping[str, str]) -> EditOrder:
        return replace(self, image_urls=tuple(names.get(url, url) for url in self.image_urls))

    def body(self) -> bytes:
        fields: dict[str, object] = {
            "model": self.model,
            "prompt": self.prompt,
            "image_urls": self.image_urls,
            "num_outputs": self.num_outputs,
            "resolution": self.resolution,
        }
        if self.profile_ids:
            fields["profile_ids"] = self.profile_ids
        return json.dumps(fields).encode()

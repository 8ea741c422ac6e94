"""Asks for a profile of a person (model `phota-create-profile`). Source: the vendor's page of that model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from airflow_provider_phota.api.orders.base import PROFILE_MODEL
from airflow_provider_phota.api.orders.files import checked_file


@dataclass(frozen=True)
class ProfileOrder:
    """One call of `phota-create-profile`. `checked` refuses what cannot be meant.

    Attributes:
        image_archive_url: a ZIP of photos of the person's face, as a URL that the service can read.
    """

    model: ClassVar[str] = PROFILE_MODEL
    files_argument: ClassVar[str] = "photos"

    image_archive_url: str

    @classmethod
    def checked(
        cls, *, image_archive_url: object, local_inputs: bool = False, stored_inputs: bool = False
    ) -> ProfileOrder:
        """Makes an order of what a user gave, after templates were rendered.

        Args:
            image_archive_url: as the attribute, or a path.
            local_inputs: as in `EditOrder.checked`.
            stored_inputs: as in `EditOrder.checked`.

        Raises:
            PhotaInputError: It names the argument and the value.
        """
        return cls(
            checked_file("photos", image_archive_url, local_inputs=local_inputs, stored_inputs=stored_inputs)
        )

    @property
    def files(self) -> tuple[str, ...]:
        return (self.image_archive_url,)

    @property
    def outputs(self) -> int:
        return 0

    @property
    def profile_ids(self) -> tuple[str, ...]:
        return ()

    def with_files(self, names: Mapping[str, str]) -> ProfileOrder:
        return ProfileOrder(names.get(self.image_archive_url, self.image_archive_url))

    def body(self) -> bytes:
        return json.dumps({"model": self.model, "image_archive_url": self.image_archive_url}).encode()

"""Asks for pictures from a text (model `phota-image`). Source: the vendor's page of that model."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.orders.base import GENERATE_MODEL
from airflow_provider_phota.api.orders.checks import (
    checked_num_outputs,
    checked_profile_ids,
    checked_prompt,
    checked_resolution,
    checked_word,
)
from airflow_provider_phota.api.shown import shown

ASPECT_RATIOS = ("1:1", "2:3", "3:2", "3:4", "4:3", "9:16", "16:9")
#: A profile in a prompt: by its ID, or by a name that `profiles` explains.
_REFERENCE = re.compile(r"\[\[(.*?)\]\]", re.DOTALL)


@dataclass(frozen=True)
class GenerateOrder:
    """One call of `phota-image`. `checked` refuses what cannot be meant.

    Attributes:
        prompt: what to show; `[[profile_id]]` in it stands for the person of a profile.
        num_outputs: how many pictures to make; each is billed on its own.
        resolution: `1K` or `4K`; `4K` costs double.
        aspect_ratio: width to height, one of `ASPECT_RATIOS`.
    """

    model: ClassVar[str] = GENERATE_MODEL
    files_argument: ClassVar[str] = ""

    prompt: str
    num_outputs: int = 1
    resolution: str = "1K"
    aspect_ratio: str = "1:1"

    @classmethod
    def checked(
        cls,
        *,
        prompt: object,
        num_outputs: object = 1,
        resolution: object = "1K",
        aspect_ratio: object = "1:1",
        profiles: object = None,
    ) -> GenerateOrder:
        """Makes an order of what a user gave, after templates were rendered.

        Args:
            prompt: as the attribute; `[[name]]` in it is a name of `profiles`.
            num_outputs: as the attribute.
            resolution: as the attribute.
            aspect_ratio: as the attribute.
            profiles: the ID of a profile by its name.

        Raises:
            PhotaInputError: It names the argument and the value.
        """
        text = checked_prompt(prompt, asks_for="what the picture shows")
        return cls(
            prompt=_with_profile_ids(text, _checked_profiles(profiles)),
            num_outputs=checked_num_outputs(num_outputs),
            resolution=checked_resolution(resolution),
            aspect_ratio=checked_word("aspect_ratio", aspect_ratio, ASPECT_RATIOS),
        )

    @property
    def files(self) -> tuple[str, ...]:
        return ()

    @property
    def outputs(self) -> int:
        return self.num_outputs

    @property
    def profile_ids(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(_REFERENCE.findall(self.prompt)))

    def with_files(self, names: Mapping[str, str]) -> GenerateOrder:  # noqa: ARG002  # it reads no files
        return self

    def body(self) -> bytes:
        fields = {
            "model": self.model,
            "prompt": self.prompt,
            "num_outputs": self.num_outputs,
            "resolution": self.resolution,
            "aspect_ratio": self.aspect_ratio,
        }
        return json.dumps(fields).encode()


def _checked_profiles(value: object) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not value:
        raise PhotaInputError(
            "profiles", f"must be a dict such as {{'anna': create.output}}, got {shown(value)}."
        )
    profiles = {_checked_name(name): _checked_profile(name, profile) for name, profile in value.items()}
    if len(profiles) < len(value):
        raise PhotaInputError("profiles", f"has one name twice: {shown(list(value))}.")
    return profiles


def _checked_name(name: object) -> str:
    if not isinstance(name, str) or not name.strip() or "[" in name or "]" in name:
        raise PhotaInputError("profiles", f"has {shown(name)} as a name: it must be text without brackets.")
    return name.strip()


def _checked_profile(name: object, profile: object) -> str:
    try:
        profile_ids = checked_profile_ids(profile)
    except PhotaInputError as error:
        raise PhotaInputError("profiles", f"has no profile ID for {shown(name)}: {error}") from None
    if len(profile_ids) != 1:
        raise PhotaInputError(
            "profiles", f"must have one profile ID for {shown(name)}, got {shown(profile)}."
        )
    if "[" in profile_ids[0] or "]" in profile_ids[0]:
        raise PhotaInputError("profiles", f"has {shown(profile)} as a profile ID: leave out the brackets.")
    return profile_ids[0]


def _with_profile_ids(prompt: str, profiles: Mapping[str, str]) -> str:
    def profile_id(reference: re.Match[str]) -> str:
        return f"[[{_profile_id(reference.group(1).strip(), profiles)}]]"

    return _REFERENCE.sub(profile_id, prompt)


def _profile_id(name: str, profiles: Mapping[str, str]) -> str:
    """Returns the profile that a prompt refers to by its name, or by its ID."""
    if name in profiles:
        return profiles[name]
    # IDs are made by the service and have digits in them, so a word without a digit is a forgotten name
    if name in profiles.values() or (not profiles and any(map(str.isdigit, name))):
        return name
    known = f"it has {shown(list(profiles))}" if profiles else "there are no profiles"
    raise PhotaInputError(
        "prompt",
        f"refers to the profile {shown(f'[[{name}]]')}, which profiles does not name ({known}): "
        f"set profiles={{{shown(name)}: <its profile ID>}}.",
    )

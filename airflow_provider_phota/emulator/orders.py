"""What a submit asks for: the four PHOTA models, their parameters and their prices."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_phota.emulator.errors import invalid_param, model_not_found

EDIT = "phota-image-edit"
GENERATE = "phota-image"
ENHANCE = "phota-image-enhance"
PROFILE = "phota-create-profile"

#: Credits for one output at 1K. A credit is one US cent; 4K costs double. The figures are the emulator's own.
PRICES = {EDIT: 5, GENERATE: 3, ENHANCE: 4, PROFILE: 50}

RESOLUTIONS = ("1K", "4K")
ASPECT_RATIOS = ("1:1", "2:3", "3:2", "3:4", "4:3", "9:16", "16:9")


@dataclass(frozen=True, slots=True)
class Order:
    """One valid submit.

    Attributes:
        urls: Where the inputs are; the first one is the picture that is worked on.
        prompt: The prompt, or what stands for it in a model that takes none.
    """

    model: str
    prompt: str
    urls: tuple[str, ...] = ()
    outputs: int = 1
    resolution: str = "1K"
    aspect_ratio: str = "1:1"

    @property
    def credits(self) -> int:
        """What the order costs: every output on its own, 4K double."""
        return PRICES[self.model] * self.outputs * (2 if self.resolution == "4K" else 1)


def read_order(body: Mapping[str, Any]) -> Order:
    """Check a submit's body as the service does.

    Raises:
        ApiError: 422; the message names the parameter and what was sent. Nothing has been billed.
    """
    model = _text(body, "model")
    if model == EDIT:
        return _edit(body)
    if model == GENERATE:
        return _generate(body)
    if model == ENHANCE:
        return _enhance(body)
    if model == PROFILE:
        return Order(PROFILE, "profile", (_text(body, "image_archive_url"),))
    raise model_not_found(model)


def _edit(body: Mapping[str, Any]) -> Order:
    _texts_or_null(body, "profile_ids")
    return Order(
        EDIT,
        _text(body, "prompt"),
        _texts(body, "image_urls"),
        _whole(body, "num_outputs"),
        _choice(body, "resolution", RESOLUTIONS, "1K"),
    )


def _generate(body: Mapping[str, Any]) -> Order:
    return Order(
        GENERATE,
        _text(body, "prompt"),
        outputs=_whole(body, "num_outputs"),
        resolution=_choice(body, "resolution", RESOLUTIONS, "1K"),
        aspect_ratio=_choice(body, "aspect_ratio", ASPECT_RATIOS, "1:1"),
    )


def _enhance(body: Mapping[str, Any]) -> Order:
    _texts_or_null(body, "profile_ids")
    creativity, resemblance = _fraction(body, "creativity"), _fraction(body, "resemblance")
    return Order(
        ENHANCE,
        f"enhanced, creativity {creativity}, resemblance {resemblance}",
        (_text(body, "image_url"),),
        resolution=_choice(body, "resolution", RESOLUTIONS, "4K"),
    )


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if value is None:
        raise invalid_param(f"{name} is required")
    if not isinstance(value, str) or not value.strip():
        raise invalid_param(f"{name} must be a non-empty string, got {_shown(value)}")
    return value


def _texts(body: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = body.get(name)
    if value is None:
        raise invalid_param(f"{name} is required")
    if not isinstance(value, list) or not value or not all(isinstance(v, str) and v.strip() for v in value):
        raise invalid_param(f"{name} must be a non-empty array of non-empty strings, got {_shown(value)}")
    return tuple(value)


def _texts_or_null(body: Mapping[str, Any], name: str) -> tuple[str, ...]:
    return () if body.get(name) is None else _texts(body, name)


def _whole(body: Mapping[str, Any], name: str) -> int:
    value = body.get(name, 1)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise invalid_param(f"{name} must be an integer of at least 1, got {_shown(value)}")
    return value


def _choice(body: Mapping[str, Any], name: str, choices: tuple[str, ...], default: str) -> str:
    value = body.get(name, default)
    if value not in choices:
        raise invalid_param(f"{name} must be one of {', '.join(choices)}, got {_shown(value)}")
    return str(value)


def _fraction(body: Mapping[str, Any], name: str) -> float | None:
    value = body.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise invalid_param(f"{name} must be a number from 0.0 to 1.0, got {_shown(value)}")
    return float(value)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."

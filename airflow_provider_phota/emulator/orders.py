"""Reads what a submit asks for: the four PHOTA models, their parameters and their prices."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_phota.api.orders.base import EDIT_MODEL, ENHANCE_MODEL, GENERATE_MODEL, PROFILE_MODEL
from airflow_provider_phota.api.orders.checks import RESOLUTIONS
from airflow_provider_phota.api.orders.generate import ASPECT_RATIOS
from airflow_provider_phota.emulator.errors import invalid_param, model_not_found

#: Credits for one output at 1K. A credit is one US cent; 4K costs double. The figures are the emulator's own.
PRICES = {EDIT_MODEL: 5, GENERATE_MODEL: 3, ENHANCE_MODEL: 4, PROFILE_MODEL: 50}


@dataclass(frozen=True, slots=True)
class Order:
    """Describes one valid submit.

    Attributes:
        prompt: The prompt, or a text instead of it for a model without prompts.
        urls: Where the inputs are. The first one is the picture to work on.
    """

    model: str
    prompt: str
    urls: tuple[str, ...] = ()
    outputs: int = 1
    resolution: str = "1K"
    aspect_ratio: str = "1:1"

    @property
    def credits(self) -> int:
        """The price of the order: every output is paid, and 4K costs double."""
        return PRICES[self.model] * self.outputs * (2 if self.resolution == "4K" else 1)


def read_order(body: Mapping[str, Any]) -> Order:
    """Checks a submit's body as the service does.

    Raises:
        ApiError: 422, with the parameter and what was sent. Nothing has been billed.
    """
    model = _required_text(body, "model")
    if model == EDIT_MODEL:
        return _edit(body)
    if model == GENERATE_MODEL:
        return _generate(body)
    if model == ENHANCE_MODEL:
        return _enhance(body)
    if model == PROFILE_MODEL:
        return Order(PROFILE_MODEL, "profile", (_required_text(body, "image_archive_url"),))
    raise model_not_found(model)


def _edit(body: Mapping[str, Any]) -> Order:
    _optional_texts(body, "profile_ids")
    return Order(
        EDIT_MODEL,
        _required_text(body, "prompt"),
        _required_texts(body, "image_urls"),
        _whole_number(body, "num_outputs"),
        _choice(body, "resolution", RESOLUTIONS, "1K"),
    )


def _generate(body: Mapping[str, Any]) -> Order:
    return Order(
        GENERATE_MODEL,
        _required_text(body, "prompt"),
        outputs=_whole_number(body, "num_outputs"),
        resolution=_choice(body, "resolution", RESOLUTIONS, "1K"),
        aspect_ratio=_choice(body, "aspect_ratio", ASPECT_RATIOS, "1:1"),
    )


def _enhance(body: Mapping[str, Any]) -> Order:
    _optional_texts(body, "profile_ids")
    creativity, resemblance = _fraction(body, "creativity"), _fraction(body, "resemblance")
    return Order(
        ENHANCE_MODEL,
        f"enhanced, creativity {creativity}, resemblance {resemblance}",
        (_required_text(body, "image_url"),),
        resolution=_choice(body, "resolution", RESOLUTIONS, "4K"),
    )


def _required_text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if value is None:
        raise invalid_param(f"{name} is required")
    if not isinstance(value, str) or not value.strip():
        raise invalid_param(f"{name} must be a non-empty string, got {_shown(value)}")
    return value


def _required_texts(body: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = body.get(name)
    if value is None:
        raise invalid_param(f"{name} is required")
    if not isinstance(value, list) or not value or not all(isinstance(v, str) and v.strip() for v in value):
        raise invalid_param(f"{name} must be a non-empty array of non-empty strings, got {_shown(value)}")
    return tuple(value)


def _optional_texts(body: Mapping[str, Any], name: str) -> tuple[str, ...]:
    return () if body.get(name) is None else _required_texts(body, name)


def _whole_number(body: Mapping[str, Any], name: str) -> int:
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

"""Builds the fields that a person can fill in next to an answer."""

from __future__ import annotations

from typing import Any

from airflow.providers.common.compat.sdk import Param

from airflow_provider_phota.reviews.decisions import APPROVED, PROMPT, REJECTED

#: What a field for the keys of items takes: Airflow's page sends a list, a program may send lines.
_KEYS: dict[str, Any] = {"type": ["array", "string", "null"], "items": {"type": "string"}}


def fields_of_round(prompt: str) -> dict[str, Param]:
    """Returns the field for another prompt.

    Args:
        prompt: that the reviewer starts from.
    """
    title = "Prompt of another edit"
    return {PROMPT: Param(prompt, type="string", format="multiline", title=title)}


def fields_of_batch() -> dict[str, Param]:
    """Returns the fields for the keys of single items."""
    return {
        APPROVED: Param([], title="Only these items, one a line", description="Empty: all.", **_KEYS),
        REJECTED: Param([], title="Not these items, one a line", description="Empty: none.", **_KEYS),
    }

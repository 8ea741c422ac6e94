"""Reads the cells of a CSV file, which are all text, as values of the columns they stand in."""

from __future__ import annotations

import re
from collections.abc import Callable

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.batch.items.jsonl import parsed_json

_WHOLE = re.compile(r"[+-]?\d{1,18}")
_NUMBER = re.compile(r"[+-]?(\d{1,18}(\.\d{0,18})?|\.\d{1,18})")


def value_of(column: str, text: str) -> object:
    """Returns what a cell means; None if it is empty.

    Raises:
        PhotaInputError: It is not a value of that column.
    """
    if not text.strip():
        return None
    read = _READERS.get(column)
    return read(column, text.strip()) if read else text


def _whole(column: str, text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise PhotaInputError(column, f"must be a whole number, got {shown(text)}.")
    return int(text)


def _number(column: str, text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise PhotaInputError(column, f"must be a number such as 0.5, got {shown(text)}.")
    return float(text)


def _list(column: str, text: str) -> object:
    return _json(column, text) if text.startswith("[") else text


def _json(column: str, text: str) -> object:
    try:
        return parsed_json(text)
    except ValueError:
        raise PhotaInputError(
            column, f'must be JSON where it has several values, such as ["a", "b"], got {shown(text)}.'
        ) from None


_READERS: dict[str, Callable[[str, str], object]] = {
    "num_outputs": _whole,
    "creativity": _number,
    "resemblance": _number,
    "image_url": lambda _, text: text,
    "image_urls": _list,
    "profile_ids": _list,
    "profiles": _json,
}

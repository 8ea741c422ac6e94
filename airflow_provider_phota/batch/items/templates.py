"""Fills the values of an item into texts such as `Put the {color} {product} on a white background`."""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from math import isfinite

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.lists import is_list
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.batch.items.rows import MOST_BYTES

_HOW = "Write {{ and }} for braces that are part of the text."


@dataclass(frozen=True, slots=True)
class Template:
    """Is a text with fields.

    Attributes:
        pieces: a text, and the field that follows it; after the last text there is none.
    """

    pieces: tuple[tuple[str, str | None], ...]

    @property
    def fields(self) -> frozenset[str]:
        return frozenset(name for _, name in self.pieces if name is not None)

    def filled(self, argument: str, values: Mapping[str, object]) -> str:
        """Returns the text with the values of an item in it.

        Args:
            argument: whose text it is, for the error.
            values: by the names of fields.

        Raises:
            PhotaInputError: A field has no value, or the text becomes too long.
        """
        texts = []
        length = 0
        for text, name in self.pieces:
            texts.append(text)
            if name is not None:
                texts.append(_value(argument, name, values))
                length += len(texts[-1])
            if length > MOST_BYTES:
                raise PhotaInputError(
                    argument, f"has more than {MOST_BYTES} characters once it is filled in."
                )
        return "".join(texts)


def filled(argument: str, value: object, values: Mapping[str, object]) -> object:
    """Returns an argument whose texts have the values of an item in them; what is not a text stays as it is.

    Args:
        argument: its name, for the error.
        value: a text, a list of texts, or anything else.
        values: by the names of fields.

    Raises:
        PhotaInputError: A text is not a template, or one of its fields has no value.
    """
    if isinstance(value, str):
        return parsed(argument, value).filled(argument, values) if _has_braces(value) else value
    return [filled(argument, each, values) for each in value] if is_list(value) else value


def fields_in(argument: str, value: object) -> frozenset[str]:
    """Returns the fields of the texts of an argument; its arguments are as in `filled`.

    Raises:
        PhotaInputError: A text is not a template.
    """
    if isinstance(value, str):
        return parsed(argument, value).fields if _has_braces(value) else frozenset()
    return (
        frozenset().union(*(fields_in(argument, each) for each in value)) if is_list(value) else frozenset()
    )


def _has_braces(text: str) -> bool:
    return "{" in text or "}" in text


@lru_cache(maxsize=128)
def parsed(argument: str, text: str) -> Template:
    """Reads a text as a template: only `{name}` is a field, and `{{` is a brace.

    Raises:
        PhotaInputError: It is not such a template.
    """
    try:
        pieces = list(string.Formatter().parse(text))
    except ValueError:
        raise PhotaInputError(
            argument, f"has a brace without its other half: {shown(text)}. {_HOW}"
        ) from None
    for _, name, spec, conversion in pieces:
        if name is not None and (spec or conversion or not _is_name(name)):
            raise PhotaInputError(
                argument, f"may have fields such as {{name}} only, got {shown('{' + name + '}')}. {_HOW}"
            )
    return Template(tuple((literal, name) for literal, name, _, _ in pieces))


def _is_name(name: str) -> bool:
    return bool(name) and not name.isdigit() and not any(char in name for char in ".[]{}")


def _value(argument: str, name: str, values: Mapping[str, object]) -> str:
    value = values.get(name)
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)) and isfinite(value):
        return str(value)
    if value is not None:
        raise PhotaInputError(
            argument, f"has the field {{{name}}}, whose value here is not a text or a number: {shown(value)}."
        )
    raise PhotaInputError(
        argument, f"has the field {{{name}}}, and the item has no such value.{_near(name, values)}"
    )


def _near(name: str, values: Mapping[str, object]) -> str:
    known = [each for each, value in values.items() if value is not None and each != name]
    match = get_close_matches(name, known, n=1)
    return f" Is {{{match[0]}}} meant?" if match else f" {_HOW}"

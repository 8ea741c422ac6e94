"""Checks arguments that take one of a few words."""

from __future__ import annotations

from enum import Enum
from typing import TypeVar

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.shown import shown

E = TypeVar("E", bound=Enum)


def checked_choice(choices: type[E], argument: str, value: object) -> E:
    """Returns the choice that a word names.

    Args:
        choices: the enum of the choices; their values are the words.
        argument: name of the user's argument.
        value: what the user gave.

    Raises:
        PhotaInputError: the value is not one of the words; the text lists them all.
    """
    try:
        return choices(value)
    except ValueError:
        *others, last = (repr(choice.value) for choice in choices)
        words = f"{', '.join(others)} or {last}"
        raise PhotaInputError(argument, f"must be {words}, got {shown(value)}.") from None

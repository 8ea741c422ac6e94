"""Arguments that take one of a few words."""

from __future__ import annotations

from enum import Enum
from typing import TypeVar

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.shown import shown

E = TypeVar("E", bound=Enum)


def checked_choice(choices: type[E], argument: str, value: object) -> E:
    """The choice of that word.

    Raises:
        PhotaInputError: there is none; names the argument and all its words.
    """
    try:
        return choices(value)
    except ValueError:
        *others, last = (repr(choice.value) for choice in choices)
        words = f"{', '.join(others)} or {last}"
        raise PhotaInputError(argument, f"must be {words}, got {shown(value)}.") from None

"""Checks the arguments that several models share, before anything is sent or paid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.hints import RENDERED_TO_TEXT, hint_for, is_collection_repr
from airflow_provider_phota.api.lists import flattened, is_list
from airflow_provider_phota.api.parsing import is_known
from airflow_provider_phota.api.shown import shown

RESOLUTIONS = ("1K", "4K")


def checked_prompt(value: object, *, asks_for: str) -> str:
    """Returns a prompt.

    Args:
        value: what the user gave.
        asks_for: what a prompt of this model says, for the message about an empty one.

    Raises:
        PhotaInputError: It is empty, or it is not the text that its author meant.
    """
    if not isinstance(value, str):
        raise PhotaInputError("prompt", f"must be a string, got {shown(value)}.{hint_for(value)}")
    if not value.strip():
        raise PhotaInputError("prompt", f"is empty: say {asks_for}.")
    if value.strip() == "None" or is_collection_repr(value):
        raise PhotaInputError(
            "prompt", f"is {shown(value)}, which looks like a value that was not a text. {RENDERED_TO_TEXT}"
        )
    check_sendable("prompt", value)
    return value


def checked_num_outputs(value: object) -> int:
    """Returns the number of pictures to make.

    Raises:
        PhotaInputError: It is not an int of at least 1.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        hint = f" {RENDERED_TO_TEXT}" if isinstance(value, str) else ""
        raise PhotaInputError("num_outputs", f"must be an int of at least 1, got {shown(value)}.{hint}")
    if value < 1:
        raise PhotaInputError("num_outputs", f"must be at least 1, got {shown(value)}.")
    return value


def checked_word(argument: str, value: object, words: Sequence[str]) -> str:
    """Returns a value that must be one of a few words.

    Raises:
        PhotaInputError: It is another word; the message names all of them.
    """
    if not isinstance(value, str) or value not in words:
        *others, last = map(repr, words)
        raise PhotaInputError(argument, f"must be {', '.join(others)} or {last}, got {shown(value)}.")
    return value


def checked_resolution(value: object) -> str:
    """Returns the size of the pictures.

    Raises:
        PhotaInputError: It is neither `1K` nor `4K`.
    """
    return checked_word("resolution", value, RESOLUTIONS)


def checked_fraction(argument: str, value: object) -> float | None:
    """Returns a number from 0.0 to 1.0. The service chooses if it is None.

    Raises:
        PhotaInputError: It is not such a number.
    """
    if value is None:
        return None
    hint = f" {RENDERED_TO_TEXT}" if isinstance(value, str) else ""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise PhotaInputError(argument, f"must be a number from 0.0 to 1.0, got {shown(value)}.{hint}")
    if not 0 <= value <= 1:
        raise PhotaInputError(argument, f"must be from 0.0 to 1.0, got {shown(value)}.")
    return float(value)


def check_size_as_written(*, resolution: object, num_outputs: object = 1) -> None:
    """Checks what a DAG's author gave as plain values, before any template is rendered.

    Raises:
        PhotaInputError: It names the argument and the value.
    """
    if is_known(num_outputs):
        checked_num_outputs(num_outputs)
    if is_known(resolution):
        checked_resolution(resolution)


def check_fraction_as_written(argument: str, value: object) -> None:
    """Checks what a DAG's author gave as a plain value, before any template is rendered.

    Raises:
        PhotaInputError: It is not a number from 0.0 to 1.0.
    """
    if is_known(value):
        checked_fraction(argument, value)


def checked_profile_ids(value: object) -> tuple[str, ...]:
    """Returns profile IDs; none if the value is None.

    Args:
        value: one ID or several; or what `PhotaTaskSensor` returned of tasks that created profiles.

    Raises:
        PhotaInputError: There are no IDs in it, or one of them twice.
    """
    if value is None:
        return ()
    if isinstance(value, str) and is_collection_repr(value):
        raise PhotaInputError("profile_ids", f"is the text of a list, {shown(value)}. {RENDERED_TO_TEXT}")
    given = _profile_ids_in(value)
    profile_ids = checked_texts("profile_ids", [given] if isinstance(given, str) else given, of="profile IDs")
    if not profile_ids:
        raise PhotaInputError("profile_ids", "is an empty list: leave it out to do without a profile.")
    if len(set(profile_ids)) < len(profile_ids):
        raise PhotaInputError("profile_ids", "names the same profile twice.")
    for profile_id in profile_ids:
        check_sendable("profile_ids", profile_id)
    return profile_ids


def _profile_ids_in(value: object) -> object:
    """Puts the profiles of a finished task in the place of the task's dict."""
    if isinstance(value, Mapping) and "profile_ids" in value:
        return value["profile_ids"]
    if is_list(value):
        return [_profile_ids_in(each) if isinstance(each, Mapping) else each for each in value]
    return value


def checked_texts(argument: str, value: object, *, of: str) -> tuple[str, ...]:
    """Returns the texts of a list; the members of a list in it count as its own.

    Args:
        argument: what the user calls the list.
        value: what the user gave.
        of: what the texts are, for messages.

    Raises:
        PhotaInputError: It is not a list, or something in it is not a text.
    """
    # a mapped task hands over a lazy sequence that is not a list; a dict would become its keys
    if not isinstance(value, Iterable) or isinstance(value, (bytes, bytearray, dict, set)):
        raise PhotaInputError(argument, f"must be a list of {of}, got {shown(value)}.")
    items = tuple(flattened(value))
    texts = tuple(item for item in items if isinstance(item, str) and item.strip() and item != "None")
    if len(texts) < len(items):
        wrong = next(item for item in items if item not in texts)
        hint = hint_for(wrong) if isinstance(wrong, (int, float)) else ""
        raise PhotaInputError(argument, f"must hold non-empty strings only, got {shown(wrong)} in it.{hint}")
    return texts


def check_sendable(argument: str, text: str) -> None:
    """Refuses a text that cannot be sent as JSON, or be stored by a database.

    Raises:
        PhotaInputError: It has a NUL character or half a surrogate pair in it.
    """
    if "\x00" in text:
        raise PhotaInputError(argument, "has a NUL character in it.")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise PhotaInputError(argument, "has half a surrogate pair in it, which is not text.") from None

"""Checks the keys of items, which become names of files below the destination."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.batch.items.rows import KEY
from airflow_provider_phota.results.names import picture_extension
from airflow_provider_phota.storage.paths import Place

#: Bytes of one part of a key, and of all of them: S3 takes 1,024 with the destination.
_LONGEST_PART, _LONGEST = 200, 800
#: Digits of a row's number where it serves as a key, so that files sort as rows do.
_DIGITS = 6
#: Kinds of characters that no key has: control characters, halves of pairs, ends of lines.
_REFUSED = frozenset({"Cc", "Cs", "Zl", "Zp"})


def checked_key(value: object) -> str:
    """Returns the name of an item.

    Raises:
        PhotaInputError: It is not a text, or it cannot be a path below the destination.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise PhotaInputError(KEY, f"must be a text, got {shown(value)}.")
    _check_characters(value)
    for part in value.split("/"):
        _check_part(value, part)
    if len(value.encode()) > _LONGEST:
        raise PhotaInputError(KEY, f"has more than {_LONGEST} bytes: {shown(value)}.")
    return value


def _check_characters(key: str) -> None:
    if key.isascii() and key.isprintable() and "\\" not in key:
        return
    if "\\" in key:
        raise PhotaInputError(KEY, f"has a backslash in it: {shown(key)}.")
    kinds = {unicodedata.category(char) for char in key} & _REFUSED
    if "Cs" in kinds:
        raise PhotaInputError(KEY, f"has bytes in it that are not UTF-8: {shown(key)}.")
    if kinds:
        raise PhotaInputError(KEY, f"has a control character in it: {shown(key)}.")


def _check_part(key: str, part: str) -> None:
    if not part.strip():
        what = "begins with a slash" if key.startswith("/") else "has an empty part"
        raise PhotaInputError(KEY, f"{what if key.strip() else 'is empty'}: {shown(key)}.")
    if part.startswith("."):
        raise PhotaInputError(KEY, f"has a part that begins with a dot: {shown(key)}.")
    if len(part) * 4 > _LONGEST_PART and len(part.encode()) > _LONGEST_PART:
        raise PhotaInputError(KEY, f"has a part of more than {_LONGEST_PART} bytes: {shown(key)}.")


def usual_key(number: int, picture: str | None, folder: Place | None) -> str:
    """Returns the key of an item whose user gave none.

    Args:
        number: of the row.
        picture: the first one of the item, as a URL; None if the item has none.
        folder: of the manifest.

    Raises:
        PhotaInputError: The picture has no name to make a key of.
    """
    if picture is None:
        return str(number).zfill(_DIGITS)
    if folder is not None and picture.startswith(f"{folder.url}/"):
        return picture.removeprefix(f"{folder.url}/")
    name = picture.rpartition("/")[2]
    if picture.lower().startswith(("http://", "https://")):
        name = unquote(urlsplit(picture).path.rpartition("/")[2])
    if not name:
        raise PhotaInputError(KEY, f"is missing, and {shown(picture)} has no name to make one of.")
    return name


def fields_of(key: str) -> Mapping[str, str]:
    """Returns the parts of a key by the names that templates have for them."""
    parent, _, name = key.rpartition("/")
    return {KEY: key, "name": name, "stem": without_extension(name), "parent": parent}


def without_extension(name: str) -> str:
    """Returns a name without the extension of a picture, if it has one."""
    return name.removesuffix(picture_extension(name))

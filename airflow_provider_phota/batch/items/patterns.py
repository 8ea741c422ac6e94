"""Reads a pattern such as `s3://shop/inbox/**/*.jpg`: where it begins, how deep it looks, what it matches."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from fsspec.utils import glob_translate  # type: ignore[import-untyped]  # it has no types

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.storage.paths import OBJECT_STORES, Place

_MAGIC = re.compile(r"[*?\[]")
#: Magic that is more often a part of a name, as in `photos [2024]`.
_BRACKET = "["


@dataclass(frozen=True)
class Pattern:
    """Says which files below a folder are meant.

    Attributes:
        root: the folder that keys begin below.
        head: what the names of all files begin with, below the root.
        depth: how many folders deep to look; any number if it is None.
        matches: tells the files that are meant by their paths below the root.
    """

    root: Place
    head: str
    depth: int | None
    matches: Callable[[str], object]


def pattern_of(place: Place, argument: str) -> Pattern | None:
    """Returns the pattern that a path is; None if it names one file or folder.

    A bracket is a part of a name if there is a file or folder with that name.

    Raises:
        PhotaInputError: It is not a pattern, or it does not name its bucket.
    """
    parts = place.path.split("/")
    first = _first_magic(place, parts)
    if first is None:
        return None
    if place.protocol in OBJECT_STORES and first == 0:
        raise PhotaInputError(argument, f"{shown(place.url)} must name its bucket.")
    root = _up(place, len(parts) - first)
    rest = "/".join(parts[first:])
    head = rest[: _position_of_magic(rest)]
    depth = None if "**" in rest else rest.count("/")
    return Pattern(root, head, depth, _matcher(rest, place, argument))


def _first_magic(place: Place, parts: list[str]) -> int | None:
    for index, part in enumerate(parts):
        if not _MAGIC.search(part):
            continue
        if not (_BRACKET in part and _up(place, len(parts) - index - 1).exists()):
            return index
    return None


def _up(place: Place, levels: int) -> Place:
    for _ in range(levels):
        place = place.parent
    return place


def _position_of_magic(text: str) -> int:
    found = _MAGIC.search(text)
    return found.start() if found else len(text)


def _matcher(rest: str, place: Place, argument: str) -> Callable[[str], object]:
    try:
        return re.compile(glob_translate(rest)).match
    except (ValueError, re.error):
        raise PhotaInputError(
            argument, f"{shown(place.url)} is not a pattern: ** stands between slashes, [ has its ]."
        ) from None

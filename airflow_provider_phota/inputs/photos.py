"""Finds the photos of a person in an object store: those of a folder, of a pattern, or of a list."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from fsspec.utils import glob_translate  # type: ignore[import-untyped]  # it has no types

from airflow_provider_phota.api.errors import PhotaInputError, PhotaUnreachable
from airflow_provider_phota.api.hints import RENDERED_TO_TEXT, is_collection_repr
from airflow_provider_phota.api.lists import flattened, is_list
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.storage.paths import OBJECT_STORES, Place, checked_path, reason_of
from airflow_provider_phota.storage.pictures import INPUT_EXTENSIONS
from airflow_provider_phota.storage.rights import is_denied

log = logging.getLogger(__name__)

#: What the user calls them.
ARGUMENT = "photos"
#: Photos of one person at most: more of them mean that the path is wrong.
MOST_PHOTOS = 10_000
#: Files that are looked through for them, by their names.
_MOST_FILES = 100_000
_MAGIC = re.compile(r"[*?\[]")


def photos_in(value: object) -> list[Place]:
    """Returns where the photos are, in the order of their paths.

    Whether a file really is a picture is seen later, when it is read.

    Args:
        value: a folder, whose own pictures are meant; a pattern such as `s3://bucket/anna/*.jpg`, in which
            `**` stands for any number of folders; one picture; or a list of pictures. A folder and a pattern
            leave out files that do not end like a picture, and files and folders whose name begins with a
            dot.

    Raises:
        PhotaInputError: There are no photos, too many, or one of them twice; or the role may not list them.
        PhotaUnreachable: The store could not be asked; a retry may help.
    """
    photos = _listed(value) if is_list(value) else _found(_place(value))
    if len(photos) > MOST_PHOTOS:
        raise PhotaInputError(ARGUMENT, f"are more than {MOST_PHOTOS}; is this right? {shown(value)}.")
    return sorted(photos, key=lambda photo: photo.url)


def _place(value: object) -> Place:
    if isinstance(value, str) and re.match(r"(?i)https?://", value):
        raise PhotaInputError(
            ARGUMENT, f"must be in an object store, or be the URL of one ZIP, got {shown(value)}."
        )
    if isinstance(value, str) and is_collection_repr(value):
        raise PhotaInputError(ARGUMENT, f"is the text of a list, {shown(value)}. {RENDERED_TO_TEXT}")
    if "\0" in str(value):
        raise PhotaInputError(ARGUMENT, f"{shown(value)} has a NUL character in it.")
    return Place.of(checked_path(ARGUMENT, value))


def _listed(values: Sequence[object]) -> list[Place]:
    photos = [_place(value) for value in flattened(values)]
    if not photos:
        raise PhotaInputError(ARGUMENT, "is an empty list: at least one photo is needed.")
    for url, count in Counter(photo.url for photo in photos).items():
        if count > 1:
            raise PhotaInputError(ARGUMENT, f"names the same photo twice: {shown(url)}.")
    return photos


def _found(place: Place) -> list[Place]:
    if place.protocol in OBJECT_STORES and _MAGIC.search(place.root):
        raise PhotaInputError(ARGUMENT, f"{shown(place.url)} must name its bucket.")
    try:
        # a name may have a bracket in it
        is_pattern = _MAGIC.search(place.path) and not place.exists()
        search = _pattern(place) if is_pattern else _Search(place, place, depth=0)
        files = list(search.files())
    except PhotaInputError:
        raise
    except (FileNotFoundError, NotADirectoryError):
        raise PhotaInputError(ARGUMENT, f"{shown(place.url)} is not there, or is empty.") from None
    except Exception as error:  # of whatever library the store speaks by
        url = shown(place.url)
        if is_denied(error):
            right = " (s3:ListBucket)" if place.protocol in ("s3", "s3a") else ""
            raise PhotaInputError(
                ARGUMENT,
                f"{url} cannot be listed: permission denied. Give the role that right{right}, or pass the "
                "paths of the photos as a list.",
            ) from None
        raise PhotaUnreachable(f"{ARGUMENT}: {url} could not be listed ({reason_of(error)}).") from None
    return files if files == [place] else _pictures(search, files)


def _pictures(search: _Search, files: list[Place]) -> list[Place]:
    """Returns those of the files that end like a picture."""
    pictures = [file for file in files if _ends_like_picture(file)]
    others = [file for file in files if not _ends_like_picture(file)]
    url = shown(search.asked.url)
    if not pictures:
        ends = ", ".join(f".{extension}" for extension in INPUT_EXTENSIONS)
        such = f", as {shown(others[0].url)} does not" if others else ""
        hint = f" For what is in its folders, write {shown(search.asked.url + '/**')}."
        raise PhotaInputError(
            ARGUMENT, f"no file of {url} ends in {ends}{such}.{hint if search.folders else ''}"
        )
    if others:
        log.warning(
            "%s of the %s files of %s do not end like a picture and are left out, such as %s.",
            *(len(others), len(files), url, others[0]),
        )
    return pictures


def _ends_like_picture(file: Place) -> bool:
    return file.name.rpartition(".")[2].lower() in INPUT_EXTENSIONS


def _pattern(pattern: Place) -> _Search:
    try:
        matches = re.compile(glob_translate(pattern.path)).match
    except (ValueError, re.error):
        raise PhotaInputError(
            ARGUMENT, f"{shown(pattern.url)} is not a pattern: ** stands between slashes, [ has its ]."
        ) from None
    base, depth = pattern, -1
    while depth < 0 or _MAGIC.search(base.path):
        base, depth = base.parent, depth + 1
    return _Search(pattern, base, None if "**" in pattern.path else depth, matches)


@dataclass
class _Search:
    """Looks for files below a folder.

    Attributes:
        asked: what the user gave.
        base: the folder to begin in.
        depth: how many folders deep to look; any number if it is None.
        matches: tells the files that are meant by their paths.
        folders: how many a search of a plain folder has left out.
    """

    asked: Place
    base: Place
    depth: int | None
    matches: Callable[[str], object] = field(default=bool)
    folders: int = 0

    def files(self) -> Iterator[Place]:
        """Yields them; fsspec's own walk passes over a folder that it cannot read, as if it were empty."""
        waiting, seen = [(self.base, 0)], 0
        while waiting:
            folder, deep = waiting.pop()
            for place, kind in _members(folder):
                seen += 1
                if seen > _MOST_FILES:
                    raise PhotaInputError(
                        ARGUMENT, f"{shown(self.asked.url)} has over {_MOST_FILES} files to look through."
                    )
                if kind == "file" and self.matches(place.path):
                    yield place
                elif kind == "directory" and (self.depth is None or deep < self.depth):
                    waiting.append((place, deep + 1))
                elif kind == "directory" and self.base is self.asked:
                    self.folders += 1


def _members(folder: Place) -> Iterator[tuple[Place, str]]:
    """Yields what is in a folder and is not hidden, with its kind; a file has itself in it."""
    for info in folder.fs.ls(folder.path or "/", detail=True):
        path = info["name"]
        name = path.rpartition("/")[2]
        if path == folder.path and info["type"] == "file":
            yield folder, "file"
        elif name and not name.startswith("."):  # an object that stands for a folder has no name
            place = folder / name
            yield place, _kind(place, info)


def _kind(place: Place, info: dict[str, Any]) -> str:
    """Returns what it is, behind a link too: but a folder behind a link may lead round in a circle."""
    if not info.get("islink"):
        return str(info["type"])
    try:
        return "file" if place.fs.info(place.path)["type"] == "file" else "link"
    except FileNotFoundError:
        return "file"  # which then cannot be read

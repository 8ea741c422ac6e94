"""Looks at a ZIP of photos that a user made, as it is in an object store."""

from __future__ import annotations

import hashlib
import os
import shutil
import struct
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.lists import flattened, is_list
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.inputs.photos import ARGUMENT, MOST_PHOTOS
from airflow_provider_phota.inputs.sources import Source, archive_source, reading
from airflow_provider_phota.storage.drafts import open_for_streaming
from airflow_provider_phota.storage.paths import Place, checked_path
from airflow_provider_phota.storage.pictures import INPUTS, NotAPicture, inspect_picture

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import ObjectStoragePath

_PIECE = 1024 * 1024
#: Bytes of a photo at most: it is unpacked to this machine's disk to be looked at.
_LARGEST_PHOTO = 512 * 1024 * 1024
#: How many times its size a ZIP may unpack to. Photos hardly shrink in a ZIP; a bomb grows a thousandfold.
_MOST_GROWTH = 100
#: Bytes of the list of a ZIP's files at most: `zipfile` holds all of it in memory, some 20 times as large.
_LONGEST_DIRECTORY = 2 * 1024 * 1024
_ENCRYPTED = 0x1


def ready_zip(value: object) -> ObjectStoragePath | None:
    """Returns the path of a ZIP if a user gave one in place of photos, and None otherwise.

    Raises:
        PhotaInputError: It is not a path that can be opened.
    """
    if is_list(value):
        items = list(flattened(value))
        value = items[0] if len(items) == 1 else None
    return checked_path(ARGUMENT, value) if str(value).lower().endswith(".zip") else None


def looked_at_zip(path: ObjectStoragePath, max_pixels: int) -> Source:
    """Returns a ZIP of a store, each photo of which was looked at.

    Args:
        path: of the ZIP.
        max_pixels: how many a photo in it may have.

    Raises:
        PhotaInputError: It is not there, or not a ZIP that holds photos and nothing else.
        PhotaUnreachable: The store could not be asked; a retry may help.
    """
    place = Place.of(path)
    with reading(place, ARGUMENT):
        with _sound(place), open_for_streaming(place) as file:
            size = file.seek(0, os.SEEK_END)
            with ZipFile(_Bounded(file)) as archive:
                contents = [_content(archive, photo, max_pixels) for photo in _photos(archive, size)]
        with open_for_streaming(place) as file:
            sha256, size = _digest(file)
    return archive_source(path, size, sha256, contents)


class _Unfit(Exception):
    """The ZIP cannot be used. The text continues a sentence that begins with its name."""


@contextmanager
def _sound(place: Place) -> Iterator[None]:
    """Explains what is wrong with a ZIP or with what is in it."""
    url = shown(place.url)
    damage = (BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, ValueError, LookupError)
    try:
        yield
    except _Unfit as problem:
        raise PhotaInputError(ARGUMENT, f"{url} {problem}.") from None
    except damage as error:
        detail = f": {shown(str(error))}" if isinstance(error, BadZipFile) else ""
        raise PhotaInputError(ARGUMENT, f"{url} is not a ZIP, or it is damaged{detail}.") from None


def _photos(archive: ZipFile, size: int) -> list[ZipInfo]:
    """Returns the entries for photos, after a look at what can be known without unpacking."""
    photos = [entry for entry in archive.infolist() if not _is_beside_the_point(entry)]
    if not photos:
        raise _Unfit("has no photos in it")
    if len(photos) > MOST_PHOTOS:
        raise _Unfit(f"has more than {MOST_PHOTOS} files in it")
    for photo in photos:
        if problem := _problem(photo):
            raise _Unfit(f"has {shown(photo.filename)} in it, which {problem}")
    # of entries that overlap as well, which share their bytes
    if sum(photo.file_size for photo in photos) > size * _MOST_GROWTH:
        raise _Unfit(f"unpacks to more than {_MOST_GROWTH} times its size, which photos do not")
    return photos


def _is_beside_the_point(entry: ZipInfo) -> bool:
    """Returns True for folders, and for what macOS and Windows put into a ZIP unasked."""
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in entry.filename.split("/"))
    return hidden or entry.is_dir() or entry.filename.lower().endswith(("thumbs.db", "desktop.ini"))


def _problem(photo: ZipInfo) -> str:
    if photo.flag_bits & _ENCRYPTED:
        return "is encrypted"
    if photo.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        return "is compressed in a way that few programs can read: use deflate, or none"
    if photo.file_size > _LARGEST_PHOTO:
        return f"is larger than {_LARGEST_PHOTO >> 20} MB"
    return ""


def _content(archive: ZipFile, photo: ZipInfo, max_pixels: int) -> str:
    """Returns the SHA-256 of a photo, unpacked to a nameless file so that it can be looked at."""
    with archive.open(photo) as packed, tempfile.TemporaryFile() as file:
        shutil.copyfileobj(packed, file, _PIECE)
        try:
            return inspect_picture(file, INPUTS, max_pixels=max_pixels, decoded=True).sha256
        except NotAPicture as problem:
            raise _Unfit(f"has {shown(photo.filename)} in it, which {problem}") from None


def _digest(file: IO[bytes]) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    while piece := file.read(_PIECE):
        digest.update(piece)
        size += len(piece)
    return digest.hexdigest(), size


class _Bounded:
    """Reads a file for `zipfile`, but not a list of files that would fill the memory."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.tell = file.tell

    def read(self, size: int = -1) -> bytes:
        if size > _LONGEST_DIRECTORY:
            raise _Unfit("has too many files in it, or their names are too long")
        return self._file.read(size)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        if offset < 0 and whence == os.SEEK_SET:
            raise BadZipFile("A file in it has no place")
        return self._file.seek(offset, whence)

    def seekable(self) -> bool:
        return True

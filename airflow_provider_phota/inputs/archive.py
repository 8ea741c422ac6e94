"""Makes one ZIP of many photos that is never there as a whole: it is written while it is read.

Each photo is read twice. The first time it is checked, and `zipfile` writes what stands around the photos in
a ZIP: their names, sizes and checksums. That is kept, and the photos are not. The second time is the upload,
which puts the photos between the kept parts, a piece at a time.

`zipfile` alone could write such a ZIP in one go, with each checksum behind its photo. But programs that read
a ZIP from its beginning, as a service may, refuse that where files are not compressed.
"""

from __future__ import annotations

import hashlib
import io
import zlib
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import IO
from zipfile import ZipFile, ZipInfo

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.inputs.photos import ARGUMENT, photos_in
from airflow_provider_phota.inputs.ready_zips import looked_at_zip, ready_zip
from airflow_provider_phota.inputs.sources import Source, archive_source, reading
from airflow_provider_phota.inputs.streams import Frame, Reader
from airflow_provider_phota.storage.drafts import open_for_reading, open_for_streaming
from airflow_provider_phota.storage.paths import Place
from airflow_provider_phota.storage.pictures import INPUTS, inspect_picture

#: Bytes of a photo that are in memory at once.
_PIECE = 256 * 1024
#: Every photo has the earliest time that a ZIP knows, and the rights of a plain file on Unix: the bytes of
#: the ZIP depend on the photos alone.
_TIME = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_PLAIN_FILE = 0o100644 << 16


def looked_at_photos(value: object, max_pixels: int) -> Source:
    """Returns the one ZIP of a person's photos, each of which was looked at.

    Args:
        value: as in `photos_in`; or a ZIP in a store, which is taken as it is.
        max_pixels: how many a photo may have.

    Raises:
        PhotaInputError: There are no photos, or one of them is missing, cut, damaged or not a picture.
        PhotaUnreachable: The store could not be asked; a retry may help.
    """
    if (path := ready_zip(value)) is not None:
        return looked_at_zip(path, max_pixels)
    return archive_of(photos_in(value), max_pixels)


def archive_of(photos: Sequence[Place], max_pixels: int) -> Source:
    """Returns a ZIP of photos in their order; arguments and errors as in `looked_at_photos`."""
    frame, digest = Frame(), hashlib.sha256()
    members: list[_Member] = []
    contents: list[str] = []
    with ZipFile(frame, "w") as archive:
        for number, place in enumerate(photos, 1):
            with reading(place, ARGUMENT), open_for_reading(place) as file:
                picture = inspect_picture(file, INPUTS, max_pixels=max_pixels, decoded=True)
                entry = _entry(f"{number:04}.{picture.extension}", picture.bytes)
                member = _Member(place, entry, _written(entry, file, archive, frame))
                for piece in chain([member.header], _pieces(file)):
                    digest.update(piece)
            members.append(member)
            contents.append(picture.sha256)
    made = Archive(tuple(members), frame.taken())
    digest.update(made.directory)
    return archive_source(made, made.size, digest.hexdigest(), contents)


@dataclass(frozen=True)
class _Member:
    """Is a photo with what stands in front of it in the ZIP."""

    place: Place
    entry: ZipInfo
    header: bytes


@dataclass(frozen=True, repr=False)
class Archive:
    """Is a file to be uploaded, made each time it is opened.

    Attributes:
        members: the photos.
        directory: what stands behind the last one.
        name: a name for messages.
    """

    members: tuple[_Member, ...]
    directory: bytes
    name: str = "photos.zip"

    def __repr__(self) -> str:
        return f"the ZIP of the photos ({len(self.members)})"

    @property
    def size(self) -> int:
        around = sum(len(member.header) for member in self.members) + len(self.directory)
        return around + sum(member.entry.file_size for member in self.members)

    def open(self, mode: str = "rb", /) -> IO[bytes]:  # noqa: ARG002  # as a path is opened
        """Opens the ZIP to be read from its beginning.

        Raises:
            PhotaInputError: While it is read: a photo changed since it was looked at, or is gone.
            PhotaUnreachable: While it is read: the store could not be asked; a retry may help.
        """
        return io.BufferedReader(Reader(self._pieces()), _PIECE)

    def _pieces(self) -> Generator[bytes, None, None]:
        for member in self.members:
            yield member.header
            yield from _unchanged(member)
        yield self.directory


def _entry(name: str, size: int) -> ZipInfo:
    entry = ZipInfo(name, _TIME)
    entry.file_size = size
    entry.create_system = _UNIX
    entry.external_attr = _PLAIN_FILE
    return entry


def _written(entry: ZipInfo, file: IO[bytes], archive: ZipFile, frame: Frame) -> bytes:
    """Returns what `zipfile` writes in front of a file once it has seen all of it."""
    with archive.open(entry, "w") as target:
        frame.keeps = False
        for piece in _pieces(file):
            target.write(piece)
        frame.keeps = True
    return frame.taken()


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    while piece := file.read(_PIECE):
        yield piece


def _unchanged(member: _Member) -> Iterator[bytes]:
    """Yields a photo's bytes, and names it if they are not what they were."""
    size, checksum, entry = 0, 0, member.entry
    with reading(member.place, ARGUMENT), open_for_streaming(member.place) as file:
        while size <= entry.file_size and (piece := file.read(_PIECE)):
            size, checksum = size + len(piece), zlib.crc32(piece, checksum)
            yield piece
    if (size, checksum) != (entry.file_size, entry.CRC):
        raise PhotaInputError(ARGUMENT, f"{shown(member.place.url)} changed while it was uploaded.")

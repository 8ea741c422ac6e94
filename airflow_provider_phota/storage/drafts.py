"""Files that get their name when they are whole: nobody ever finds half of one under it."""

from __future__ import annotations

import fcntl
import glob
import shutil
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO
from uuid import uuid4

from fsspec import AbstractFileSystem  # type: ignore[import-untyped]  # it has no types
from fsspec.implementations.local import LocalFileSystem  # type: ignore[import-untyped]

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.storage.paths import OBJECT_STORES, Place, reason_of

#: Where files of a disk gather before they have a name, beside where they will be.
PARTS = ".phota-parts"
#: What some of them call the content type when a file is put there.
_CONTENT_TYPE = {"s3": "ContentType", "s3a": "ContentType", "gs": "content_type", "gcs": "content_type"}


class Draft(ABC):
    """A file without a name: write to it, look at it, publish it or let it go."""

    file: IO[bytes]

    @abstractmethod
    def publish(self, place: Place, content_type: str) -> None:
        """Make it the file of that name, and replace what has that name now."""

    @abstractmethod
    def discard(self) -> None:
        """Leave nothing of it but what was published."""


@contextmanager
def drafted(place: Place) -> Iterator[Draft]:
    """A draft of a file; the directory is made if it is missing.

    Args:
        place: the name it will have, but for the extension.

    Raises:
        OSError: there can be no such file.
    """
    if isinstance(place.fs, LocalFileSystem):
        draft: Draft = _LocalDraft(Path(place.path))
    else:
        draft = _RemoteDraft()
    with draft.file:
        try:
            yield draft
        finally:
            draft.discard()


def opened(place: Place) -> IO[bytes]:
    """A file of the store, to be read in any order."""
    if isinstance(place.fs, LocalFileSystem):
        return Path(place.path).open("rb")
    copy = tempfile.TemporaryFile()  # noqa: SIM115  # the caller closes it
    with place.fs.open(place.path, "rb") as file:
        shutil.copyfileobj(file, copy, 1024 * 1024)
    copy.seek(0)
    return copy


class _LocalDraft(Draft):
    """In a folder beside where it will be: on the same disk a name is changed at once.

    Whoever writes holds a lock on its own file. A file that nobody holds was left by an attempt that was
    killed; two attempts that write at once do not meet, and the last one's file stays.
    """

    def __init__(self, stem: Path) -> None:
        self._folder = stem.parent / PARTS
        self._path = self._folder / f"{stem.name}.{uuid4().hex[:8]}.part"
        self.file = self._created()
        with suppress(OSError):  # a file system without locks keeps what was left
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for part in self._folder.glob(f"{glob.escape(stem.name)}.*.part"):
            if part != self._path:
                _remove_if_left(part)

    def _created(self) -> IO[bytes]:
        while True:
            self._folder.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):  # another one has just tidied up
                return self._path.open("x+b")

    def publish(self, place: Place, content_type: str) -> None:  # noqa: ARG002  # a disk keeps none
        self.file.flush()
        self._path.replace(place.path)

    def discard(self) -> None:
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
        with suppress(OSError):
            self._folder.rmdir()  # unless others are at work


def _remove_if_left(part: Path) -> None:
    with suppress(OSError), part.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        part.unlink()


class _RemoteDraft(Draft):
    """In a nameless file of this machine, which goes with the process however it ends."""

    def __init__(self) -> None:
        self.file = tempfile.TemporaryFile()  # noqa: SIM115  # closed by `drafted`

    def publish(self, place: Place, content_type: str) -> None:
        self.file.flush()
        self.file.seek(0)  # where /dev/fd shares the position
        if place.protocol in OBJECT_STORES:
            self._put(place, place.path, content_type)
            return
        part = f"{place.folder}/.{place.name}.{uuid4().hex[:8]}.part"
        place.fs.makedirs(place.folder, exist_ok=True)
        self._put(place, part, content_type)
        _rename(place.fs, part, place.path)

    def discard(self) -> None:
        """It has no name to take away."""

    def _put(self, place: Place, target: str, content_type: str) -> None:
        option = _CONTENT_TYPE.get(place.protocol)
        options = {option: content_type} if option else {}
        place.fs.put_file(f"/dev/fd/{self.file.fileno()}", target, **options)


def _rename(fs: AbstractFileSystem, part: str, target: str) -> None:
    if type(fs).mv is AbstractFileSystem.mv:  # which takes brackets in a name for a pattern
        fs.cp_file(part, target)
        fs.rm_file(part)
        return
    if fs.exists(target):  # not every server renames over a file
        fs.rm_file(target)
    fs.mv(part, target)


def check_writable(directory: Place) -> None:
    """Refuse a directory of a disk that nothing can be written to; a store is not asked.

    Raises:
        PhotaInputError: why.
    """
    if not isinstance(directory.fs, LocalFileSystem):
        return
    try:
        with drafted(directory / "writable"):
            pass
    except OSError as error:
        raise PhotaInputError(
            "destination", f"{directory} cannot be written to ({reason_of(error)})."
        ) from None

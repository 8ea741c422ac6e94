"""Writes files that get their name once they are whole, so that a reader never finds half a file."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO
from uuid import uuid4

from fsspec.implementations.local import LocalFileSystem  # type: ignore[import-untyped]  # it has no types

from airflow_provider_phota.storage.objects import creates_exclusively, rename
from airflow_provider_phota.storage.paths import OBJECT_STORES, Place
from airflow_provider_phota.storage.rights import is_taken, lacks_exclusive_creation

#: The folder for unfinished files on a disk, next to where they will be.
PARTS = ".phota-parts"
#: The option by which some file systems take the content type of a new file.
_CONTENT_TYPE_OPTIONS = {
    "s3": "ContentType",
    "s3a": "ContentType",
    "gs": "content_type",
    "gcs": "content_type",
}

#: Bytes that are fetched at once. Without it, s3fs would keep 50 MB of a file in memory.
_BLOCK = 8 * 1024 * 1024


class Draft(ABC):
    """A file without a name. Write to it and read it, then publish it or discard it."""

    file: IO[bytes]

    @abstractmethod
    def publish(self, place: Place, content_type: str) -> None:
        """Gives the file its name, and replaces the file that has the name now."""

    @abstractmethod
    def publish_new(self, place: Place, content_type: str) -> None:
        """Gives the file a name that is still free.

        If the store cannot create exclusively, the name is looked up first.

        Raises:
            FileExistsError: another file has the name.
        """

    @abstractmethod
    def discard(self) -> None:
        """Removes everything that was not published."""


@contextmanager
def new_draft(place: Place) -> Iterator[Draft]:
    """Opens a draft, and discards what was not published of it. The folder is made if it is missing.

    Args:
        place: the name that the file will have, with or without its extension.

    Raises:
        OSError: there cannot be such a file.
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


def open_for_reading(place: Place) -> IO[bytes]:
    """Opens a file of a store, so that it can be read in any order. The caller closes it."""
    if isinstance(place.fs, LocalFileSystem):
        return Path(place.path).open("rb")
    with open_for_streaming(place) as file, ExitStack() as on_failure:
        copy = on_failure.enter_context(tempfile.TemporaryFile())
        shutil.copyfileobj(file, copy, 1024 * 1024)
        copy.seek(0)
        on_failure.pop_all()  # nothing failed: the copy stays open for the caller
    return copy


def open_for_streaming(place: Place) -> IO[bytes]:
    """Opens a file of a store to be read mostly from beginning to end, with little of it in memory."""
    if isinstance(place.fs, LocalFileSystem):
        return Path(place.path).open("rb")
    file: IO[bytes] = place.fs.open(place.path, "rb", block_size=_BLOCK)
    return file


class _LocalDraft(Draft):
    """Lies in a folder next to its later place: within one disk, a rename happens at once.

    Each writer holds a lock on its own part. A part without a lock was left by an attempt that was killed.
    Two attempts that write the same file at once have two parts, and the file of the last one stays.
    """

    def __init__(self, stem: Path) -> None:
        self._folder = stem.parent / PARTS
        self._path = self._folder / f"{stem.name}.{uuid4().hex[:8]}.part"
        self.file = self._create_part()
        with suppress(OSError):  # a file system without locks keeps the parts that were left
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for part in self._folder.iterdir():  # `glob` would compile a pattern for each file
            if part != self._path and part.name.startswith(f"{stem.name}.") and part.suffix == ".part":
                _remove_if_left(part)

    def _create_part(self) -> IO[bytes]:
        while True:
            self._make_folder()
            with suppress(FileNotFoundError):  # another attempt has just removed the empty folder: try again
                return self._path.open("x+b")

    def _make_folder(self) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            # mkdir says so too if another attempt removes the folder between its two looks at it
            with suppress(FileNotFoundError):
                if not stat.S_ISDIR(self._folder.stat().st_mode):
                    raise

    def publish(self, place: Place, content_type: str) -> None:  # noqa: ARG002  # a disk keeps no types
        self.file.flush()
        self._path.replace(place.path)

    def publish_new(self, place: Place, content_type: str) -> None:
        self.file.flush()
        try:
            os.link(self._path, place.path)
        except FileExistsError:
            raise
        except OSError:  # a disk without links
            if place.exists():
                raise FileExistsError(place.path) from None
            self.publish(place, content_type)

    def discard(self) -> None:
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
        with suppress(OSError):  # another attempt may still have a part in it
            self._folder.rmdir()


def _remove_if_left(part: Path) -> None:
    with suppress(OSError), part.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        part.unlink()


class _RemoteDraft(Draft):
    """Lies in a file without a name on this machine, which goes with the process, however that ends."""

    def __init__(self) -> None:
        self.file = tempfile.TemporaryFile()  # noqa: SIM115  # `new_draft` closes it

    def publish(self, place: Place, content_type: str) -> None:
        if place.protocol in OBJECT_STORES:
            self._put(place, place.path, content_type)
            return
        part = f"{place.folder}/.{place.name}.{uuid4().hex[:8]}.part"
        place.fs.makedirs(place.folder, exist_ok=True)
        self._put(place, part, content_type)
        rename(place.fs, part, place.path)

    def publish_new(self, place: Place, content_type: str) -> None:
        if creates_exclusively(place):
            try:
                self._put(place, place.path, content_type, mode="create")
                return
            except Exception as error:
                if is_taken(error):
                    raise FileExistsError(place.path) from None
                if not lacks_exclusive_creation(error):
                    raise
        if place.exists():
            raise FileExistsError(place.path)
        self.publish(place, content_type)

    def discard(self) -> None:
        """Does nothing, since the file has no name to remove."""

    def _put(self, place: Place, target: str, content_type: str, **options: str) -> None:
        self.file.flush()
        self.file.seek(0)  # on some systems /dev/fd shares the position
        if option := _CONTENT_TYPE_OPTIONS.get(place.protocol):
            options[option] = content_type
        place.fs.put_file(f"/dev/fd/{self.file.fileno()}", target, **options)

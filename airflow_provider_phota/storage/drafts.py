"""Files that get their name when they are whole: nobody ever finds half of one under it."""

from __future__ import annotations

import fcntl
import glob
import os
import shutil
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
from airflow_provider_phota.storage.rights import is_taken, is_unconditional

#: Where files of a disk gather before they have a name, beside where they will be.
PARTS = ".phota-parts"
#: What some of them call the content type when a file is put there.
_CONTENT_TYPE = {"s3": "ContentType", "s3a": "ContentType", "gs": "content_type", "gcs": "content_type"}

#: Bytes that are fetched at once; s3fs by itself would keep 50 MB of a file in memory.
_BLOCK = 8 * 1024 * 1024


class Draft(ABC):
    """A file without a name: write to it, look at it, publish it or let it go."""

    file: IO[bytes]

    @abstractmethod
    def publish(self, place: Place, content_type: str) -> None:
        """Make it the file of that name, and replace what has that name now."""

    @abstractmethod
    def publish_new(self, place: Place, content_type: str) -> None:
        """Make it the file of that name, which no file has yet.

        Where the store can create exclusively, it decides; elsewhere it is looked at first.

        Raises:
            FileExistsError: another file has the name.
        """

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
    with streamed(place) as file, ExitStack() as opened_here:
        copy = opened_here.enter_context(tempfile.TemporaryFile())
        shutil.copyfileobj(file, copy, 1024 * 1024)
        copy.seek(0)
        opened_here.pop_all()  # the caller closes it
    return copy


def streamed(place: Place) -> IO[bytes]:
    """Opens a file of the store to be read mostly in its order; little of it is in memory at a time."""
    if isinstance(place.fs, LocalFileSystem):
        return Path(place.path).open("rb")
    file: IO[bytes] = place.fs.open(place.path, "rb", block_size=_BLOCK)
    return file


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
                if not is_unconditional(error):
                    raise
        if place.exists():
            raise FileExistsError(place.path)
        self.publish(place, content_type)

    def discard(self) -> None:
        """It has no name to take away."""

    def _put(self, place: Place, target: str, content_type: str, **how: str) -> None:
        self.file.flush()
        self.file.seek(0)  # where /dev/fd shares the position
        if option := _CONTENT_TYPE.get(place.protocol):
            how[option] = content_type
        place.fs.put_file(f"/dev/fd/{self.file.fileno()}", target, **how)

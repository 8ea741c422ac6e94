"""Files that get their name when they are whole: nobody ever finds half of one under it."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from fsspec.implementations.local import LocalFileSystem  # type: ignore[import-untyped]  # it has no types

from airflow_provider_phota.storage.paths import Place

#: Stores in which a file is there when its last byte is, and not before; they know no cheap move.
_ALL_OR_NOTHING = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl", "oss"})
#: What some of them call the content type when a file is put there.
_CONTENT_TYPE = {"s3": "ContentType", "s3a": "ContentType", "gs": "content_type", "gcs": "content_type"}


class Draft(ABC):
    """A file without a name: write to it, look at it, publish it or let it go."""

    file: IO[bytes]

    @abstractmethod
    def publish(self, place: Place, content_type: str) -> None:
        """Make it the file of that name, and replace what has that name now."""


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
            if isinstance(draft, _LocalDraft):
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
    """Beside where it will be: on the same disk a name is changed at once."""

    def __init__(self, stem: Path) -> None:
        self._path = stem.with_name(_hidden(stem.name))
        try:
            self._path.unlink(missing_ok=True)  # what an attempt that was killed has left
            self.file = self._path.open("x+b")
        except FileNotFoundError:
            stem.parent.mkdir(parents=True, exist_ok=True)
            self.file = self._path.open("x+b")

    def publish(self, place: Place, content_type: str) -> None:  # noqa: ARG002  # a disk keeps none
        self.file.flush()
        if not self._is_mine():
            raise FileExistsError(errno.EEXIST, "another attempt is landing this picture")
        self._path.replace(place.path)

    def discard(self) -> None:
        with suppress(OSError):
            if self._is_mine():
                self._path.unlink()

    def _is_mine(self) -> bool:
        """Whether the name still means this file: an attempt that was taken for dead may go on beside us."""
        try:
            return os.path.samestat(os.fstat(self.file.fileno()), self._path.stat())
        except FileNotFoundError:
            return False


class _RemoteDraft(Draft):
    """In a nameless file of this machine, which goes with the process however it ends."""

    def __init__(self) -> None:
        self.file = tempfile.TemporaryFile()  # noqa: SIM115  # closed by `drafted`

    def publish(self, place: Place, content_type: str) -> None:
        self.file.flush()
        self.file.seek(0)  # where /dev/fd shares the position
        if place.protocol in _ALL_OR_NOTHING:
            self._put(place, place.path, content_type)
            return
        part = f"{place.folder}/{_hidden(place.name)}"
        place.fs.makedirs(place.folder, exist_ok=True)
        self._put(place, part, content_type)
        if place.exists():
            place.fs.rm_file(place.path)
        place.fs.mv(part, place.path)

    def _put(self, place: Place, target: str, content_type: str) -> None:
        option = _CONTENT_TYPE.get(place.protocol)
        options = {option: content_type} if option else {}
        place.fs.put_file(f"/dev/fd/{self.file.fileno()}", target, **options)


def _hidden(name: str) -> str:
    return f".{name}.part"

"""Files that get their name when they are whole: nobody ever finds half of one under it."""

from __future__ import annotations

import shutil
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING
from uuid import uuid4

from fsspec.implementations.local import LocalFileSystem  # type: ignore[import-untyped]  # it has no types

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import ObjectStoragePath

#: Stores in which a file is there when its last byte is, and not before; they know no cheap move.
_ALL_OR_NOTHING = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl", "oss"})
#: What some of them call the content type when a file is put there.
_CONTENT_TYPE = {"s3": "ContentType", "s3a": "ContentType", "gs": "content_type", "gcs": "content_type"}


class Draft(ABC):
    """A file without a name: write to it, look at it, publish it or let it go."""

    file: IO[bytes]

    @abstractmethod
    def publish(self, path: ObjectStoragePath, content_type: str) -> None:
        """Make it the file of that name, and replace what has that name now."""


@contextmanager
def drafted(path: ObjectStoragePath) -> Iterator[Draft]:
    """A draft of a file; the directory is made if it is missing.

    Args:
        path: the name it will have, but for the extension.

    Raises:
        OSError: there can be no such file.
    """
    if isinstance(path.fs, LocalFileSystem):
        draft: Draft = _LocalDraft(Path(path.path))
    else:
        draft = _RemoteDraft()
    with draft.file:
        try:
            yield draft
        finally:
            if isinstance(draft, _LocalDraft):
                draft.discard()


def opened(path: ObjectStoragePath) -> IO[bytes]:
    """A file of the store, to be read in any order."""
    if isinstance(path.fs, LocalFileSystem):
        return Path(path.path).open("rb")
    copy = tempfile.TemporaryFile()  # noqa: SIM115  # the caller closes it
    with path.fs.open(path.path, "rb") as file:
        shutil.copyfileobj(file, copy, 1024 * 1024)
    return copy


class _LocalDraft(Draft):
    """Beside where it will be: on the same disk a name is changed at once."""

    def __init__(self, stem: Path) -> None:
        stem.parent.mkdir(parents=True, exist_ok=True)
        # what an attempt that was killed has left
        for leftover in stem.parent.glob(f"{_escaped(_hidden(stem.name))}.*.part"):
            leftover.unlink(missing_ok=True)
        self._path = stem.with_name(f"{_hidden(stem.name)}.{uuid4().hex[:8]}.part")
        self.file = self._path.open("x+b")

    def publish(self, path: ObjectStoragePath, content_type: str) -> None:  # noqa: ARG002  # a disk keeps none
        self.file.flush()
        self._path.replace(path.path)

    def discard(self) -> None:
        with suppress(OSError):
            self._path.unlink(missing_ok=True)


class _RemoteDraft(Draft):
    """In a nameless file of this machine, which goes with the process however it ends."""

    def __init__(self) -> None:
        self.file = tempfile.TemporaryFile()  # noqa: SIM115  # closed by `drafted`

    def publish(self, path: ObjectStoragePath, content_type: str) -> None:
        self.file.flush()
        self.file.seek(0)  # where /dev/fd shares the position
        if path.protocol in _ALL_OR_NOTHING:
            self._put(path, path.path, content_type)
            return
        part = path.with_name(f"{_hidden(path.name)}.part").path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._put(path, part, content_type)
        if path.exists():
            path.fs.rm_file(path.path)
        path.fs.mv(part, path.path)

    def _put(self, path: ObjectStoragePath, target: str, content_type: str) -> None:
        option = _CONTENT_TYPE.get(path.protocol)
        options = {option: content_type} if option else {}
        path.fs.put_file(f"/dev/fd/{self.file.fileno()}", target, **options)


def _hidden(name: str) -> str:
    return f".{name}"


def _escaped(name: str) -> str:
    """For a glob pattern."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)

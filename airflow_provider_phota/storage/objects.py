"""Small objects of a store: read whole, created by one process alone, removed. Never from a cache."""

from __future__ import annotations

import errno
import logging
import os
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from uuid import uuid4

from fsspec import AbstractFileSystem  # type: ignore[import-untyped]  # it has no types
from fsspec.implementations.local import LocalFileSystem  # type: ignore[import-untyped]

from airflow_provider_phota.storage.paths import OBJECT_STORES, Place
from airflow_provider_phota.storage.rights import is_unconditional

log = logging.getLogger(__name__)

#: Stores whose fsspec file system asks for exclusive creation: `If-None-Match: *` on S3,
#: `ifGenerationMatch=0` on GCS, `overwrite=False` on Azure.
_EXCLUSIVE = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl"})
#: What a disk without hard links says.
_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV})


def creates_exclusively(place: Place) -> bool:
    """True where two processes cannot both create the same object, as far as the kind of store tells."""
    return isinstance(place.fs, LocalFileSystem) or place.protocol in _EXCLUSIVE


def read(place: Place) -> bytes:
    """The object as it is now.

    Raises:
        FileNotFoundError: there is no such object.
    """
    if isinstance(place.fs, LocalFileSystem):
        return Path(place.path).read_bytes()
    return bytes(place.fs.cat_file(place.path))


def create(place: Place, content: bytes) -> bool:
    """Create an object that is not there yet.

    Args:
        place: in a folder that exists, or in a store that has no folders.
        content: not the same in any two calls, since it tells whose object is there.

    Returns:
        True if this call created it, False if another one's is there.
    """
    try:
        _create(place, content)
    except FileExistsError:
        # a request that the store's library sent twice finds its own object
        return read(place) == content
    except Exception as error:
        if is_unconditional(error):
            return _create_unguarded(place, content)
        if not place.exists():
            raise
        return read(place) == content
    return True


def _create_unguarded(place: Place, content: bytes) -> bool:
    """Look, then write: all that a server can do that does not know the condition."""
    warn_of_races(f"{place.protocol}://{place.root}")
    if place.exists():
        return read(place) == content
    place.fs.pipe_file(place.path, content)
    return True


@lru_cache(maxsize=64)
def warn_of_races(store: str) -> None:
    """Say in the log, once a process, that a store cannot decide between two attempts."""
    log.warning(
        "%s cannot create an object exclusively: two attempts of one task that run at once may both pay.",
        store,
    )


def put_new(place: Place, content: bytes) -> None:
    """Create an object that is not there yet; raises whatever the store's library raises if it is."""
    _create(place, content)


def replace(place: Place, content: bytes) -> None:
    """Write an object, in place of what is there; it is found whole or as it was, and never half.

    Its folder must exist, in stores that have folders.
    """
    if isinstance(place.fs, LocalFileSystem):
        part = Path(place.folder, f".{place.name}.{uuid4().hex[:8]}.part")
        try:
            _write_new(part, content)
            part.replace(place.path)
        finally:
            part.unlink(missing_ok=True)
    elif place.protocol in OBJECT_STORES:
        place.fs.pipe_file(place.path, content)
    else:
        target = f"{place.folder}/.{place.name}.{uuid4().hex[:8]}.part"
        place.fs.pipe_file(target, content)
        rename(place.fs, target, place.path)


def make_folder(folder: Place) -> None:
    """Make a folder of a store that has folders; what it lies in must exist."""
    if folder.protocol not in OBJECT_STORES:
        with suppress(FileExistsError):
            folder.fs.mkdir(folder.path, create_parents=False)


def rename(fs: AbstractFileSystem, part: str, target: str) -> None:
    """Give a file another name, in place of what has it, in a store that has folders."""
    if type(fs).mv is AbstractFileSystem.mv:  # which takes brackets in a name for a pattern
        fs.cp_file(part, target)
        fs.rm_file(part)
        return
    if fs.exists(target):  # not every server renames over a file
        fs.rm_file(target)
    fs.mv(part, target)


def names(folder: Place) -> list[str]:
    """The names of what is in a folder, in their order; a folder that is not there is empty."""
    try:
        paths = [path.rstrip("/") for path in folder.fs.ls(folder.path, detail=False)]
    except (FileNotFoundError, NotADirectoryError):
        return []
    # an object store may list the folder itself, where somebody made an object to stand for it
    return sorted(path.rpartition("/")[2] for path in paths if path != folder.path)


def remove(place: Place) -> None:
    """Remove an object, if it is there."""
    try:
        place.fs.rm_file(place.path)
    except FileNotFoundError:
        return


def modified_at(place: Place) -> float:
    """Epoch seconds at which an object was written, by the store's own clock.

    Raises:
        FileNotFoundError: there is no such object.
    """
    return float(place.fs.modified(place.path).timestamp())


def _create(place: Place, content: bytes) -> None:
    if isinstance(place.fs, LocalFileSystem):
        _create_on_disk(Path(place.path), content)
    elif place.protocol in _EXCLUSIVE:
        place.fs.pipe_file(place.path, content, mode="create")
    elif place.exists():
        raise FileExistsError(place.path)
    else:
        place.fs.pipe_file(place.path, content)


def _create_on_disk(path: Path, content: bytes) -> None:
    # a file that is created under its name can be met empty: a link gives the name to one that is whole
    part = path.with_name(f".{path.name}.{uuid4().hex[:8]}.part")
    try:
        _write_new(part, content)
        os.link(part, path)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _write_new(path, content)
    finally:
        part.unlink(missing_ok=True)


def _write_new(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())

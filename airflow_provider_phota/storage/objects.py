"""Reads, creates and removes small objects of a store.

An object is created by one process alone and is read whole. It never comes from a cache.
"""

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
from airflow_provider_phota.storage.rights import lacks_exclusive_creation

log = logging.getLogger(__name__)

#: Stores whose fsspec file system can ask for exclusive creation: `If-None-Match: *` on S3,
#: `ifGenerationMatch=0` on GCS, `overwrite=False` on Azure.
_EXCLUSIVE = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl"})
#: Errors of a disk that cannot make hard links.
_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV})


def creates_exclusively(place: Place) -> bool:
    """Returns True if this kind of store lets only one of two processes create the same object."""
    return isinstance(place.fs, LocalFileSystem) or place.protocol in _EXCLUSIVE


def read(place: Place) -> bytes:
    """Returns the object as it is now.

    Raises:
        FileNotFoundError: the object does not exist.
    """
    if isinstance(place.fs, LocalFileSystem):
        return Path(place.path).read_bytes()
    return bytes(place.fs.cat_file(place.path))


def create(place: Place, content: bytes, *, may_look: bool = True) -> bool:
    """Creates an object, unless it exists already.

    Args:
        place: in a folder that exists, or in a store without folders.
        content: different in every call, since it tells whose object is there.
        may_look: True if a server that cannot create exclusively is looked at, and then written to. Else the
            error of its library is raised.

    Returns:
        True if this call created the object, False if it is another call's.
    """
    try:
        _create(place, content)
    except FileExistsError:
        # the store's library may send a request twice, and the second one then meets the object of the first
        return read(place) == content
    except Exception as error:
        if lacks_exclusive_creation(error):
            if not may_look:
                raise
            return _create_after_a_look(place, content)
        if not place.exists():
            raise
        return read(place) == content
    return True


def _create_after_a_look(place: Place, content: bytes) -> bool:
    """Looks, then writes, on a server that cannot do both at once."""
    warn_of_races(f"{place.protocol}://{place.root}")
    if place.exists():
        return read(place) == content
    place.fs.pipe_file(place.path, content)
    return True


@lru_cache(maxsize=64)
def warn_of_races(store: str) -> None:
    """Says in the log, once in a process, that a store cannot decide between two attempts."""
    log.warning(
        "%s cannot create an object exclusively: two attempts of one Airflow task may both pay if they run "
        "at the same time.",
        store,
    )


def create_or_raise(place: Place, content: bytes) -> None:
    """Creates an object. If it exists already, raises the error of the store's library."""
    _create(place, content)


def make_folder(folder: Place) -> None:
    """Makes a folder in a store that has folders. The parent folder must exist."""
    if folder.protocol not in OBJECT_STORES:
        with suppress(FileExistsError):
            folder.fs.mkdir(folder.path, create_parents=False)


def rename(fs: AbstractFileSystem, path: str, target: str) -> None:
    """Renames a file of a store that has folders, and replaces the file that has the name now."""
    if type(fs).mv is AbstractFileSystem.mv:  # this one would read brackets in a name as a pattern
        fs.cp_file(path, target)
        fs.rm_file(path)
        return
    if fs.exists(target):  # not every server renames over a file
        fs.rm_file(target)
    fs.mv(path, target)


def names(folder: Place) -> list[str]:
    """Returns the sorted names in a folder. A folder that does not exist is empty."""
    try:
        paths = [path.rstrip("/") for path in folder.fs.ls(folder.path, detail=False)]
    except (FileNotFoundError, NotADirectoryError):
        return []
    # an object store may list the folder itself, if somebody made an object to stand for it
    return sorted(path.rpartition("/")[2] for path in paths if path != folder.path)


def remove(place: Place) -> None:
    """Removes an object, if it exists."""
    try:
        place.fs.rm_file(place.path)
    except FileNotFoundError:
        return


def modified_at(place: Place) -> float:
    """Returns when an object was written, in epoch seconds of the store's own clock.

    Raises:
        FileNotFoundError: the object does not exist.
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
    # if the file were written under its own name, others could read it half written: so a whole one is linked
    part = path.with_name(f".{path.name}.{uuid4().hex[:8]}.part")
    try:
        _write_and_sync(part, content)
        os.link(part, path)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _write_and_sync(path, content)
    finally:
        part.unlink(missing_ok=True)


def _write_and_sync(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())

"""Turns the paths that users give into places of a store, and into the URIs that Airflow's assets have.

All reading and writing goes through a `Place`. Its file system keeps no listings, so that it sees what
another process wrote or deleted a moment ago.
"""

from __future__ import annotations

import errno
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from airflow.providers.common.compat.sdk import ObjectStoragePath
from fsspec.dircache import DirCache  # type: ignore[import-untyped]  # it has no types

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.shown import shown, without_secrets
from airflow_provider_phota.api.written import NATIVE_RENDERING
from airflow_provider_phota.storage.packages import install_hint

#: Stores without folders. An object appears in them once its last byte is written, and not before.
OBJECT_STORES = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl", "oss"})
#: A disk, by the names that fsspec has for it.
_DISKS = frozenset({"file", "local"})
#: The beginning of an object-storage URL. Without it, fsspec would open a file in the working directory.
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


@dataclass(frozen=True)
class Place:
    """Names a file or directory of a store.

    It is lighter than Airflow's path, since one is made for every picture.

    Attributes:
        fs: the store's fsspec file system.
        protocol: the kind of store, such as `s3`.
        path: the path as the file system takes it.
        url: the path as a user writes it.
    """

    fs: Any
    protocol: str
    path: str
    url: str

    @classmethod
    def of(cls, path: ObjectStoragePath) -> Place:
        fs = without_listings(path.fs)
        return cls(fs, _protocol_of(path.protocol, fs), path.path.rstrip("/"), str(path).rstrip("/"))

    def __str__(self) -> str:
        """Returns the URL for a message, without secrets. To open the file, use `url`."""
        return without_secrets(self.url)

    @property
    def command(self) -> str:
        """The URL for a person to type: with its connection ID, and without a query, which may sign."""
        return self.url.partition("?")[0]

    def __truediv__(self, name: str) -> Place:
        return self + f"/{name}"

    def __add__(self, suffix: str) -> Place:
        """Returns the place whose name is longer by a suffix, such as an extension."""
        return Place(self.fs, self.protocol, self.path + suffix, self.url + suffix)

    @property
    def folder(self) -> str:
        return self.path.rpartition("/")[0]

    @property
    def parent(self) -> Place:
        return Place(self.fs, self.protocol, self.folder, self.url.rpartition("/")[0])

    @property
    def root(self) -> str:
        """The name of the bucket or container, in an object store."""
        return self.path.lstrip("/").partition("/")[0]

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    def is_below(self, folder: Place) -> bool:
        """Returns True if it lies below a folder, also once the symbolic links of a disk are followed."""
        if self.fs is not folder.fs or not self.path.startswith(f"{folder.path}/"):
            return False
        if self.protocol not in _DISKS:
            return True
        real, real_folder = (Path(os.path.realpath(path or "/")) for path in (self.path, folder.path))
        return real.is_relative_to(real_folder)

    def exists(self) -> bool:
        """Returns True if it is there now. If the store refuses to say, its error is raised."""
        try:
            self.fs.info(self.path)
        except FileNotFoundError:
            return False
        return True


def _protocol_of(given: str, fs: Any) -> str:
    """Returns the kind of a store, also where Airflow knows the store by another name."""
    names = (fs.protocol,) if isinstance(fs.protocol, str) else fs.protocol
    return next((name for name in (given, *names) if name in OBJECT_STORES), given)


def without_listings(fs: Any) -> Any:
    """Returns the same file system, which from now on asks its store each time.

    fsspec keeps one file system for each store in a process, and s3fs, gcsfs and adlfs answer from the
    listings it has seen until the process ends.
    """
    listings = getattr(fs, "dircache", None)
    if isinstance(listings, DirCache) and listings.use_listings_cache:
        listings.use_listings_cache = False
        listings.clear()
    return fs


def check_url(argument: str, value: object) -> None:
    """Checks by its text alone that a value is an object-storage URL and leads where it says.

    Args:
        argument: the name of the user's argument, for the error.
        value: what the user gave. It is not opened, so this check is cheap enough for DAG parsing.

    Raises:
        PhotaInputError: it is not an object-storage URL, names another machine's disk, or has `..` in it.
    """
    text = str(value)
    is_path = isinstance(value, (str, ObjectStoragePath))
    if not (is_path and _SCHEME.match(text)):
        raise PhotaInputError(
            argument,
            f"must be an object-storage URL such as file:///data or s3://bucket/key, got {shown(value)}."
            + (f" {NATIVE_RENDERING}" if isinstance(value, (int, float)) else ""),
        )
    if text.startswith("file://") and not text.startswith("file:///"):
        raise PhotaInputError(argument, f"names a host; write file:///... for a disk, got {shown(value)}.")
    scheme, _, rest = text.partition("://")
    if scheme in OBJECT_STORES and not rest.partition("/")[0].rpartition("@")[2]:
        raise PhotaInputError(argument, f"must name its bucket, got {shown(value)}.")
    if ".." in text.split("/"):
        raise PhotaInputError(argument, f"leads upwards with '..': {shown(value)}.")


def checked_path(argument: str, value: object) -> ObjectStoragePath:
    """Returns a user's path, once its URL is checked and its file system can be opened.

    Raises:
        PhotaInputError: the URL is wrong (see `check_url`), or a package to open it is missing.
    """
    check_url(argument, value)
    try:
        path = value if isinstance(value, ObjectStoragePath) else ObjectStoragePath(str(value))
        without_listings(path.fs)
    except (ValueError, ImportError) as error:
        raise PhotaInputError(
            argument,
            f"{shown(value)} cannot be opened ({without_secrets(str(error))}). {install_hint(str(value))}",
        ) from None
    return path


def asset_uri(path: str) -> str:
    """Returns the URI by which Airflow names a file as an asset.

    It has neither a connection ID nor spaces, and in an http address neither a query nor a fragment: a query
    may sign, and a fragment names nothing of its own.
    """
    scheme, _, rest = path.partition("://")
    if scheme in ("http", "https"):
        rest = rest.partition("#")[0].partition("?")[0]
    netloc, slash, key = rest.partition("/")
    return f"{scheme}://{as_text(netloc.rpartition('@')[2])}{slash}{quote(_bytes_of(key), safe='/%')}"


def check_storable(argument: str, path: object) -> None:
    """Refuses a path that Airflow's database cannot hold, since a disk allows any bytes in a name.

    Raises:
        PhotaInputError: it is not UTF-8.
    """
    if as_text(str(path)) != str(path):
        raise PhotaInputError(
            argument, f"has bytes in it that are not UTF-8, which Airflow cannot store: {shown(str(path))}."
        )


def as_text(path: str) -> str:
    """Returns a path that can be logged and stored: its bytes that are not UTF-8 become escapes."""
    return path if path.isascii() else _bytes_of(path).decode(errors="backslashreplace")


def _bytes_of(path: str) -> bytes:
    """Returns the bytes that the name has on a disk, if a disk can have such a name."""
    try:
        return path.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return path.encode(errors="backslashreplace")


def reason_of(error: BaseException) -> str:
    """Returns what went wrong in a store, without the error's text, which may hold credentials.

    Libraries put texts of their servers into `strerror`, so the words for its number are taken instead.
    """
    number = error.errno if isinstance(error, OSError) else None
    return os.strerror(number) if number and number in errno.errorcode else type(error).__name__

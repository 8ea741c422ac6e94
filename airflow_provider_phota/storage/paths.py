"""Paths of object stores: as a user gives them, and as Airflow's assets and lineage name them.

Every look at a store goes through a `Place`, whose file system keeps no listings: what another process wrote
a moment ago is seen, and what it deleted is gone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from airflow.providers.common.compat.sdk import ObjectStoragePath
from fsspec.dircache import DirCache  # type: ignore[import-untyped]  # it has no types

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.shown import shown, without_secrets
from airflow_provider_phota.storage.packages import package_for

#: Stores without folders, in which an object is there when its last byte is, and not before.
OBJECT_STORES = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl", "oss"})
#: How an object-storage URL begins. A text without a scheme is a file in the working directory to fsspec.
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


@dataclass(frozen=True)
class Place:
    """A file or directory of a store. Lighter than the path it comes of: one is made for every picture.

    Attributes:
        fs: the store's fsspec file system.
        protocol: its name, such as `s3`.
        path: as the file system has it.
        url: as a user writes it.
    """

    fs: Any
    protocol: str
    path: str
    url: str

    @classmethod
    def of(cls, path: ObjectStoragePath) -> Place:
        fs = without_listings(path.fs)
        return cls(fs, _protocol(path.protocol, fs), path.path.rstrip("/"), str(path).rstrip("/"))

    def __str__(self) -> str:
        """For messages; who opens it uses the URL as it is."""
        return without_secrets(self.url)

    @property
    def command(self) -> str:
        """To be typed again: whole, with its connection, and without a query, which may sign."""
        return self.url.partition("?")[0]

    def __truediv__(self, name: str) -> Place:
        return self + f"/{name}"

    def __add__(self, more: str) -> Place:
        """What has a longer name, say by an extension."""
        return Place(self.fs, self.protocol, self.path + more, self.url + more)

    @property
    def folder(self) -> str:
        return self.path.rpartition("/")[0]

    @property
    def parent(self) -> Place:
        """What it lies in."""
        return Place(self.fs, self.protocol, self.folder, self.url.rpartition("/")[0])

    @property
    def root(self) -> str:
        """The bucket or container, in an object store."""
        return self.path.lstrip("/").partition("/")[0]

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    def exists(self) -> bool:
        """True if it is there now. A store that does not let us look raises, instead of answering False."""
        try:
            self.fs.info(self.path)
        except FileNotFoundError:
            return False
        return True


def _protocol(given: str, fs: Any) -> str:
    """What kind of store it is, also where it is attached to Airflow under another name."""
    names = (fs.protocol,) if isinstance(fs.protocol, str) else fs.protocol
    return next((name for name in (given, *names) if name in OBJECT_STORES), given)


def without_listings(fs: Any) -> Any:
    """A file system that asks its store each time.

    fsspec keeps one file system for each store in a process, and s3fs, gcsfs and adlfs answer from the
    listings it has seen until the process ends.
    """
    listings = getattr(fs, "dircache", None)
    if isinstance(listings, DirCache) and listings.use_listings_cache:
        listings.use_listings_cache = False
        listings.clear()
    return fs


def opened_path(argument: str, value: object) -> ObjectStoragePath:
    """A path of an object store whose file system is there.

    Raises:
        PhotaInputError: it is none.
    """
    if not isinstance(value, ObjectStoragePath) and not (isinstance(value, str) and _SCHEME.match(value)):
        raise PhotaInputError(
            argument,
            f"must be an object-storage URL such as file:///data or s3://bucket/key, got {shown(value)}.",
        )
    try:
        path = ObjectStoragePath(value) if isinstance(value, str) else value
        without_listings(path.fs)
    except (ValueError, ImportError) as error:
        raise PhotaInputError(
            argument,
            f"{shown(value)} cannot be opened ({without_secrets(str(error))}). {package_for(str(value))}",
        ) from None
    return path


def checked_path(argument: str, value: object) -> ObjectStoragePath:
    """As `opened_path`, of a path that leads nowhere else.

    Raises:
        PhotaInputError: it is none, or leads upwards, or to another machine's disk.
    """
    text = str(value)
    if text.startswith("file://") and not text.startswith("file:///"):
        raise PhotaInputError(
            argument, f"names a host, which a disk has none of: write file:///..., got {shown(value)}."
        )
    if ".." in text.split("/"):
        raise PhotaInputError(argument, f"leads upwards with '..': {shown(value)}.")
    return opened_path(argument, value)


def asset_uri(path: str) -> str:
    """The URI of a file of a store as Airflow names assets: without a connection's ID, a query or spaces."""
    scheme, _, rest = path.partition("://")
    if scheme in ("http", "https"):  # where a query may sign, and a fragment names nothing of its own
        rest = rest.partition("#")[0].partition("?")[0]
    netloc, slash, key = rest.partition("/")
    return f"{scheme}://{readable(netloc.rpartition('@')[2])}{slash}{quote(_bytes_of(key), safe='/%')}"


def check_storable(argument: str, path: object) -> None:
    """Refuse a path that Airflow's database cannot hold: a disk takes any bytes for a name.

    Raises:
        PhotaInputError: it is not UTF-8.
    """
    if readable(str(path)) != str(path):
        raise PhotaInputError(
            argument, f"has bytes in it that are not UTF-8, which Airflow cannot store: {shown(str(path))}."
        )


def readable(path: str) -> str:
    """A path as text that can be logged and stored: bytes of it that are not UTF-8 become escapes."""
    return path if path.isascii() else _bytes_of(path).decode(errors="backslashreplace")


def _bytes_of(path: str) -> bytes:
    """As the disk has them, where it is a name that a disk can have."""
    try:
        return path.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return path.encode(errors="backslashreplace")


def reason_of(error: BaseException) -> str:
    """What went wrong in a store, without a text that may hold its credentials."""
    return getattr(error, "strerror", None) or type(error).__name__

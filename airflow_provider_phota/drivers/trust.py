"""Decides which certificate authorities TLS connections trust, for both drivers and for the downloads."""

from __future__ import annotations

import errno
import os
import re
import ssl
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import certifi

from airflow_provider_phota.api.errors import NotSent, PhotaConfigurationError
from airflow_provider_phota.api.settings import Settings

#: The variables that company machines set. The first one that is set counts, as for `requests` and `curl`.
BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
#: The variables that OpenSSL itself reads: a file and folders, which count together.
FILE, FOLDERS = "SSL_CERT_FILE", "SSL_CERT_DIR"
#: Names that `openssl rehash` gives to certificates. OpenSSL finds no others in a folder.
_HASHED = re.compile(r"[0-9a-f]{8}\.\d+")


@dataclass(frozen=True)
class _Authorities:
    """Names certificate authorities: a PEM file, folders of hashed certificates, or both.

    Attributes:
        named_by: the setting that names them, for the text of an error.
        file: path of the file; empty if there is no file.
        folders: paths of the folders, separated as in PATH; empty if there are no folders.
    """

    named_by: str
    file: str = ""
    folders: str = ""

    @classmethod
    def at(cls, named_by: str, path: str) -> _Authorities:
        # not Path.is_dir: see _version
        return cls(named_by, folders=path) if os.path.isdir(path) else cls(named_by, file=path)  # noqa: PTH112

    def version(self) -> tuple[tuple[int, int, int], ...]:
        """Returns a value that changes when the file, or the content of a folder, changes on disk.

        Raises:
            OSError: the file, or every folder, is missing or cannot be read.
        """
        file = [_version(self.file)] if self.file else []
        folders = [_version(folder) for folder in self._usable_folders()]
        if not file and not folders:
            _version(self.folders.split(os.pathsep)[0])
            raise OSError(errno.ENOENT, "no certificate in it has a name that 'openssl rehash' gives")
        return (*file, *folders)

    def _usable_folders(self) -> Iterator[str]:
        for folder in filter(None, self.folders.split(os.pathsep)):
            with suppress(OSError):
                if _has_certificates(folder, *_version(folder)):
                    yield folder


def tls_context(settings: Settings) -> ssl.SSLContext:
    """Returns a TLS context that trusts the authorities of the connection, the environment or certifi.

    The first of these that names any counts.

    Raises:
        PhotaConfigurationError: the authorities cannot be read; the text says which setting names them.
    """
    authorities = _authorities(settings)
    try:
        return _context(authorities, authorities.version())
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise PhotaConfigurationError(
            f"{authorities.named_by} does not name a readable PEM file or folder of certificates: "
            f"{authorities.file or authorities.folders!r} ({reason})."
        ) from None


def tls_for_request(settings: Settings, proxy: str | None) -> ssl.SSLContext | None:
    """Returns the TLS context for one request to the service, or None if the request does not use TLS.

    Raises:
        NotSent: the authorities cannot be read, perhaps only for the moment in which they are replaced.
    """
    if not speaks_tls(settings, proxy):
        return None
    try:
        return tls_context(settings)
    except PhotaConfigurationError as error:
        raise NotSent(str(error).rstrip("."), permanent=True) from None


def speaks_tls(settings: Settings, proxy: str | None) -> bool:
    """True if the service, or the proxy in front of it, is reached over TLS."""
    return settings.base_url.startswith("https:") or (proxy or "").startswith("https:")


def _authorities(settings: Settings) -> _Authorities:
    if settings.ca_bundle:
        return _Authorities.at("The connection's extra 'ca_bundle'", settings.ca_bundle)
    for name in BUNDLES:
        if path := os.environ.get(name):
            return _Authorities.at(f"The environment variable {name}", path)
    file, folders = os.environ.get(FILE, ""), os.environ.get(FOLDERS, "")
    if file or folders:
        return _Authorities(f"The environment variable {FILE if file else FOLDERS}", file, folders)
    return _Authorities("The package certifi", certifi.where())


def _version(path: str) -> tuple[int, int, int]:
    found = os.stat(path)  # noqa: PTH116  # asked for each request, and a Path takes longer to make than this
    return found.st_mtime_ns, found.st_size, found.st_ino


# `version` is a key of the cache only: a folder that has changed is read again
@lru_cache(maxsize=32)
def _has_certificates(folder: str, *version: int) -> bool:  # noqa: ARG001
    return any(_HASHED.fullmatch(path.name) for path in Path(folder).iterdir())


# cached, since reading the authorities takes tens of milliseconds: too long for a triggerer with many waits
@lru_cache(maxsize=8)
def _context(authorities: _Authorities, version: object) -> ssl.SSLContext:  # noqa: ARG001
    return ssl.create_default_context(cafile=authorities.file or None, capath=authorities.folders or None)

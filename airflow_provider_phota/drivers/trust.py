"""Whom to trust over TLS: one decision for both drivers and for the downloads."""

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

#: What corporate machines set, in the order in which they count, as for `requests` and `curl`.
BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
#: What OpenSSL reads itself: a file and folders, which count together.
FILE, FOLDERS = "SSL_CERT_FILE", "SSL_CERT_DIR"
#: How `openssl rehash` names a certificate; OpenSSL finds no other ones in a folder.
_HASHED = re.compile(r"[0-9a-f]{8}\.\d+")


@dataclass(frozen=True)
class _Authorities:
    """Certificate authorities: a PEM file, folders of hashed certificates, or both.

    Attributes:
        named_by: the setting that names them, for an error's text.
        file: its path; empty if there is none.
        folders: their paths, separated as in PATH; empty if there are none.
    """

    named_by: str
    file: str = ""
    folders: str = ""

    @classmethod
    def at(cls, named_by: str, path: str) -> _Authorities:
        return cls(named_by, folders=path) if Path(path).is_dir() else cls(named_by, file=path)

    def version(self) -> tuple[tuple[int, int, int], ...]:
        """Differs once a file, or what is in a folder, has changed on disk.

        Raises:
            OSError: the file, or every folder, is not there or cannot be read.
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
    """Whom to trust: who the connection says, or else the environment, or else certifi.

    Raises:
        PhotaConfigurationError: what they name cannot be read; it says which setting that is.
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


def tls_to_service(settings: Settings, proxy: str | None) -> ssl.SSLContext | None:
    """The same for one request to the service; None if it does not go over TLS.

    Raises:
        NotSent: as `tls_context`. A certificate may be away for the moment in which it is rotated.
    """
    if not speaks_tls(settings, proxy):
        return None
    try:
        return tls_context(settings)
    except PhotaConfigurationError as error:
        raise NotSent(str(error).rstrip("."), permanent=True) from None


def speaks_tls(settings: Settings, proxy: str | None) -> bool:
    """True if requests to the service, or to the proxy before it, go over TLS."""
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
    found = Path(path).stat()
    return found.st_mtime_ns, found.st_size, found.st_ino


@lru_cache(maxsize=32)
def _has_certificates(folder: str, *version: int) -> bool:  # noqa: ARG001  # a changed folder is read again
    return any(_HASHED.fullmatch(path.name) for path in Path(folder).iterdir())


@lru_cache(maxsize=8)
def _context(authorities: _Authorities, version: object) -> ssl.SSLContext:  # noqa: ARG001  # a changed file is read again
    """Reading the authorities takes tens of milliseconds: too long for a triggerer with many waits."""
    return ssl.create_default_context(cafile=authorities.file or None, capath=authorities.folders or None)

"""Bring result pictures from the service's CDN to object storage: whole pictures, or none."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING
from urllib.parse import urlsplit

from airflow_provider_phota.api.errors import PhotaLandingError, PhotaResultsExpired
from airflow_provider_phota.api.models import Image
from airflow_provider_phota.api.settings import Settings

if TYPE_CHECKING:
    import requests
    from airflow.providers.common.compat.sdk import ObjectStoragePath

_PIECE = 256 * 1024
#: Bytes of one picture that are downloaded before it is taken for something else.
_LARGEST_PICTURE = 200 * 1024 * 1024
#: Seconds to connect, and seconds without a byte.
_TIMEOUT = (10.0, 30.0)
#: How a picture begins (bytes, offset) and the extension it gets: never the URL's or a header's word.
_BEGINNINGS: dict[str, tuple[bytes, int]] = {
    "png": (b"\x89PNG\r\n\x1a\n", 0),
    "jpg": (b"\xff\xd8\xff", 0),
    "webp": (b"WEBP", 8),
}


class _Gone(Exception):
    """The URL is no longer served."""


class _Bad(Exception):
    """The picture did not arrive, or is none. The text continues the sentence "A result …"."""


def land(
    phota_task_id: str, images: Sequence[Image], directory: ObjectStoragePath, settings: Settings
) -> list[str]:
    """Stream every picture to `{directory}/{phota_task_id}-{index}.{ext}`.

    Args:
        phota_task_id: a checked task ID.
        images: with the URLs the service gave; the API key is not sent to them.
        directory: made if it is not there.
        settings: of the connection: its proxy is used, and plain http is fine where its own host has it.

    Returns:
        The written paths, in the order of the pictures.

    Raises:
        PhotaResultsExpired: a URL is no longer served.
        PhotaLandingError: a picture did not arrive whole, is none, or could not be written.
    """
    import requests  # noqa: PLC0415  # DAG parsing stays cheap

    try:
        _make(directory)
        with requests.Session() as session:
            session.trust_env = False  # no .netrc: nobody's credentials go to a result host
            return [
                _land_one(session, image.url, directory / f"{phota_task_id}-{index}", settings)
                for index, image in enumerate(images)
            ]
    except _Gone as gone:
        raise PhotaResultsExpired(
            f"A result of PHOTA task {phota_task_id} is no longer served ({gone}): results live 24 hours. "
            "The edit was billed; to have the picture again it must be made again.",
            phota_task_id,
        ) from None
    except _Bad as bad:
        raise PhotaLandingError(
            f"A result of PHOTA task {phota_task_id} {bad}. Trying again is free while the results live "
            "(24 hours).",
            phota_task_id,
        ) from None


def _make(directory: ObjectStoragePath) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _Bad(f"could not be written: no directory {directory} ({error.strerror or error})") from None


def _land_one(session: requests.Session, url: str, stem: ObjectStoragePath, settings: Settings) -> str:
    scheme = urlsplit(url).scheme
    if scheme != "https" and not (scheme == "http" and settings.base_url.startswith("http://")):
        raise _Bad(f"has a {scheme or 'relative'} URL, and only https is fetched")
    with tempfile.TemporaryFile() as whole:
        _download(session, url, whole, settings)
        path = stem.with_name(f"{stem.name}.{_extension(whole)}")
        _write(whole, path)
    return str(path)


def _download(session: requests.Session, url: str, whole: IO[bytes], settings: Settings) -> None:
    import requests  # noqa: PLC0415  # DAG parsing stays cheap

    # the connection's own authorities vouch for its own host, not for a public CDN
    own_host = urlsplit(url).hostname == urlsplit(settings.base_url).hostname
    try:
        with session.get(
            url,
            timeout=_TIMEOUT,
            stream=True,
            headers={"Accept-Encoding": "identity"},
            verify=(settings.ca_bundle if own_host else None) or True,
            proxies=_proxies(url, settings),
        ) as answer:
            if answer.status_code in (403, 404, 410):
                raise _Gone(f"HTTP {answer.status_code}")
            if answer.status_code != 200:
                raise _Bad(f"could not be downloaded (HTTP {answer.status_code})")
            for piece in answer.iter_content(_PIECE):
                whole.write(piece)
                if whole.tell() > _LARGEST_PICTURE:
                    raise _Bad(f"is larger than {_LARGEST_PICTURE} bytes")
            expected = answer.headers.get("Content-Length", "")
    except requests.RequestException as error:
        # its text may hold the URL, which is a bearer link
        raise _Bad(f"did not arrive ({type(error).__name__})") from None
    if expected.isdigit() and whole.tell() != int(expected):
        raise _Bad("was cut on its way")


def _proxies(url: str, settings: Settings) -> dict[str, str]:
    import requests  # noqa: PLC0415  # DAG parsing stays cheap

    if settings.proxy:
        return {"http": settings.proxy, "https": settings.proxy}
    return requests.utils.get_environ_proxies(url)


def _extension(whole: IO[bytes]) -> str:
    whole.seek(0)
    head = whole.read(16)
    for extension, (magic, offset) in _BEGINNINGS.items():
        if head[offset : offset + len(magic)] == magic:
            return extension
    raise _Bad("is no PNG, JPEG or WebP picture")


def _write(whole: IO[bytes], path: ObjectStoragePath) -> None:
    whole.seek(0)
    try:
        # only now, with every byte at hand: object stores commit a half-written file on an error too
        with path.open("wb") as target:
            while piece := whole.read(_PIECE):
                target.write(piece)
    except OSError as error:
        raise _Bad(f"could not be written to {path} ({error.strerror or error})") from None

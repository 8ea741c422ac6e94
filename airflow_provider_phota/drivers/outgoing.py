"""Builds what goes out with a request and cleans what comes back, the same way for both drivers."""

from __future__ import annotations

import hashlib
import json
import urllib.request
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import IO
from urllib.parse import urlencode, urlsplit

from airflow_provider_phota import __version__
from airflow_provider_phota.api.errors import PhotaError, PhotaInputError, PhotaUnreachable
from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.api.wire import FileForm, Request, Response

#: Bytes that are read from a file at a time.
PIECE = 256 * 1024


@dataclass(frozen=True)
class Outgoing:
    """Holds the URL and the headers of a request."""

    url: str
    headers: dict[str, str] = field(repr=False)


def outgoing(request: Request, settings: Settings) -> Outgoing:
    """Returns the URL and the headers with which a request is sent."""
    query = f"?{urlencode(request.query)}" if request.query else ""
    headers = {
        "Authorization": f"Bearer {settings.api_key}",
        "Accept": "application/json",
        # the driver limits the bytes that it reads: a compressed answer could grow after that
        "Accept-Encoding": "identity",
        "User-Agent": f"airflow-provider-phota/{__version__}",
    }
    if isinstance(request.body, FileForm):
        headers |= {"Content-Type": request.body.content_type, "Content-Length": str(request.body.length)}
    elif request.body is not None:
        headers["Content-Type"] = "application/json"
    if request.billed:
        headers["Connection"] = "close"
    return Outgoing(f"{settings.base_url}{request.path}{query}", headers)


def pieces(form: FileForm) -> Iterator[bytes]:
    """Yields the bytes of a form in order, without ever holding the whole file in memory.

    Raises:
        PhotaInputError: the file is not there, must not be read, or has changed since the form was made.
        PhotaUnreachable: its disk or its store fails; a retry may help.
    """
    try:
        with form.file.open("rb") as file:
            yield form.head
            yield from _file_pieces(form, file)
    except _FileChanged:
        raise PhotaInputError("path", f"{shown(form.file)} changed while it was uploaded.") from None
    except PhotaError:
        raise
    except (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError) as error:
        raise PhotaInputError("path", f"cannot be read: {shown(form.file)} ({error.strerror}).") from None
    except Exception as error:  # of whatever library the store speaks by; its text may hold credentials
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise PhotaUnreachable(f"{shown(form.file)} could not be read ({reason}).") from None
    yield form.tail


class _FileChanged(Exception):
    """The file differs from the one that the form was made for."""


def _file_pieces(form: FileForm, file: IO[bytes]) -> Iterator[bytes]:
    """Yields the pieces of a file, and the last one only if the whole file is what the form was made for.

    Without its last piece the upload stays incomplete, so the service never stores a file that has changed.
    """
    left, digest, last_read = form.size, hashlib.sha256(), b""
    while piece := file.read(PIECE):
        left -= len(piece)
        if left < 0:
            break
        digest.update(piece)
        if last_read:
            yield last_read
        last_read = piece
    if left or (form.sha256 and digest.hexdigest() != form.sha256):
        raise _FileChanged
    yield last_read


def proxy_for(settings: Settings) -> str | None:
    """Returns the proxy of the connection or, without one, of the environment (HTTPS_PROXY, NO_PROXY)."""
    if settings.proxy:
        return settings.proxy
    url = urlsplit(settings.base_url)
    if urllib.request.proxy_bypass(url.hostname or ""):
        return None
    proxy = urllib.request.getproxies().get(url.scheme)
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy


def incoming(status: int, headers: Iterable[tuple[str, str]], body: bytes, settings: Settings) -> Response:
    """Returns an answer without the API key, so that a service that echoes it cannot put it into a log."""
    spellings = _spellings_of_key(settings.api_key)
    for spelling in spellings:
        body = body.replace(spelling.encode(), b"***")
    return Response(
        status=status,
        headers={name.lower(): _mask(spellings, value) for name, value in headers},
        body=body,
    )


@lru_cache(maxsize=8)
def _spellings_of_key(key: str) -> tuple[str, ...]:
    """Returns the key as it is, and as it may be written in JSON."""
    escaped = json.dumps(key)[1:-1]
    return tuple(dict.fromkeys((key, escaped, escaped.replace("/", r"\/"))))


def _mask(spellings: Iterable[str], text: str) -> str:
    for spelling in spellings:
        text = text.replace(spelling, "***")
    return text

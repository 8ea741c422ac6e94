"""A request as it goes out and an answer as it comes in, the same for either driver."""

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
from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.api.wire import FileForm, Request, Response

PIECE = 256 * 1024


@dataclass(frozen=True)
class Outgoing:
    """Where a request goes and what is said around its body."""

    url: str
    headers: dict[str, str] = field(repr=False)


def outgoing(request: Request, settings: Settings) -> Outgoing:
    query = f"?{urlencode(request.query)}" if request.query else ""
    headers = {
        "Authorization": f"Bearer {settings.api_key}",
        "Accept": "application/json",
        # an answer is capped while it is read: nothing may unfold after the cap
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
    """The form's bytes in order, never whole in memory.

    Raises:
        PhotaInputError: the file cannot be read, or has another size than when the form was made.
    """
    try:
        with form.file.open("rb") as file:
            yield form.head
            yield from _unchanged(form, file)
    except _Changed:
        raise PhotaInputError("path", f"{shown(form.file)} changed while it was uploaded.") from None
    except OSError as error:
        raise PhotaInputError("path", f"cannot be read: {shown(form.file)} ({error.strerror}).") from None
    yield form.tail


class _Changed(Exception):
    """The file is not what it was."""


def _unchanged(form: FileForm, file: IO[bytes]) -> Iterator[bytes]:
    """The file's pieces; the last one only if all of them are what the form was made for."""
    left, digest, held = form.size, hashlib.sha256(), b""
    while piece := file.read(PIECE):
        left -= len(piece)
        if left < 0:
            break
        digest.update(piece)
        if held:
            yield held
        held = piece
    if left or (form.sha256 and digest.hexdigest() != form.sha256):
        raise _Changed
    yield held


def proxy_for(settings: Settings) -> str | None:
    """The proxy of the connection or, without one, of the environment (HTTPS_PROXY, NO_PROXY)."""
    if settings.proxy:
        return settings.proxy
    url = urlsplit(settings.base_url)
    if urllib.request.proxy_bypass(url.hostname or ""):
        return None
    proxy = urllib.request.getproxies().get(url.scheme)
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy


def incoming(status: int, headers: Iterable[tuple[str, str]], body: bytes, settings: Settings) -> Response:
    """An answer in which the service cannot echo the key into a log."""
    spellings = _spellings(settings.api_key)
    for spelling in spellings:
        body = body.replace(spelling.encode(), b"***")
    return Response(
        status=status,
        headers={name.lower(): _without(spellings, value) for name, value in headers},
        body=body,
    )


@lru_cache(maxsize=8)
def _spellings(key: str) -> tuple[str, ...]:
    """The key as it is, and as it may stand in JSON."""
    escaped = json.dumps(key)[1:-1]
    return tuple(dict.fromkeys((key, escaped, escaped.replace("/", r"\/"))))


def _without(spellings: Iterable[str], text: str) -> str:
    for spelling in spellings:
        text = text.replace(spelling, "***")
    return text

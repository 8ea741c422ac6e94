"""A request as it goes out, the same from either driver: URL, headers, body pieces, proxy."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from airflow_provider_phota import __version__
from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.api.wire import FileForm, Request

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
        ValueError: the file has another size than when the form was made.
    """
    yield form.head
    left = form.size
    with form.file.open("rb") as file:
        while piece := file.read(PIECE):
            left -= len(piece)
            if left < 0:
                break
            yield piece
    if left:
        raise ValueError("the file changed while it was uploaded")
    yield form.tail


def proxy_for(settings: Settings) -> str | None:
    """The proxy of the connection or, without one, of the environment (HTTPS_PROXY, NO_PROXY)."""
    if settings.proxy:
        return settings.proxy
    url = urlsplit(settings.base_url)
    if urllib.request.proxy_bypass(url.hostname or ""):
        return None
    return urllib.request.getproxies().get(url.scheme)


def without_key(body: bytes, settings: Settings) -> bytes:
    """An answer in which the service cannot echo the key into a log."""
    return body.replace(settings.api_key.encode(), b"***")

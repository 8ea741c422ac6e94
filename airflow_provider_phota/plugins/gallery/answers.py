"""Makes pages and pictures into answers that a browser may trust: nothing in them can run."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from fastapi.responses import HTMLResponse, StreamingResponse

from airflow_provider_phota.plugins.gallery.stores import ShownFile
from airflow_provider_phota.results.gallery_urls import gallery_root
from airflow_provider_phota.texts import ago, count, duration, visible

if TYPE_CHECKING:
    from jinja2 import Environment

#: A page loads nothing but what this server has, and only Airflow shows it in a frame.
POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)
#: Of everything that the gallery answers.
SAFE = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
#: What a PHOTA task has made does not change; who may see it is asked again after a while.
_KEPT = {"Cache-Control": "private, max-age=600"}
_NOT_KEPT = {"Cache-Control": "no-store"}


def page(template: str, contents: object, status: int = 200) -> HTMLResponse:
    """Returns a page.

    Args:
        template: its name.
        contents: what it shows. The template calls it `page`.
        status: of HTTP.
    """
    text = _environment().get_template(template).render(page=contents)
    # a text from outside may have half a surrogate pair in it, which has no bytes
    return HTMLResponse(text.encode(errors="replace"), status, headers=_NOT_KEPT)


def picture(shown: ShownFile, *, is_kept: bool) -> StreamingResponse:
    """Returns a picture.

    Args:
        shown: the picture.
        is_kept: True if its address names its PHOTA task. Another address shows another picture once its
            task instance is cleared, so that no browser may keep it.
    """
    headers = _KEPT if is_kept else _NOT_KEPT
    return StreamingResponse(shown.pieces, media_type=shown.content_type, headers=headers)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415  # only pages need it

    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"ago": ago, "count": count, "duration": duration, "visible": visible}
    environment.globals["root"] = gallery_root()
    return environment

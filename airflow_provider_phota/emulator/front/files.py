"""Serves the files of the page, and small pictures of results."""

from functools import cache
from importlib.resources import files

from aiohttp import web

from airflow_provider_phota.emulator.call import Call
from airflow_provider_phota.emulator.errors import not_found
from airflow_provider_phota.emulator.results import has_result

#: What the browser may not guess.
SAFE = {"X-Content-Type-Options": "nosniff"}
_TYPES = {"front.css": "text/css", "front.js": "text/javascript", "icon.svg": "image/svg+xml"}
#: A browser that shows the page all day asks for each picture once.
_KEPT = SAFE | {"Cache-Control": "private, max-age=3600"}


async def serve_file(call: Call) -> web.StreamResponse:
    """Serves a file that the page consists of.

    Raises:
        ApiError: 404, there is no such file.
    """
    name = call.request.match_info["name"]
    if name not in _TYPES:
        raise not_found(f"there is no GET {call.request.path}")
    return _file(name)


async def serve_icon(_: Call) -> web.StreamResponse:
    """Serves the icon, for which browsers ask by themselves when they show a result."""
    return _file("icon.svg")


def _file(name: str) -> web.Response:
    # it changes with the version, so it is asked for again
    headers = SAFE | {"Cache-Control": "no-cache"}
    return web.Response(body=_content(name), content_type=_TYPES[name], charset="utf-8", headers=headers)


@cache
def _content(name: str) -> bytes:
    return (files(__package__) / "static" / name).read_bytes()


async def serve_thumbnail(call: Call) -> web.StreamResponse:
    """Serves a small picture of a result. It is drawn when it is first asked for.

    Raises:
        ApiError: 404, there is no such result.
    """
    task_id, index = call.request.match_info["task_id"], int(call.request.match_info["index"])
    task = call.service.task(task_id)
    if not has_result(call, task, index):
        raise not_found(f"task {task_id!r} has no result {index}")
    jpeg = await call.desk.studio.thumbnail(task, index)
    return web.Response(body=jpeg, content_type="image/jpeg", headers=_KEPT)

"""Routes each path to its handler."""

import math
from collections.abc import Awaitable, Callable

from aiohttp import web

from airflow_provider_phota.emulator import control, results, uploads, v1
from airflow_provider_phota.emulator.call import Call, Desk, Handler, endpoint
from airflow_provider_phota.emulator.errors import ApiError, not_found
from airflow_provider_phota.emulator.front import files, page
from airflow_provider_phota.emulator.misbehaviour import faulty

_Served = Callable[[web.Request], Awaitable[web.StreamResponse]]

_ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("POST", "/v1/images/generations", faulty("submit", v1.submit)),
    ("GET", "/v1/tasks/{task_id}", faulty("task", v1.query)),
    ("GET", "/v1/models", faulty("models", v1.models)),
    ("GET", "/api/usage/token/", faulty("usage", v1.usage)),
    ("GET", "/api/usage/token", faulty("usage", v1.usage)),
    ("GET", "/api/pricing", v1.pricing),
    ("POST", "/v1/files/upload/stream", faulty("upload", uploads.upload_stream)),
    ("POST", "/v1/files/upload/base64", faulty("upload", uploads.upload_base64)),
    ("POST", "/v1/files/upload/url", faulty("upload", uploads.upload_url)),
    ("GET", "/uploads/{upload_id}/{filename}", uploads.serve_upload),
    ("GET", "/results/{task_id}/{index}.png", faulty("result", results.serve_result)),
    ("GET", "/_emulator", control.about),
    ("GET", "/_emulator/ledger", control.ledger),
    ("GET", "/_emulator/requests", control.requests),
    ("POST", "/_emulator/reset", control.reset),
    ("POST", "/_emulator/clock", control.clock),
    ("POST", "/_emulator/pictures", control.draw),
    ("POST", "/_emulator/keys", control.revoke),
    ("GET", "/_emulator/faults", control.show_faults),
    ("POST", "/_emulator/faults", control.add_faults),
    ("DELETE", "/_emulator/faults", control.clear_faults),
)
#: What is limited: what is served from storage, and what a test says to the emulator, is not.
_API = ("/v1/", "/api/")
#: What a browser asks for while somebody looks at the page. It is not logged: tests count their own requests.
_PAGES: tuple[tuple[str, Handler], ...] = (
    (r"/_emulator/thumbnails/{task_id}/{index:\d{1,6}}", files.serve_thumbnail),
    ("/_emulator/static/{name}", files.serve_file),
    ("/favicon.ico", files.serve_icon),
)


def _limited(handler: Handler) -> Handler:
    """Wraps a handler: a request that is one too many is refused with 429 and `Retry-After`."""

    async def serve(call: Call) -> web.StreamResponse:
        if seconds := call.desk.limit.take():
            raise ApiError(429, "Too many requests", headers={"Retry-After": str(math.ceil(seconds))})
        return await handler(call)

    return serve


async def _unknown_path(call: Call) -> web.StreamResponse:
    raise not_found(f"there is no {call.request.method} {call.request.path}")


def build_app(desk: Desk) -> web.Application:
    """Returns the application. The desk must live as long as the application."""
    # The vendor documents no limit for the size of a request.
    app = web.Application(client_max_size=2**62)
    for method, path, handler in _ROUTES:
        serve = endpoint(desk, _limited(handler) if path.startswith(_API) else handler, path)
        if method == "GET":
            app.router.add_get(path, serve)
        else:
            app.router.add_route(method, path, serve)
    for path, handler in _PAGES:
        app.router.add_get(path, endpoint(desk, handler, None))
    unknown = endpoint(desk, _unknown_path, "(unknown)")
    app.router.add_get("/", _front_door(endpoint(desk, page.show, None), unknown))
    app.router.add_route("*", "/{path:.*}", unknown)
    return app


def _front_door(show: _Served, otherwise: _Served) -> _Served:
    """Shows the page to browsers alone. The API has nothing at its root, and says so to everybody else."""

    async def serve(request: web.Request) -> web.StreamResponse:
        return await (show if page.is_wanted(request) else otherwise)(request)

    return serve

"""Takes uploads in three ways, and serves the uploaded files."""

import base64
import binascii
import mimetypes
import re
from collections.abc import AsyncIterator, Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from airflow_provider_phota.emulator.call import Call, json_answer
from airflow_provider_phota.emulator.errors import invalid_image_url, invalid_param, malformed, not_found
from airflow_provider_phota.emulator.inputs import CHUNK, FetchError
from airflow_provider_phota.emulator.views import upload_view


async def upload_stream(call: Call) -> web.StreamResponse:
    """Takes a multipart form. The file goes to the store piece by piece, whatever its size."""
    call.account()
    if call.request.content_type != "multipart/form-data":
        raise malformed(f"Content-Type must be multipart/form-data, got {call.request.content_type}")
    blob, size = None, 0
    fields: dict[str, object] = {}
    try:
        async for part in await call.request.multipart():
            if not isinstance(part, BodyPartReader):
                raise malformed("a part of the form is a multipart document itself")
            if part.name == "file":
                blob, size = await call.desk.intake.keep(_pieces(part))
                fields.setdefault("file_name", part.filename or "")
            else:
                fields[part.name or ""] = await part.text()
    except (ValueError, LookupError, HttpProcessingError):
        raise malformed("the multipart form is damaged") from None
    if blob is None:
        raise invalid_param("file is required")
    if "auto_cleanup" in fields:
        fields["auto_cleanup"] = {"true": True, "false": False}.get(str(fields["auto_cleanup"]))
    return _answer_with_upload(call, blob, size, fields)


async def _pieces(part: BodyPartReader) -> AsyncIterator[bytes]:
    while piece := await part.read_chunk(CHUNK):
        yield piece


async def upload_base64(call: Call) -> web.StreamResponse:
    call.account()
    body = await call.json_body()
    data = _required_text(body, "file_data")
    head, comma, tail = data.partition(",")
    try:
        content = base64.b64decode(tail if comma and head.startswith("data:") else data, validate=True)
    except (binascii.Error, ValueError):
        raise invalid_param("file_data is not valid base64") from None
    blob, size = await call.desk.intake.keep(_in_pieces(content))
    return _answer_with_upload(call, blob, size, body)


async def _in_pieces(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), CHUNK):
        yield content[start : start + CHUNK]


async def upload_url(call: Call) -> web.StreamResponse:
    call.account()
    body = await call.json_body()
    url = _required_text(body, "url")
    source = call.desk.intake.locate(url, call.base_url)
    try:
        blob = await call.desk.intake.fetch(source)
    except FetchError as failure:
        raise invalid_image_url(str(failure)) from None
    size = sum(map(len, call.service.store.chunks(blob)))
    return _answer_with_upload(
        call, blob, size, {"file_name": PurePosixPath(unquote(urlsplit(url).path)).name} | body
    )


def _required_text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise invalid_param(f"{name} is required and must be a non-empty string")
    return value


def _answer_with_upload(call: Call, blob: str, size: int, fields: Mapping[str, object]) -> web.Response:
    name = fields.get("file_name") or ""
    if not isinstance(name, str):
        raise invalid_param("file_name must be a string")
    # Nothing is ever removed here, so the flag changes nothing. A wrong value is refused all the same.
    if not isinstance(fields.get("auto_cleanup", True), bool):
        raise invalid_param("auto_cleanup must be true or false")
    upload = call.service.add_upload(_safe_name(name), size, blob)
    return json_answer(upload_view(upload, call.base_url))


def _safe_name(name: str) -> str:
    """Returns a file name that is one harmless path segment."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", PurePosixPath(name.replace("\\", "/")).name).lstrip(".") or "file"


async def serve_upload(call: Call) -> web.StreamResponse:
    upload = call.service.upload(call.request.match_info["upload_id"])
    if call.request.match_info["filename"] != upload.filename:
        raise not_found("no such upload; uploaded files live 72 hours")
    answer = web.StreamResponse()
    answer.content_type = mimetypes.guess_type(upload.filename)[0] or "application/octet-stream"
    answer.content_length = upload.size
    answer.headers["x-request-id"] = call.id
    await answer.prepare(call.request)
    if call.request.method != "HEAD":
        for piece in call.service.store.chunks(upload.blob):
            await answer.write(piece)
    return answer

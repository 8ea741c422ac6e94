"""Serves result pictures without a key, by signed links that expire, as a CDN does."""

import hashlib
import hmac

from aiohttp import web

from airflow_provider_phota.api.orders.base import PROFILE_MODEL
from airflow_provider_phota.emulator.call import Call
from airflow_provider_phota.emulator.records import TaskRecord


async def serve_result(call: Call) -> web.StreamResponse:
    task_id, index = call.request.match_info["task_id"], call.request.match_info["index"]
    signature = call.request.query.get("sig", "")
    if not hmac.compare_digest(
        signature.encode(errors="replace"), call.service.signature(f"{task_id}/{index}").encode()
    ):
        return _refusal(403, "SignatureDoesNotMatch", "The signature of this link is wrong or missing.")
    task, number = call.service.find_task(task_id), int(index)
    if task is None or not has_result(call, task, number):
        return _refusal(404, "NoSuchKey", "There is no such file.")
    if call.arrived >= call.service.results_expire_at(task):
        return _refusal(404, "NoSuchKey", "The file has expired.")
    png = await call.desk.studio.picture(task, number)
    etag = hashlib.sha256(png).hexdigest()
    return web.Response(body=png, content_type="image/png", headers={"ETag": f'"{etag}"'})


def has_result(call: Call, task: TaskRecord, number: int) -> bool:
    """Returns True if a task has a picture of this number, from 0."""
    completed = task.status(call.arrived) == "completed"
    return completed and task.order.model != PROFILE_MODEL and number < task.order.outputs


def _refusal(status: int, code: str, message: str) -> web.Response:
    error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n{error}\n'
    return web.Response(text=text, status=status, content_type="application/xml")

"""Plays scripted faults on the wire."""

import asyncio
import json
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from aiohttp import web

from airflow_provider_phota.emulator.call import Call, Handler, answer_with, error_answer
from airflow_provider_phota.emulator.errors import ApiError, phrase
from airflow_provider_phota.emulator.faults import Fault
from airflow_provider_phota.emulator.script import Subject

_PIECES = 20


@dataclass(frozen=True, slots=True)
class Scene:
    """Holds what is played: the call, the handler that would have served it, and the fault."""

    call: Call
    handler: Handler
    fault: Fault

    async def serve(self) -> web.StreamResponse:
        return await answer_with(self.call, self.handler)

    async def receive(self) -> None:
        """Reads the whole request: a client that still writes would not see the answer."""
        async for _ in self.call.request.content.iter_any():
            pass


Player = Callable[[Scene], Awaitable[web.StreamResponse]]


def faulty(on: str, handler: Handler) -> Handler:
    """Wraps a handler: a request that is hit by a fault is answered as the fault says."""

    async def serve(call: Call) -> web.StreamResponse:
        faults = call.service.faults
        fault = faults.take(on, await _subject_of(on, call)) if faults else None
        if fault is None:
            return await handler(call)
        call.fault = fault
        return await _PLAYERS[fault.kind](Scene(call, handler, fault))

    return serve


async def _subject_of(on: str, call: Call) -> Subject:
    if on == "submit":
        return _subject_in(await call.request.read())
    task_id = call.request.match_info.get("task_id")
    task = call.service.find_task(task_id) if task_id else None
    if task is None:
        return Subject(task_id)
    completed = task.status(call.arrived) == "completed"
    return Subject(task.id, task.order.prompt, task.order.urls, completed, task.number)


def _subject_in(body: bytes) -> Subject:
    """Reads a submit that may not be one: whether it is valid is found out later."""
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        return Subject()
    if not isinstance(fields, dict):
        return Subject()
    urls = (fields.get("image_url"), fields.get("image_archive_url"), *_listed(fields.get("image_urls")))
    return Subject(prompt=str(fields.get("prompt", "")), urls=tuple(map(str, filter(None, urls))))


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


async def _status(scene: Scene) -> web.StreamResponse:
    fault, status = scene.fault, scene.fault.status or 500
    headers = dict(fault.headers or {})
    if fault.body is None:
        message = fault.message or f"{phrase(status)} (a fault scripted in the emulator)"
        return error_answer(ApiError(status, message, fault.code, headers), scene.call.id)
    text = fault.body if isinstance(fault.body, str) else json.dumps(fault.body)
    answer = web.Response(body=text.encode(), status=status, content_type="application/json")
    answer.headers.update(headers)
    return answer


async def _billed_status(scene: Scene) -> web.StreamResponse:
    served = await scene.serve()
    return await _status(scene) if served.status < 400 else served


async def _reset_before(scene: Scene) -> web.StreamResponse:
    await scene.receive()
    return _reset_connection(scene.call.request)


async def _reset_after(scene: Scene) -> web.StreamResponse:
    await scene.serve()
    return _reset_connection(scene.call.request)


def _reset_connection(request: web.Request) -> web.StreamResponse:
    transport = request.transport
    if transport is not None:
        raw: socket.socket = transport.get_extra_info("socket")
        # Lingering for zero seconds makes the close a RST instead of a FIN.
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return web.Response()


async def _hang(scene: Scene) -> web.StreamResponse:
    if scene.fault.created:
        await scene.serve()
    await scene.receive()
    until = asyncio.get_running_loop().time() + (scene.fault.seconds or 0)
    while (left := until - asyncio.get_running_loop().time()) > 0:
        # aiohttp does not tell a handler that its client has gone, so this looks from time to time.
        if scene.call.request.transport is None or scene.call.request.transport.is_closing():
            break
        await asyncio.sleep(min(left, 0.2))
    if scene.call.request.transport is not None:
        scene.call.request.transport.close()
    return web.Response()


async def _slow_body(scene: Scene) -> web.StreamResponse:
    answer, body = await _send_head(scene, cut=0)
    size = max(1, -(-len(body) // _PIECES))
    for start in range(0, len(body), size):
        await asyncio.sleep((scene.fault.seconds or 0) * size / len(body))
        await answer.write(body[start : start + size])
    return answer


async def _truncated_body(scene: Scene) -> web.StreamResponse:
    answer, body = await _send_head(scene, cut=1)
    await answer.write(body[: len(body) // 2])
    if scene.call.request.transport is not None:
        scene.call.request.transport.close()
    return answer


async def _send_head(scene: Scene, cut: int) -> tuple[web.StreamResponse, bytes]:
    """Serves the request, but sends the head alone, which promises ``cut`` bytes more than the body has."""
    served = await scene.serve()
    body = served.body if isinstance(served, web.Response) and isinstance(served.body, bytes) else b""
    headers = {
        "Content-Type": served.headers.get("Content-Type", "application/json"),
        "x-request-id": scene.call.id,
    }
    answer = web.StreamResponse(status=served.status, headers=headers)
    answer.content_length = len(body) + cut
    await answer.prepare(scene.call.request)
    return answer, body


async def _html(scene: Scene) -> web.StreamResponse:
    if scene.fault.created:
        await scene.serve()
    status = scene.fault.status or 200
    title = "Just a moment..." if status == 200 else f"{status} {phrase(status)}"
    page = f"<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
    return web.Response(text=page, status=status, content_type="text/html")


async def _leave_to_handler(scene: Scene) -> web.StreamResponse:
    return await scene.handler(scene.call)


_PLAYERS: Mapping[str, Player] = {
    "status": _status,
    "billed_status": _billed_status,
    "reset_before": _reset_before,
    "reset_after": _reset_after,
    "hang": _hang,
    "slow_body": _slow_body,
    "truncated_body": _truncated_body,
    "html": _html,
    "no_results": _leave_to_handler,
    "fail_task": _leave_to_handler,
    "status_word": _leave_to_handler,
    "latency": _leave_to_handler,
}

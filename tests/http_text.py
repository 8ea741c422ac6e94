"""Writes HTTP answers as bytes."""

import json
from typing import Any

TASK_ID = "task-unified-1757165031-uyujaw3d"
TASK: dict[str, Any] = {
    "id": TASK_ID,
    "object": "image.generation.task",
    "model": "phota-image-edit",
    "status": "pending",
    "progress": 0,
    "created": 1757165031,
}


def head(status: int, *headers: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status} Whatever", *headers, "", ""]).encode()


def answer(status: int, body: object = b"", *headers: str) -> bytes:
    """Returns a whole answer; a body that is not bytes becomes JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return head(status, f"Content-Length: {len(raw)}", *headers) + raw


def refusal(status: int, code: str = "", message: str = "because", *headers: str) -> bytes:
    """Returns a whole answer with the documented error body."""
    error = {"message": message, "type": "invalid_request_error", "code": code}
    return answer(status, {"error": error}, *headers)


#: The service took the edit.
ACCEPTED = answer(200, TASK)

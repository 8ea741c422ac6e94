"""Drives a conversation by hand with the answers of a scripted service, and keeps what was asked for."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from airflow_provider_phota.api.errors import TransportError
from airflow_provider_phota.api.wire import Conversation, Request, Response, Sleep, Step

T = TypeVar("T")

#: Epoch seconds at which the service created the task.
CREATED = 1757165031
TASK_ID = "task-unified-1757165031-uyujaw3d"


class Clock:
    """Goes forward only by the sleeps of a conversation."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Service:
    """Gives its answers in order, and the last one again and again."""

    def __init__(self, *answers: Response | TransportError) -> None:
        self._answers = list(answers)
        self.clock = Clock()
        self.requests: list[Request] = []
        self.sleeps: list[float] = []

    def run(self, conversation: Conversation[T]) -> T:
        try:
            step = next(conversation)
            while True:
                step = self._take(conversation, step)
        except StopIteration as end:
            result: T = end.value
            return result

    def _take(self, conversation: Conversation[T], step: Step) -> Step:
        if isinstance(step, Sleep):
            self.sleeps.append(step.seconds)
            self.clock.now += step.seconds
            return conversation.send(None)
        self.requests.append(step)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, TransportError):
            return conversation.throw(answer)
        return conversation.send(answer)


def says(status: int, body: object = b"", **headers: str) -> Response:
    """Returns an answer; a body that is not bytes becomes JSON, and `retry_after` the header `retry-after`."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, raw)


def refuses(status: int, code: str = "", message: str = "because", **headers: str) -> Response:
    """Returns an error of the documented shape."""
    return says(
        status, {"error": {"message": message, "type": "invalid_request_error", "code": code}}, **headers
    )


def shows(status: object = "pending", task_id: object = TASK_ID, **fields: Any) -> Response:
    """Returns a 200 with a task."""
    return says(200, task_fields(status, task_id, **fields))


def finished(**fields: Any) -> Response:
    """Returns a 200 with a completed task and its picture."""
    picture: Mapping[str, str] = {"url": "https://cdn.example/out.png?sig=s", "content_type": "image/png"}
    return shows("completed", **({"results": [picture], "progress": 100} | fields))


def date(seconds: int) -> str:
    """Returns the Date header of an answer that was given this many seconds after the task was created."""
    return f"Sat, 06 Sep 2025 13:{23 + (51 + seconds) // 60:02}:{(51 + seconds) % 60:02} GMT"


def running(age: int, **fields: object) -> Response:
    return replace(shows("processing", **fields), headers={"date": date(age)})


def task_fields(status: object = "pending", task_id: object = TASK_ID, **fields: Any) -> dict[str, Any]:
    return {
        "id": task_id,
        "object": "image.generation.task",
        "type": "image",
        "model": "phota-image-edit",
        "status": status,
        "progress": 0,
        "created": CREATED,
    } | fields

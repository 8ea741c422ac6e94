"""The PHOTA task that an answer to a submit names, wherever in it: such an answer is never a refusal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from airflow_provider_phota.api.answers import task_in
from airflow_provider_phota.api.reading import Unreadable, is_int, read_json, scrub
from airflow_provider_phota.api.tasks import PhotaTask, TaskStatus
from airflow_provider_phota.api.wire import Response

#: Where a task may stand in an answer, and with it an `id` that is the task's.
_AROUND = frozenset(
    {"data", "error", "task", "tasks", "task_info", "result", "results", "output", "response", "body"}
)
#: What may be read as a task: where it stands in `error`, the answer takes it back.
_ACCEPTED_IN = ("data", "task", "result", "response")
#: Names of an ID, without underscores and in lower case, wherever they stand.
_TASK_ID_NAMES = frozenset({"taskid", "photataskid"})
_HEADERS = ("x-task-id", "task-id", "x-phota-task-id")
_IN_A_PATH = re.compile(r"/tasks/([^/?#\s]+)")
#: As the vendor documents its IDs, where they stand in a sentence.
_IN_WORDS = re.compile(r"\btask-unified-[0-9]+-[A-Za-z0-9]+")
#: In JSON that is cut or damaged, and in a page of whatever else.
_IN_A_RUIN = re.compile(r'"(?:task_?id|phota_task_id|id)"\s*:\s*"([^"]+)', re.IGNORECASE)
_IN_A_PAGE = re.compile(r'"(?:task_?id|phota_task_id)"\s*:\s*"([^"]+)', re.IGNORECASE)
_DEEPEST = 8


def accepted_task(response: Response) -> PhotaTask | None:
    """The task that an answer shows, with a usable ID and a known status, whatever its HTTP status is."""
    try:
        fields = read_json(response)
    except Unreadable:
        return None
    inner = [fields.get(name) for name in _ACCEPTED_IN]
    for each in (
        fields,
        *(each for value in inner for each in (value if isinstance(value, list) else [value])),
    ):
        if isinstance(each, dict) and (task := _task(each, response)):
            return task
    return None


def named_task_id(response: Response, asked: str = "") -> str:
    """The ID of a task that an answer names, fit for a log; empty if it names none.

    Args:
        response: the answer.
        asked: the request: a sentence may repeat the URL of a picture, which names the task that made it.
    """
    return scrub(next(_ids(response, asked), ""), 256)


def _task(fields: Mapping[str, Any], response: Response) -> PhotaTask | None:
    phota_task_id = next((fields[name] for name in fields if _is_task_id(name)), None)
    fields = {**fields, "id": phota_task_id} if phota_task_id else fields
    try:
        task = task_in(fields, response)
    except Unreadable:
        return None
    return None if task.status is TaskStatus.UNKNOWN else task


def _ids(response: Response, asked: str) -> Iterator[str]:
    text = response.body.replace(b"\0", b"").decode("utf-8", "replace")
    try:
        yield from _found(read_json(response), is_task=True)
    except Unreadable:
        ruin = _IN_A_RUIN if text.lstrip().startswith(("{", "[")) else _IN_A_PAGE
        yield from ruin.findall(text)
    yield from filter(None, (response.headers.get(name, "") for name in _HEADERS))
    yield from _IN_A_PATH.findall(response.headers.get("location", ""))
    yield from (found for found in _IN_WORDS.findall(text) if found not in asked)


def _found(value: object, depth: int = 0, *, is_task: bool) -> Iterator[str]:
    """IDs in an answer; an `id` only where a task may stand."""
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for each in value:
            yield from _found(each, depth + 1, is_task=is_task)
    if not isinstance(value, dict):
        return
    for name, each in value.items():
        if _is_task_id(name) or (is_task and name == "id"):
            yield from filter(None, [_text(each)])
    for name, each in value.items():
        yield from _found(each, depth + 1, is_task=is_task and name in _AROUND)


def _is_task_id(name: str) -> bool:
    return name.replace("_", "").replace("-", "").lower() in _TASK_ID_NAMES


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else str(value) if is_int(value) else ""

"""Finds the PHOTA task that an answer to a submit mentions anywhere: such an answer is never a refusal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from airflow_provider_phota.api.answers import task_in
from airflow_provider_phota.api.reading import Unreadable, is_int, read_json, scrub
from airflow_provider_phota.api.tasks import PhotaTask, TaskStatus
from airflow_provider_phota.api.wire import Response

#: Fields in which a task may be; an `id` in one of them is the task's.
_TASK_FIELDS = frozenset(
    {"data", "error", "task", "tasks", "task_info", "result", "results", "output", "response", "body"}
)
#: Fields whose task counts as accepted. A task in `error` does not: there the answer takes it back.
_ACCEPTED_IN = ("data", "task", "result", "response")
#: Names of a task ID in any field, in lower case and without underscores.
_TASK_ID_NAMES = frozenset({"taskid", "photataskid"})
_HEADERS = ("x-task-id", "task-id", "x-phota-task-id")
_IN_A_PATH = re.compile(r"/tasks/([^/?#\s]+)")
#: An ID as the vendor documents it, in a sentence.
_IN_WORDS = re.compile(r"\btask-unified-[0-9]+-[A-Za-z0-9]+")
#: A task ID in JSON that is cut or damaged.
_IN_DAMAGED_JSON = re.compile(r'"(?:task_?id|phota_task_id|id)"\s*:\s*"([^"]+)', re.IGNORECASE)
#: A task ID in any other text, such as a proxy's page.
_IN_A_PAGE = re.compile(r'"(?:task_?id|phota_task_id)"\s*:\s*"([^"]+)', re.IGNORECASE)
#: Levels of nested objects that are searched.
_DEEPEST = 8


def accepted_task(response: Response) -> PhotaTask | None:
    """Returns the task in an answer with any HTTP status; None without a usable ID and a known status."""
    try:
        fields = read_json(response)
    except Unreadable:
        return None
    for candidate in _candidates(fields):
        if isinstance(candidate, dict) and (task := _task(candidate, response)):
            return task
    return None


def named_task_id(response: Response, asked: str = "") -> str:
    """Returns the ID of a task that an answer mentions, fit for a log; empty if it mentions no task.

    Args:
        response: the answer.
        asked: the request. A message may repeat a picture's URL from it, which names the task that made it.
    """
    return scrub(next(_ids(response, asked), ""), 256)


def _candidates(fields: Mapping[str, Any]) -> Iterator[object]:
    """Yields the objects of an answer that may be an accepted task."""
    yield fields
    for name in _ACCEPTED_IN:
        value = fields.get(name)
        yield from value if isinstance(value, list) else [value]


def _task(fields: Mapping[str, Any], response: Response) -> PhotaTask | None:
    phota_task_id = next((fields[name] for name in fields if _is_task_id(name)), None)
    fields = {**fields, "id": phota_task_id} if phota_task_id else fields
    try:
        task = task_in(fields, response)
    except Unreadable:
        return None
    return None if task.status is TaskStatus.UNKNOWN else task


def _ids(response: Response, asked: str) -> Iterator[str]:
    """Yields the task IDs that an answer mentions, those in the most reliable place first."""
    text = response.body.replace(b"\0", b"").decode("utf-8", "replace")
    try:
        yield from _ids_in_json(read_json(response), is_task=True)
    except Unreadable:
        pattern = _IN_DAMAGED_JSON if text.lstrip().startswith(("{", "[")) else _IN_A_PAGE
        yield from pattern.findall(text)
    yield from filter(None, (response.headers.get(name, "") for name in _HEADERS))
    yield from _IN_A_PATH.findall(response.headers.get("location", ""))
    yield from (found for found in _IN_WORDS.findall(text) if found not in asked)


def _ids_in_json(value: object, depth: int = 0, *, is_task: bool) -> Iterator[str]:
    """Yields the task IDs in a value, those of outer objects first.

    Args:
        value: read from JSON.
        depth: how many objects and lists it is inside of.
        is_task: True where a task may be, so that an `id` is the task's.
    """
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for each in value:
            yield from _ids_in_json(each, depth + 1, is_task=is_task)
    if not isinstance(value, dict):
        return
    for name, each in value.items():
        if _is_task_id(name) or (is_task and name == "id"):
            yield from filter(None, [_as_text(each)])
    for name, each in value.items():
        yield from _ids_in_json(each, depth + 1, is_task=is_task and name in _TASK_FIELDS)


def _is_task_id(name: str) -> bool:
    return name.replace("_", "").replace("-", "").lower() in _TASK_ID_NAMES


def _as_text(value: object) -> str:
    return value.strip() if isinstance(value, str) else str(value) if is_int(value) else ""

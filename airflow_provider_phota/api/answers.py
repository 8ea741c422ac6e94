"""Reads the answers of the service without trusting them.

An answer that is not what the vendor documents is `Unreadable` as a whole. The caller decides what that
means: a wait asks again, a submit may have been billed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from airflow_provider_phota.api.account import Upload, Usage
from airflow_provider_phota.api.reading import (
    Unreadable,
    http_date,
    is_int,
    read_json,
    request_id,
    scrub,
    text_of,
)
from airflow_provider_phota.api.reasons import failure_of
from airflow_provider_phota.api.task_ids import TASK_ID
from airflow_provider_phota.api.tasks import Image, PhotaTask, TaskStatus
from airflow_provider_phota.api.urls import UNUSABLE, as_sent
from airflow_provider_phota.api.wire import Response


def read_task(response: Response) -> PhotaTask:
    """Returns the task in a 2xx answer to a submit or a query.

    Raises:
        Unreadable: the answer has no usable task.
    """
    return task_in(read_json(response), response)


def task_in(fields: Mapping[str, Any], response: Response) -> PhotaTask:
    """Returns the task in the fields of an answer.

    Raises:
        Unreadable: there is no usable ID.
    """
    task_id, word = fields.get("id"), fields.get("status")
    if not isinstance(task_id, str) or not TASK_ID.fullmatch(task_id):
        raise Unreadable(f"HTTP {response.status} without a usable task id")
    status = _status(word)
    info = fields.get("task_info")
    created = _epoch(fields.get("created"))
    return PhotaTask(
        id=task_id,
        model=scrub(text_of(fields.get("model")), 100),
        status=status,
        status_word=scrub(text_of(word), 40),
        progress=_percent(fields.get("progress")),
        created=created,
        age=_age(created, response.headers.get("date", "")),
        estimated_time=_seconds(info.get("estimated_time")) if isinstance(info, dict) else None,
        images=_images(fields),
        profile_ids=_profile_ids(fields),
        failure=failure_of(fields) if status.is_terminal else None,
        usage=_plain_usage(fields.get("usage")),
        request_id=request_id(response),
    )


def read_upload(response: Response) -> Upload:
    """Returns the stored file in a 2xx answer to an upload.

    Raises:
        Unreadable: the answer has no usable URL.
    """
    fields = read_json(response)
    url = fields.get("url")
    if not isinstance(url, str) or not re.match(r"https?://[^\s/]+/", _url(url)):
        raise Unreadable(f"HTTP {response.status} without the uploaded file's URL")
    size = fields.get("size")
    return Upload(id=text_of(fields.get("id")), url=_url(url), size=size if is_int(size) else None)


def read_models(response: Response) -> tuple[str, ...]:
    """Returns the IDs of the models that the key may use.

    Raises:
        Unreadable: the answer has no list of models.
    """
    data = read_json(response).get("data")
    if not isinstance(data, list):
        raise Unreadable(f"HTTP {response.status} without a list of models")
    return tuple(item["id"] for item in data if isinstance(item, dict) and isinstance(item.get("id"), str))


def read_usage(response: Response) -> Usage:
    """Returns the balance of the key.

    Raises:
        Unreadable: the answer has no data of the account.
    """
    data = read_json(response).get("data")
    if not isinstance(data, dict):
        raise Unreadable(f"HTTP {response.status} without the account's data")
    available, used = _seconds(data.get("total_available")), _seconds(data.get("total_used"))
    return Usage(available=available or 0.0, used=used or 0.0, unlimited=data.get("unlimited_quota") is True)


def _status(word: object) -> TaskStatus:
    try:
        return TaskStatus(word)
    except ValueError:
        return TaskStatus.UNKNOWN


def _images(fields: Mapping[str, Any]) -> tuple[Image, ...]:
    results = fields.get("results")
    if results is None:
        return _images_of_older_page(fields.get("output"))
    if not isinstance(results, list):
        return ()
    return tuple(
        Image(url, scrub(text_of(item.get("content_type")), 100) or None)
        for item in results
        if isinstance(item, dict) and (url := _url(item.get("url")))
    )


def _images_of_older_page(output: object) -> tuple[Image, ...]:
    """Returns the pictures in `output: {"url", "urls": [...]}`, as an older page of the vendor has it."""
    if not isinstance(output, dict):
        return ()
    urls = output.get("urls") or [output.get("url")]
    return tuple(Image(url) for each in urls if (url := _url(each))) if isinstance(urls, list) else ()


def _profile_ids(fields: Mapping[str, Any]) -> tuple[str, ...]:
    results = fields.get("results")
    if not isinstance(results, list):
        return ()
    return tuple(
        item["profile_id"]
        for item in results
        if isinstance(item, dict) and _is_printable(item.get("profile_id"))
    )


def _plain_usage(usage: object) -> dict[str, str | int | float]:
    """Returns the credits as the service states them: only texts and numbers, nothing nested."""
    if not isinstance(usage, dict):
        return {}
    return {
        scrub(key, 60): scrub(value, 100) if isinstance(value, str) else value
        for key, value in usage.items()
        if isinstance(value, (str, int, float)) and not isinstance(value, bool) and _is_finite(value)
    }


def _url(value: object) -> str:
    """Returns a result's URL in the form in which it is sent; empty if it is missing or cannot be stored."""
    url = text_of(value)
    if UNUSABLE.search(url):
        return ""
    try:
        return as_sent(url)
    except ValueError:
        return url  # the download reports what is wrong with it


def _is_printable(value: object) -> bool:
    """True for a text that a database can store: PostgreSQL refuses NUL and half a surrogate pair."""
    return bool(text_of(value)) and text_of(value).isprintable()


def _is_finite(value: str | float) -> bool:
    return not isinstance(value, float) or math.isfinite(value)


def _percent(value: object) -> int | None:
    return min(max(value, 0), 100) if isinstance(value, int) and is_int(value) else None


def _epoch(value: object) -> int | None:
    return value if isinstance(value, int) and is_int(value) and 0 < value < 2**32 else None


def _age(created: int | None, date: str) -> float | None:
    now = http_date(date)
    return None if created is None or now is None else max(now - created, 0.0)


def _seconds(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value) if 0 <= value < math.inf else None
    except OverflowError:
        return None

"""Read what the service answered, trusting none of it.

An answer that is not what the vendor documents is `Unreadable`, never half-used. What that means is the
caller's to say: a poll asks again, a submit may have been billed.
"""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from functools import cache, lru_cache
from typing import Any, NoReturn

from airflow_provider_phota.api.edits import TASK_ID
from airflow_provider_phota.api.errors import (
    PhotaAuthenticationError,
    PhotaNoChannel,
    PhotaNotFound,
    PhotaQuotaError,
    PhotaRateLimited,
    PhotaRefused,
)
from airflow_provider_phota.api.models import Failure, Image, PhotaTask, TaskStatus, Upload, Usage
from airflow_provider_phota.api.wire import Response

#: 422 codes that mean "no upstream right now", after which the same request can succeed.
NO_CHANNEL_CODES = frozenset({"no_available_model", "no_compatible_channel", "unsupported_advanced_options"})
#: Statuses that by their own definition say: not processed, whatever the body looks like.
REJECTED_UNREAD = frozenset({425, 429})
_REFUSALS: dict[int, type[PhotaRefused]] = {
    400: PhotaRefused,
    401: PhotaAuthenticationError,
    402: PhotaQuotaError,
    403: PhotaAuthenticationError,
    404: PhotaNotFound,
    413: PhotaRefused,
    422: PhotaRefused,
    425: PhotaRateLimited,
    429: PhotaRateLimited,
}
_LONGEST_MESSAGE = 500
_LONGEST_RETRY_AFTER = 300.0


class Unreadable(Exception):
    """The answer is not what the vendor documents. The text says what is wrong, and quotes nothing."""


def read_json(response: Response) -> dict[str, Any]:
    """The JSON object of an answer, whatever its content type says: strict UTF-8, finite numbers."""
    try:
        value = _json().decode(response.body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise Unreadable(f"HTTP {response.status} with a body that is no valid JSON") from None
    if not isinstance(value, dict):
        raise Unreadable(f"HTTP {response.status} with JSON that is no object")
    return value


def read_refusal(response: Response) -> PhotaRefused | None:
    """The documented error this answer carries, or None if it is no proof that nothing was done."""
    kind = _REFUSALS.get(response.status)
    if kind is None:
        return None
    error = _error_object(response)
    if error is None:
        if response.status not in REJECTED_UNREAD:
            return None
        error = {}
    code = scrub(_text(error.get("code")) or _text(error.get("type")), 100)
    if response.status == 422 and code in NO_CHANNEL_CODES:
        kind = PhotaNoChannel
    words = scrub(_text(error.get("message"))) or "no reason given"
    request_id = _request_id(response)
    shown_id = f" (request_id: {request_id})" if request_id and request_id not in words else ""
    label = f"HTTP {response.status}" + (f", {code}" if code else "")
    return kind(
        f"The PHOTA service refused the request ({label}): {words}{shown_id}",
        response.status,
        code,
        request_id,
        retry_after(response),
    )


def error_words(response: Response) -> str:
    """What an error answer says of itself, for a message: `: no reason given` reads worse than nothing."""
    words = scrub(_text((_error_object(response) or {}).get("message")))
    return f": {words}" if words else ""


def read_task(response: Response) -> PhotaTask:
    """The task in a 2xx answer to a submit or a query."""
    fields = read_json(response)
    task_id, word = fields.get("id"), fields.get("status")
    if not isinstance(task_id, str) or not TASK_ID.fullmatch(task_id):
        raise Unreadable(f"HTTP {response.status} without a usable task id")
    status = _status(word)
    info = fields.get("task_info")
    created = _epoch(fields.get("created"))
    return PhotaTask(
        id=task_id,
        model=scrub(_text(fields.get("model")), 100),
        status=status,
        status_word=scrub(_text(word), 40),
        progress=_percent(fields.get("progress")),
        created=created,
        age=_age(created, response.headers.get("date", "")),
        estimated_time=_seconds(info.get("estimated_time")) if isinstance(info, dict) else None,
        images=_images(fields),
        profile_ids=_profile_ids(fields),
        failure=_failure(fields.get("error")) if status.is_terminal else None,
        usage=_plain(fields.get("usage")),
        request_id=_request_id(response),
    )


def read_upload(response: Response) -> Upload:
    """The stored file in a 2xx answer to an upload."""
    fields = read_json(response)
    url = fields.get("url")
    if not isinstance(url, str) or not re.match(r"https?://[^\s/]+/", url):
        raise Unreadable(f"HTTP {response.status} without the uploaded file's URL")
    size = fields.get("size")
    return Upload(id=_text(fields.get("id")), url=url, size=size if _is_int(size) else None)


def read_models(response: Response) -> tuple[str, ...]:
    """The model IDs open to the key."""
    data = read_json(response).get("data")
    if not isinstance(data, list):
        raise Unreadable(f"HTTP {response.status} without a list of models")
    return tuple(item["id"] for item in data if isinstance(item, dict) and isinstance(item.get("id"), str))


def read_usage(response: Response) -> Usage:
    """The balance of the key."""
    data = read_json(response).get("data")
    if not isinstance(data, dict):
        raise Unreadable(f"HTTP {response.status} without the account's data")
    available, used = _seconds(data.get("total_available")), _seconds(data.get("total_used"))
    return Usage(available=available or 0.0, used=used or 0.0, unlimited=data.get("unlimited_quota") is True)


def retry_after(response: Response, clock: Callable[[], float] = time.time) -> float:
    """Seconds the service asks us to wait, 0.0 if it does not say so in a form the RFC allows.

    An HTTP date is read against the answer's own Date header, so that clocks need not agree.
    """
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        seconds = float(value[:9])
    else:
        until = _http_date(value)
        seconds = until - (_http_date(response.headers.get("date", "")) or clock()) if until else 0.0
    return min(max(seconds, 0.0), _LONGEST_RETRY_AFTER)


def scrub(text: str, limit: int = _LONGEST_MESSAGE) -> str:
    """Words of the service, fit for a log: short, no control characters, no URL queries (they may sign)."""
    if len(text) <= limit and text.isprintable() and "://" not in text and "  " not in text:
        return text.strip()  # most words are harmless, and a poll should be cheap
    text = "".join(c if c.isprintable() else " " for c in text[: 4 * limit])
    text = re.sub(r"(?i)(https?://[^\s?#]+)[?#][^\s\"'<>)]+", r"\1?…", text)
    text = " ".join(text.split())
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


@cache  # json.loads would make one for every answer
def _json() -> json.JSONDecoder:
    return json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=_unique)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose id, status or error stands in it twice says two things: refuse to choose."""
    fields = dict(pairs)
    if len(fields) < len(pairs):
        names = [name for name, _ in pairs]
        if any(names.count(name) > 1 for name in ("id", "status", "error")):
            raise ValueError("duplicate field")
    return fields


def _error_object(response: Response) -> dict[str, Any] | None:
    """The `error` object of the documented shape: with a message and a type or code."""
    try:
        error = read_json(response).get("error")
    except Unreadable:
        return None
    if not isinstance(error, dict) or not isinstance(error.get("message"), str):
        return None
    return error if _text(error.get("type")) or _text(error.get("code")) else None


def _request_id(response: Response) -> str:
    return scrub(response.headers.get("x-request-id", ""), 100)


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
        Image(item["url"], scrub(_text(item.get("content_type")), 100) or None)
        for item in results
        if isinstance(item, dict) and _printable(item.get("url"))
    )


def _images_of_older_page(output: object) -> tuple[Image, ...]:
    """`output: {"url", "urls": [...]}`, as an older page of the vendor's documents it."""
    if not isinstance(output, dict):
        return ()
    urls = output.get("urls") or [output.get("url")]
    return tuple(Image(url) for url in urls if _printable(url)) if isinstance(urls, list) else ()


def _profile_ids(fields: Mapping[str, Any]) -> tuple[str, ...]:
    results = fields.get("results")
    if not isinstance(results, list):
        return ()
    return tuple(
        item["profile_id"]
        for item in results
        if isinstance(item, dict) and _printable(item.get("profile_id"))
    )


def _failure(error: object) -> Failure | None:
    if not isinstance(error, dict):
        return None
    code = _text(error.get("code")) or _text(error.get("type"))
    return Failure(code=scrub(code, 100), message=scrub(_text(error.get("message"))))


def _plain(usage: object) -> dict[str, str | int | float]:
    """The credits as the service stated them, without what is nested or of no plain type."""
    if not isinstance(usage, dict):
        return {}
    return {
        scrub(key, 60): scrub(value, 100) if isinstance(value, str) else value
        for key, value in usage.items()
        if isinstance(value, (str, int, float)) and not isinstance(value, bool) and _is_finite(value)
    }


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _printable(value: object) -> bool:
    """Whether it is a text that a database takes: PostgreSQL refuses NUL and half a surrogate pair."""
    return bool(_text(value)) and _text(value).isprintable()


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_finite(value: str | float) -> bool:
    return not isinstance(value, float) or math.isfinite(value)


def _percent(value: object) -> int | None:
    return min(max(value, 0), 100) if isinstance(value, int) and _is_int(value) else None


def _epoch(value: object) -> int | None:
    return value if isinstance(value, int) and _is_int(value) and 0 < value < 2**32 else None


def _age(created: int | None, date: str) -> float | None:
    now = _http_date(date)
    return None if created is None or now is None else max(now - created, 0.0)


def _seconds(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value) if 0 <= value < math.inf else None
    except OverflowError:
        return None


@lru_cache(maxsize=64)  # all answers of a second have the same date
def _http_date(value: str) -> float | None:
    try:
        return parsedate_to_datetime(value).timestamp()
    except (ValueError, OverflowError):
        return None

"""How an answer is read at all: as strict JSON, and as words fit for a log."""

from __future__ import annotations

import json
import re
from email.utils import parsedate_to_datetime
from functools import cache, lru_cache
from typing import Any, NoReturn

from airflow_provider_phota.api.wire import Response

_LONGEST_MESSAGE = 500


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


def scrub(text: str, limit: int = _LONGEST_MESSAGE) -> str:
    """Words of the service, fit for a log: short, no control characters; URLs without queries and users."""
    if len(text) <= limit and text.isprintable() and "://" not in text and "  " not in text:
        return text.strip()  # most words are harmless, and a poll should be cheap
    text = "".join(c if c.isprintable() else " " for c in text[: 4 * limit])
    text = re.sub(r"(?i)(https?://[^\s?#]+)[?#][^\s\"'<>)]+", r"\1?…", text)
    text = re.sub(r"(?i)\b([a-z][a-z0-9+.-]*://)[^\s/?#@]*@", r"\1", text)
    text = " ".join(text.split())
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def text_of(value: object) -> str:
    return value if isinstance(value, str) else ""


def request_id(response: Response) -> str:
    return scrub(response.headers.get("x-request-id", ""), 100)


def is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


@lru_cache(maxsize=64)  # all answers of a second have the same date
def http_date(value: str) -> float | None:
    try:
        return parsedate_to_datetime(value).timestamp()
    except (ValueError, OverflowError):
        return None


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

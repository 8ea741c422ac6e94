"""Reads an answer as strict JSON, and makes its words fit for a log."""

from __future__ import annotations

import json
import re
from email.utils import parsedate_to_datetime
from functools import cache, lru_cache
from typing import Any, NoReturn

from airflow_provider_phota.api.wire import Response

#: Characters of the service's words that are kept by default.
_LONGEST_MESSAGE = 500


class Unreadable(Exception):
    """The answer is not what the vendor documents. The text says what is wrong without quoting the answer."""


def read_json(response: Response) -> dict[str, Any]:
    """Returns the JSON object in an answer, whatever its content type says.

    Raises:
        Unreadable: the body is not an object in strict UTF-8 with finite numbers.
    """
    try:
        value = _json().decode(response.body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise Unreadable(f"HTTP {response.status} with a body that is not valid JSON") from None
    if not isinstance(value, dict):
        raise Unreadable(f"HTTP {response.status} with JSON that is not an object")
    return value


def scrub(text: str, limit: int = _LONGEST_MESSAGE) -> str:
    """Makes words of the service fit for a log: short, printable, URLs without queries and user names.

    Args:
        text: the words.
        limit: characters that are kept at most.
    """
    if len(text) <= limit and text.isprintable() and "://" not in text and "  " not in text:
        return text.strip()  # most words are harmless, and a question should cost little
    text = "".join(c if c.isprintable() else " " for c in text[: 4 * limit])
    text = re.sub(r"(?i)(https?://[^\s?#]+)[?#][^\s\"'<>)]+", r"\1?…", text)
    text = re.sub(r"(?i)\b([a-z][a-z0-9+.-]*://)[^\s/?#@]*@", r"\1", text)
    text = " ".join(text.split())
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def text_of(value: object) -> str:
    """Returns a value that is a text, and an empty text for any other value."""
    return value if isinstance(value, str) else ""


def request_id(response: Response) -> str:
    """Returns the vendor's ID of the request, for a support ticket; empty if the answer has none."""
    return scrub(response.headers.get("x-request-id", ""), 100)


def is_int(value: object) -> bool:
    """True for an integer. A bool, which Python counts as one, is False."""
    return isinstance(value, int) and not isinstance(value, bool)


@lru_cache(maxsize=64)  # all answers of a second have the same date
def http_date(value: str) -> float | None:
    """Returns the epoch seconds of an HTTP date, or None if the text is not a date."""
    try:
        return parsedate_to_datetime(value).timestamp()
    except (ValueError, OverflowError):
        return None


@cache  # json.loads would make a new decoder for every answer
def _json() -> json.JSONDecoder:
    return json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=_object_without_doubles)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _object_without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Builds an object; refuses one that has two IDs, statuses or errors, since either could be meant."""
    fields = dict(pairs)
    if len(fields) < len(pairs):
        names = [name for name, _ in pairs]
        if any(names.count(name) > 1 for name in ("id", "status", "error")):
            raise ValueError("duplicate field")
    return fields

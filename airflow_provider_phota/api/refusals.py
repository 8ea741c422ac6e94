"""Recognizes refusals by their documented shape, and reads how long to stay away."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from airflow_provider_phota.api.errors import (
    PhotaAuthenticationError,
    PhotaNoChannel,
    PhotaNotFound,
    PhotaQuotaError,
    PhotaRateLimited,
    PhotaRefused,
)
from airflow_provider_phota.api.reading import Unreadable, http_date, read_json, request_id, scrub, text_of
from airflow_provider_phota.api.reasons import failure_of
from airflow_provider_phota.api.refused_inputs import refuses_input
from airflow_provider_phota.api.wire import Response

#: Codes of a 422 that mean "no upstream right now": the same request can succeed later.
NO_CHANNEL_CODES = frozenset({"no_available_model", "no_compatible_channel", "unsupported_advanced_options"})
#: Statuses that by definition mean "not processed", whatever the body says.
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
#: Seconds of a Retry-After that are believed at most.
_LONGEST_RETRY_AFTER = 300.0


def read_refusal(response: Response) -> PhotaRefused | None:
    """Returns the documented error in an answer, or None if it does not prove that nothing was done."""
    kind = _REFUSALS.get(response.status)
    if kind is None:
        return None
    error = _error_object(response)
    if error is None:
        if response.status not in REJECTED_UNREAD:
            return None
        error = {}
    code = scrub(text_of(error.get("code")) or text_of(error.get("type")), 100)
    if response.status == 422 and code in NO_CHANNEL_CODES:
        kind = PhotaNoChannel
    elif kind.retryable and refuses_input((text_of(error.get("code")),)):
        kind = PhotaRefused  # the status says "later", but the same input would be refused again
    words = scrub(text_of(error.get("message"))) or "no reason given"
    number = request_id(response)
    shown_id = f" (request_id: {number})" if number and number not in words else ""
    label = f"HTTP {response.status}" + (f", {code}" if code else "")
    return kind(
        f"The PHOTA service refused the request ({label}): {words}{shown_id}",
        response.status,
        code,
        number,
        retry_after(response),
    )


def error_words(response: Response) -> str:
    """Returns `: ` and the message of an error answer, as the end of a sentence; empty if it has none."""
    try:
        failure = failure_of(read_json(response))
    except Unreadable:
        failure = None
    return f": {failure.message}" if failure and failure.message else ""


def retry_after(response: Response, clock: Callable[[], float] = time.time) -> float:
    """Returns the seconds for which the service asks us to wait; 0.0 without a valid Retry-After.

    A date is compared with the answer's own Date header, so that a wrong clock here does not matter.
    """
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        seconds = float(value[:9])
    else:
        until = http_date(value)
        seconds = until - (http_date(response.headers.get("date", "")) or clock()) if until else 0.0
    return min(max(seconds, 0.0), _LONGEST_RETRY_AFTER)


def _error_object(response: Response) -> dict[str, Any] | None:
    """Returns the `error` object if it has the documented shape: a message, and a type or a code."""
    try:
        error = read_json(response).get("error")
    except Unreadable:
        return None
    if not isinstance(error, dict) or not isinstance(error.get("message"), str):
        return None
    return error if text_of(error.get("type")) or text_of(error.get("code")) else None

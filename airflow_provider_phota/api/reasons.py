"""Finds the reason of a failure in whatever shape the service gives it: a text, a list, nested objects."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from airflow_provider_phota.api.reading import is_int, scrub
from airflow_provider_phota.api.refused_inputs import says_something
from airflow_provider_phota.api.tasks import Failure

#: Names of the fields that hold a code, a kind and a message. Earlier names count for more.
_CODES = ("code", "error_code", "errorCode", "err_code", "reason_code", "status_code")
_KINDS = ("type", "error_type")
_MESSAGES = (
    *("message", "msg", "error_message", "errorMessage", "error_msg", "detail", "details", "description"),
    *("error_description", "reason", "fail_reason", "failure_reason", "error", "errors", "title", "text"),
)
#: Fields of a failed task that may give the reason if `error` does not.
_MESSAGES_OF_TASK = tuple(
    name for name in _MESSAGES if name not in ("title", "text", "details", "description")
)
#: Levels of nested objects that are read, and items of a list.
_DEEPEST = 5
_MOST = 5
#: Values that such a field has when nothing failed.
_FINE = (0, 200, "0", "200", "ok", "success")


def failure_of(task: Mapping[str, Any]) -> Failure | None:
    """Returns the reason in the fields of a failed task, or None if it does not give a reason."""
    error = task.get("error")
    if error not in (None, "", []):
        return reason_in(error)
    names = (*_CODES, *_MESSAGES_OF_TASK)
    reasons = {name: task[name] for name in names if task.get(name) and not _is_fine(task[name])}
    return reason_in(reasons) if reasons else None


def reason_in(error: object) -> Failure:
    """Returns the code, kind and message of an error of any shape, fit for a log."""
    codes = [*_values(error, _CODES)]
    code = next(filter(says_something, codes), codes[0] if codes else "")
    kind = next(_values(error, _KINDS), "")
    message = scrub("; ".join(dict.fromkeys([*_messages(error)][:_MOST])))
    if not (code or kind or message) and error:
        message = scrub(json.dumps(error, ensure_ascii=False))
    return Failure(code=scrub(code or kind, 100), message=message, kind=scrub(kind, 100))


def _values(error: object, names: tuple[str, ...], depth: int = 0) -> Iterator[str]:
    """Yields the values of the named fields, those of outer objects first."""
    error = _parsed(error)
    if isinstance(error, dict) and depth <= _DEEPEST:
        yield from filter(None, (_as_text(error.get(name)) for name in names))
        for name in _MESSAGES:
            yield from _values(error.get(name), names, depth + 1)
    elif isinstance(error, list) and depth <= _DEEPEST:
        for each in error[:_MOST]:
            yield from _values(each, names, depth + 1)


def _messages(error: object, depth: int = 0) -> Iterator[str]:
    """Yields the messages in order; of an object only those of the first field that has any."""
    error = _parsed(error)
    if isinstance(error, dict) and depth <= _DEEPEST:
        found = ([*_messages(error.get(name), depth + 1)] for name in _MESSAGES)
        yield from next(filter(None, found), [])
    elif isinstance(error, list) and depth <= _DEEPEST:
        for each in error[:_MOST]:
            yield from _messages(each, depth + 1)
    elif isinstance(error, str) and error.strip():
        yield error


def _parsed(error: object) -> object:
    """Returns the JSON in a text, since gateways pass on the error of another service as a text."""
    if not isinstance(error, str) or not error.lstrip().startswith(("{", "[")):
        return error
    try:
        return json.loads(error)
    except (ValueError, RecursionError):
        return error


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else str(value) if is_int(value) else ""


def _is_fine(value: object) -> bool:
    return (value.lower() if isinstance(value, str) else value) in _FINE

"""Why something failed, in whatever shape the service says so: a text, a list, objects in objects."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from airflow_provider_phota.api.reading import is_int, scrub
from airflow_provider_phota.api.refused_inputs import says_something
from airflow_provider_phota.api.tasks import Failure

#: Where a code, a kind and words stand, in the order in which they are believed.
_CODES = ("code", "error_code", "errorCode", "err_code", "reason_code", "status_code")
_KINDS = ("type", "error_type")
_WORDS = (
    *("message", "msg", "error_message", "errorMessage", "error_msg", "detail", "details", "description"),
    *("error_description", "reason", "fail_reason", "failure_reason", "error", "errors", "title", "text"),
)
#: Where a task that failed says why, besides `error`.
_BESIDE = tuple(name for name in _WORDS if name not in ("title", "text", "details", "description"))
_DEEPEST = 5
_MOST = 5


#: What such a field holds where nothing failed.
_FINE = (0, 200, "0", "200", "ok", "success")


def failure_of(task: Mapping[str, Any]) -> Failure | None:
    """The reason in the fields of a task that failed; None if it gives none."""
    error = task.get("error")
    if error not in (None, "", []):
        return reason_in(error)
    beside = {name: task[name] for name in (*_CODES, *_BESIDE) if task.get(name) and not _is_fine(task[name])}
    return reason_in(beside) if beside else None


def reason_in(error: object) -> Failure:
    """The code, kind and words of an error of any shape, fit for a log."""
    codes = [*_named(error, _CODES)]
    code = next(filter(says_something, codes), codes[0] if codes else "")
    kind = next(_named(error, _KINDS), "")
    message = scrub("; ".join(dict.fromkeys([*_words(error)][:_MOST])))
    if not (code or kind or message) and error:
        message = scrub(json.dumps(error, ensure_ascii=False))
    return Failure(code=scrub(code or kind, 100), message=message, kind=scrub(kind, 100))


def _named(error: object, names: tuple[str, ...], depth: int = 0) -> Iterator[str]:
    """What stands under the names, the outermost first."""
    error = _opened(error)
    if isinstance(error, dict) and depth <= _DEEPEST:
        yield from filter(None, (_plain(error.get(name)) for name in names))
        for name in _WORDS:
            yield from _named(error.get(name), names, depth + 1)
    elif isinstance(error, list) and depth <= _DEEPEST:
        for each in error[:_MOST]:
            yield from _named(each, names, depth + 1)


def _words(error: object, depth: int = 0) -> Iterator[str]:
    """Every text that says something, in order; the first name that an object has speaks for it."""
    error = _opened(error)
    if isinstance(error, dict) and depth <= _DEEPEST:
        found = ([*_words(error.get(name), depth + 1)] for name in _WORDS)
        yield from next(filter(None, found), [])
    elif isinstance(error, list) and depth <= _DEEPEST:
        for each in error[:_MOST]:
            yield from _words(each, depth + 1)
    elif isinstance(error, str) and error.strip():
        yield error


def _opened(error: object) -> object:
    """What a text holds that is itself JSON: gateways hand on the error of another so."""
    if not isinstance(error, str) or not error.lstrip().startswith(("{", "[")):
        return error
    try:
        return json.loads(error)
    except (ValueError, RecursionError):
        return error


def _plain(value: object) -> str:
    return value if isinstance(value, str) else str(value) if is_int(value) else ""


def _is_fine(value: object) -> bool:
    return (value.lower() if isinstance(value, str) else value) in _FINE

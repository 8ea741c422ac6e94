"""Reads the arguments that have a form of their own. Their errors are argparse's."""

from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import UTC, datetime
from pathlib import Path

#: Seconds for which a result lives: a wait for it is shorter.
LONGEST = 72_000


def path(text: str) -> str:
    """Returns an object-storage URL; a path of this machine becomes one."""
    if not text.strip():
        raise ArgumentTypeError("it is empty")
    return text if "://" in text else f"file://{Path(text).expanduser().absolute()}"


def date(text: str) -> datetime:
    """Returns a moment; a date without a time zone is meant in UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is not a date such as 2026-11-01") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def picture(text: str) -> str:
    """Returns a URL of a picture; a path of this machine becomes one."""
    url = path(text)
    local = url.removeprefix("file://")
    if local != url and not Path(local).is_file():
        raise ArgumentTypeError(f"there is no file {text!r}")
    return url


def seconds(text: str) -> float:
    """Returns a time span."""
    try:
        span = float(text)
    except ValueError:
        span = 0.0
    if not 0 < span < LONGEST:
        raise ArgumentTypeError(f"{text!r} is not a number of seconds above 0 and below {LONGEST}")
    return span

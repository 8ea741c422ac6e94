"""Reads the arguments that have a form of their own. Their errors are argparse's."""

from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import UTC, datetime
from pathlib import Path


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

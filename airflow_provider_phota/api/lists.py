"""Reads lists of what other Airflow tasks return: each may return a list, and together they are one list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from os import PathLike
from typing import TypeGuard


def is_list(value: object) -> TypeGuard[Sequence[object]]:
    """True for a list, a tuple and the lazy sequence of a mapped task's results; False for a text."""
    return isinstance(value, Sequence) and not isinstance(
        value, (str, bytes, bytearray, memoryview, PathLike)
    )


def flattened(items: Iterable[object]) -> Iterator[object]:
    """Yields the items, and the members of an item that is a list itself: one level, not more.

    An empty list is yielded as it is: a task that found nothing has to become an error, not to disappear.
    """
    for item in items:
        if is_list(item) and len(item):
            yield from item
        else:
            yield item

"""Lists as other tasks hand them over: a list in a list is one list, since each task returns its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from os import PathLike
from typing import TypeGuard


def is_list(value: object) -> TypeGuard[Sequence[object]]:
    """True for a list, a tuple and the lazy sequence of a mapped task's results, not for a text."""
    return isinstance(value, Sequence) and not isinstance(
        value, (str, bytes, bytearray, memoryview, PathLike)
    )


def flattened(items: Iterable[object]) -> Iterator[object]:
    """The items, and in place of a list its members: one level, not more.

    An empty list stays: the task that returned it has found nothing, which somebody has to be told.
    """
    for item in items:
        if is_list(item) and len(item):
            yield from item
        else:
            yield item

"""Finds the items that ask for the same. It does no I/O."""

from __future__ import annotations

import hashlib


class Fingerprints:
    """Remembers which items were sent with which fingerprint, in little memory."""

    def __init__(self) -> None:
        #: Nearly always there is one item, and a tuple for each would take as much memory as all the rest.
        self._items: dict[bytes, str | tuple[str, ...]] = {}

    def add(self, fingerprint: str, item_id: str) -> None:
        digest = _digest(fingerprint)
        known = self._items.get(digest)
        if known is None:
            self._items[digest] = item_id
        elif item_id not in (items := _as_tuple(known)):
            self._items[digest] = (*items, item_id)

    def discard(self, fingerprint: str, item_id: str) -> None:
        digest = _digest(fingerprint)
        left = tuple(each for each in self.items_with(fingerprint) if each != item_id)
        if left:
            self._items[digest] = left if len(left) > 1 else left[0]
        else:
            self._items.pop(digest, None)

    def items_with(self, fingerprint: str) -> tuple[str, ...]:
        return _as_tuple(self._items.get(_digest(fingerprint), ()))


def _digest(fingerprint: str) -> bytes:
    return hashlib.blake2b(fingerprint.encode(), digest_size=12).digest()


def _as_tuple(items: str | tuple[str, ...]) -> tuple[str, ...]:
    return (items,) if isinstance(items, str) else items

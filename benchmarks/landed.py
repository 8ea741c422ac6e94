"""Counts the pictures of a folder, and decodes each."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

EXTENSIONS = frozenset({".png", ".jpg", ".webp"})


@dataclass(frozen=True)
class Pictures:
    """Says what has landed.

    Attributes:
        landed: files.
        valid: those that can be decoded.
        distinct: those with different bytes.
    """

    landed: int
    valid: int
    distinct: int


def count_pictures(folder: Path) -> Pictures:
    from PIL import Image  # noqa: PLC0415  # only this needs it

    files = [path for path in folder.rglob("*") if path.suffix in EXTENSIONS]
    digests, valid = set(), 0
    for path in files:
        digests.add(hashlib.sha256(path.read_bytes()).digest())
        with Image.open(path) as picture:
            picture.load()
            valid += 1
    return Pictures(len(files), valid, len(digests))

"""Draws the small pictures that a batch edits, all different."""

from __future__ import annotations

import random
from pathlib import Path

_SIZE = 64


def draw_pictures(folder: Path, count: int) -> None:
    """Writes PNG files of 64 by 64 pixels and about 2 KB, which are the same in every run."""
    from PIL import Image  # noqa: PLC0415  # only what draws needs it

    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        chance = random.Random(number)  # noqa: S311  # the same pictures in every run
        colours = Image.frombytes("RGB", (16, 16), chance.randbytes(16 * 16 * 3))
        colours.resize((_SIZE, _SIZE), Image.Resampling.NEAREST).save(folder / f"{number:06d}.png")

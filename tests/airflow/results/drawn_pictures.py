"""Draws pictures of which small copies are made, and looks at the copies."""

from __future__ import annotations

import io

from PIL import Image

from airflow_provider_phota.results.thumbnails import LONGEST_SIDE, thumbnail_of

RED, GREEN, BLUE, YELLOW = (230, 20, 20), (20, 200, 20), (20, 20, 230), (230, 230, 20)


def quarters(size=(1200, 800), mode="RGB"):
    """A picture of four colours, so that each turn of it is another picture."""
    width, height = size
    picture = Image.new("RGB", size)
    for index, colour in enumerate((RED, GREEN, BLUE, YELLOW)):
        box = (index % 2 * width // 2, index // 2 * height // 2)
        picture.paste(Image.new("RGB", (width // 2, height // 2), colour), box)
    return picture.convert(mode)


def saved(picture, kind="PNG", **options):
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def small_of(content):
    small = Image.open(io.BytesIO(thumbnail_of(io.BytesIO(content))))
    assert small.format == "WEBP"
    assert max(small.size) <= LONGEST_SIDE
    return small


def colours(picture):
    """The colours in the middles of the four quarters."""
    width, height = picture.size
    spots = [(x * width // 4, y * height // 4) for y in (1, 3) for x in (1, 3)]
    return [picture.convert("RGB").getpixel(spot) for spot in spots]


def assert_alike(seen, expected, most=24):
    for one, other in zip(seen, expected, strict=True):
        assert max(abs(a - b) for a, b in zip(one, other, strict=True)) <= most, (seen, expected)

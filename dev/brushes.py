"""Provides brushes for dev/photograph.py: grey noise, gradients and masks, all of the picture's size."""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import pairwise

from PIL import Image, ImageChops, ImageDraw, ImageFilter

Colour = tuple[int, int, int]
WIDTH, HEIGHT = 1600, 1067
SIZE = (WIDTH, HEIGHT)


def noise(
    dice: random.Random, size: tuple[int, int], cell: tuple[float, float], octaves: int = 5
) -> Image.Image:
    """Returns smooth grey noise in lumps of `cell` pixels. Each octave is half as large and as strong."""
    total = Image.new("L", size, 128)
    for octave in range(octaves):
        across, down = (max(2, round(side * 2**octave / lump)) for side, lump in zip(size, cell, strict=True))
        across, down = min(across, size[0]), min(down, size[1])
        layer = Image.frombytes("L", (across, down), dice.randbytes(across * down))
        layer = layer.resize(size, Image.Resampling.BICUBIC)
        total = ImageChops.add(
            total, layer.point(lambda v, k=2.0**octave: int((v - 128) / k / 2 + 128)), 1, -128
        )
    return total


def relief(
    dice: random.Random, cell: tuple[float, float], light: tuple[int, int], softness: float
) -> tuple[Image.Image, Image.Image]:
    """Returns noise as a surface, and the brightness of each point if the light comes from `light`."""
    margin = 16
    surface = noise(dice, (WIDTH + 2 * margin, HEIGHT + 2 * margin), cell, 7)
    left, top = margin + light[0], margin + light[1]
    here = surface.crop((margin, margin, margin + WIDTH, margin + HEIGHT))
    return here, ImageChops.subtract(
        surface.crop((left, top, left + WIDTH, top + HEIGHT)), here, softness, 128
    )


def gradient(stops: Sequence[tuple[float, Colour]], size: tuple[int, int]) -> Image.Image:
    column = Image.new("RGB", (1, size[1]))
    for y in range(size[1]):
        at = y / size[1]
        (low, first), (high, second) = next(
            pair for pair in pairwise(stops) if pair[0][0] <= at <= pair[1][0]
        )
        share = (at - low) / (high - low)
        column.putpixel((0, y), mixed(first, second, share))
    return column.resize(size)


def fade(full: int, empty: int) -> Image.Image:
    """Returns a mask with 255 at the row `full`, and 0 at the row `empty`."""
    column = Image.new("L", (1, HEIGHT))
    column.putdata([round(255 * max(0.0, min(1.0, (y - empty) / (full - empty)))) for y in range(HEIGHT)])
    return column.resize(SIZE)


def mixed(first: Colour, second: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def glow(centre: tuple[int, int], radius: int, colour: Colour, strength: float) -> Image.Image:
    """Returns light on black, to be added to a picture by `screen`."""
    disc = ImageChops.invert(Image.radial_gradient("L")).resize((2 * radius, 2 * radius))
    disc = disc.point(lambda v: int(255 * strength * (max(0, v - 75) / 180) ** 1.8))
    light = Image.new("L", SIZE)
    light.paste(disc, (centre[0] - radius, centre[1] - radius))
    return Image.composite(Image.new("RGB", SIZE, colour), Image.new("RGB", SIZE), light)


def below(line: Sequence[float], bottom: int = HEIGHT) -> Image.Image:
    mask = Image.new("L", SIZE)
    ImageDraw.Draw(mask).polygon([(0, bottom), *enumerate(line), (len(line), bottom)], fill=255)
    return mask.filter(ImageFilter.GaussianBlur(0.7))

"""Draws a contact sheet: the picture before the edit next to the results, with captions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

PAPER, INK, FAINT, ACCENT = (247, 245, 240), (34, 38, 44), (122, 124, 128), (196, 92, 52)
CELL = 900  # width of one picture
MARGIN, GAP, HEADER, CAPTION, FOOTER = 64, 48, 150, 96, 44
COLUMNS = 2


@dataclass(frozen=True)
class Plate:
    """Describes one picture of the sheet, with a title and a line of detail below it."""

    picture: Path
    title: str
    detail: str


def write_contact_sheet(target: Path, heading: str, subheading: str, plates: Sequence[Plate]) -> None:
    """Draws `plates` two in a row, left to right, and writes the sheet to `target` as PNG."""
    pictures = [_open_fitted(plate.picture) for plate in plates]
    row_height = max(picture.height for picture in pictures) + CAPTION
    rows = -(-len(plates) // COLUMNS)
    width = 2 * MARGIN + COLUMNS * CELL + (COLUMNS - 1) * GAP
    sheet = Image.new("RGB", (width, HEADER + rows * row_height + FOOTER), PAPER)
    _write(sheet, (MARGIN, 46), _shortened(heading, 40, width - 2 * MARGIN), 40, INK)
    _write(sheet, (MARGIN, 102), subheading, 22, FAINT)
    for index, (plate, picture) in enumerate(zip(plates, pictures, strict=True)):
        row, column = divmod(index, COLUMNS)
        left, top = MARGIN + column * (CELL + GAP), HEADER + row * row_height
        _paste_with_shadow(sheet, picture, (left, top))
        _write(sheet, (left, top + picture.height + 20), plate.title, 28, ACCENT if index else INK)
        _write(sheet, (left, top + picture.height + 56), _shortened(plate.detail, 20, CELL), 20, FAINT)
    sheet.save(target, "PNG", optimize=True)


def dimensions(path: Path) -> str:
    """Returns the size and kind of a picture, such as `1024 x 683 PNG`."""
    with Image.open(path) as picture:
        return f"{picture.width} x {picture.height} {picture.format}"


def _open_fitted(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        upright = ImageOps.exif_transpose(picture).convert("RGB")
    # a tall picture must not make the sheet taller than a screen
    return ImageOps.contain(upright, (CELL, CELL), Image.Resampling.LANCZOS)


def _paste_with_shadow(sheet: Image.Image, picture: Image.Image, corner: tuple[int, int]) -> None:
    """Pastes a picture with rounded corners above a soft shadow."""
    left, top = corner
    shadow = Image.new("L", sheet.size)
    box = (left, top + 8, left + picture.width, top + picture.height + 8)
    ImageDraw.Draw(shadow).rounded_rectangle(box, 14, fill=90)
    sheet.paste((60, 54, 48), mask=shadow.filter(ImageFilter.GaussianBlur(14)))
    mask = Image.new("L", (picture.width * 2, picture.height * 2))  # drawn large, for smooth corners
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, mask.width - 1, mask.height - 1), 28, fill=255)
    sheet.paste(picture, corner, mask.resize(picture.size, Image.Resampling.LANCZOS))


def _write(
    sheet: Image.Image, at: tuple[int, int], text: str, size: int, colour: tuple[int, int, int]
) -> None:
    ImageDraw.Draw(sheet).text(at, text, fill=colour, font=ImageFont.load_default(size))


def _shortened(text: str, size: int, width: int) -> str:
    font = ImageFont.load_default(size)
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f"{text}...") > width:
        text = text[:-1]
    return f"{text.rstrip()}..."

"""Draws the results: real pictures that are visibly changed, and that all differ."""

import hashlib
import io
import zlib
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

from airflow_provider_phota.api.orders.base import ENHANCE_MODEL, GENERATE_MODEL
from airflow_provider_phota.emulator.opening import open_picture, upright
from airflow_provider_phota.emulator.orders import Order

LONG_SIDE = {"1K": 1024, "4K": 4096}
#: Pixels of the long side of a thumbnail.
THUMBNAIL = 480
_CAPTION_SHARE = 40  # the caption's letters are 1/40 of the long side
#: Pixels of each side of a small picture, and squares that it has in a row.
_SMALL, _SQUARES = 64, 8


def draw(order: Order, inputs: Sequence[bytes], task_id: str, index: int) -> bytes:
    """Returns one result as PNG. Equal arguments give equal pictures.

    The prompt and the index decide the colours. The caption names the prompt, the task and the index.
    """
    dice, size = _dice(order, index), LONG_SIDE[order.resolution]
    picture = _drawn(order, inputs, size, dice)
    _add_caption(picture, f"{order.prompt}\n{task_id} #{index}", size, dice)
    return _encoded(picture)


def draw_thumbnail(way: str, order: Order, inputs: Sequence[bytes], task_id: str, index: int) -> bytes:
    """Returns a result as a small JPEG without a caption. It is drawn small, which takes less time.

    Args:
        way: How the result itself is drawn; see `Settings.pictures`.
        order: Whose result it is.
        inputs: The order's inputs. Only ``full`` results need them.
        task_id: Whose result it is.
        index: Which result, from 0.
    """
    if way == "small":
        picture = _squares(task_id, index).resize((THUMBNAIL, THUMBNAIL), Image.Resampling.NEAREST)
    elif way == "shared":
        picture = _shared(order, THUMBNAIL)
    else:
        picture = _drawn(order, inputs, THUMBNAIL, _dice(order, index))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=85)
    return out.getvalue()


def _dice(order: Order, index: int) -> bytes:
    return hashlib.sha256(f"{order.prompt}|{index}".encode(errors="replace")).digest()


def _drawn(order: Order, inputs: Sequence[bytes], size: int, dice: bytes) -> Image.Image:
    if order.model == GENERATE_MODEL:
        return _abstract_picture(_size_for(order.aspect_ratio, size), dice)
    if order.model == ENHANCE_MODEL:
        return _resized(inputs[0], size).filter(ImageFilter.UnsharpMask(radius=2, percent=160))
    picture = _tinted(_resized(inputs[0], size), dice)
    _add_inputs(picture, inputs[1:], size)
    return picture


def draw_small(task_id: str, index: int) -> bytes:
    """Returns a small picture of coloured squares as PNG: another one for each task and index."""
    return _encoded(_squares(task_id, index).resize((_SMALL, _SMALL), Image.Resampling.NEAREST))


def _squares(task_id: str, index: int) -> Image.Image:
    colours = hashlib.shake_256(f"{task_id}|{index}".encode()).digest(3 * _SQUARES**2)
    return Image.frombytes("RGB", (_SQUARES, _SQUARES), colours)


def draw_shared(order: Order) -> bytes:
    """Returns a picture as PNG that depends on model, resolution and aspect ratio alone."""
    return _encoded(_shared(order, LONG_SIDE[order.resolution]))


def _shared(order: Order, size: int) -> Image.Image:
    dice = hashlib.sha256(order.model.encode()).digest()
    return _abstract_picture(_size_for(order.aspect_ratio, size), dice)


def _encoded(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    # Run-length coding takes a third of the default's time, and tests draw hundreds of pictures.
    picture.save(out, "PNG", compress_type=zlib.Z_RLE)
    return out.getvalue()


def _resized(content: bytes, size: int) -> Image.Image:
    """Returns the picture upright and in RGB, its long side exactly ``size``."""
    with open_picture(content) as picture:
        picture.draft("RGB", (size, size))  # a large JPEG is then read at a fraction of its size
        turned = upright(picture).convert("RGB")
    scale = size / max(turned.size)
    width, height = (max(1, round(side * scale)) for side in turned.size)
    return turned.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=2.0)


def _size_for(aspect_ratio: str, size: int) -> tuple[int, int]:
    across, down = map(int, aspect_ratio.split(":"))
    longest = max(across, down)
    return round(size * across / longest), round(size * down / longest)


def _colour(dice: bytes, at: int) -> tuple[int, int, int]:
    return dice[at], dice[at + 1], dice[at + 2]


def _tinted(picture: Image.Image, dice: bytes) -> Image.Image:
    """Returns the picture tinted, and darkened towards a colour at its edges."""
    dark, light = (
        tuple(value // 3 for value in _colour(dice, 0)),
        tuple(160 + v // 3 for v in _colour(dice, 3)),
    )
    tinted = ImageOps.colorize(ImageOps.grayscale(picture), _hex(dark), _hex(light))
    mixed = Image.blend(picture, tinted, 0.35 + dice[6] / 1024)
    vignette = Image.radial_gradient("L").point(lambda value: max(0, value - 90) * 220 // 165)
    edge = Image.new("RGB", picture.size, _colour(dice, 7))
    return Image.composite(edge, mixed, vignette.resize(picture.size, Image.Resampling.BILINEAR))


def _hex(colour: tuple[int, ...]) -> str:
    return "#" + bytes(colour).hex()


def _abstract_picture(size: tuple[int, int], dice: bytes) -> Image.Image:
    """Returns an abstract picture: a gradient with discs."""
    gradient = Image.linear_gradient("L").rotate(90 * (dice[0] % 4)).resize(size)
    picture = ImageOps.colorize(gradient, _hex(_colour(dice, 1)), _hex(_colour(dice, 4)))
    pen = ImageDraw.Draw(picture, "RGBA")
    for at in range(7, 28, 3):
        x, y = size[0] * dice[at] // 255, size[1] * dice[at + 1] // 255
        radius = min(size) * (40 + dice[at + 2]) // 1000
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(*_colour(dice, at), 140))
    return picture


def _add_inputs(picture: Image.Image, others: Sequence[bytes], size: int) -> None:
    """Shows the further inputs in the upper left corner."""
    edge = min(size // 8, *picture.size)
    for column, content in enumerate(others[: max(0, picture.width // edge - 1)]):
        picture.paste(ImageOps.fit(_resized(content, edge), (edge, edge)), (column * edge, 0))


def _add_caption(picture: Image.Image, text: str, size: int, dice: bytes) -> None:
    """Draws a frame, and the text in a strip at the bottom."""
    pen = ImageDraw.Draw(picture, "RGBA")
    letters = max(8, size // _CAPTION_SHARE)
    font = ImageFont.load_default(letters)
    prompt, _, signature = text.replace("\0", " ").encode(errors="replace").decode().rpartition("\n")
    room = max(8, picture.width * 2 // letters - 4)
    lines = [" ".join(prompt.split())[:room], signature]
    top = picture.height - letters * 3
    pen.rectangle((0, top, picture.width, picture.height), fill=(0, 0, 0, 150))
    for number, line in enumerate(lines):
        pen.text((letters, top + letters * (0.2 + 1.3 * number)), line, fill=(255, 255, 255, 255), font=font)
    pen.rectangle((0, 0, picture.width - 1, picture.height - 1), outline=_colour(dice, 10), width=size // 100)
    # Letters may not fit on a very narrow picture. A row of dots tells any two results apart even then.
    for x, value in enumerate(hashlib.sha256(text.encode(errors="replace")).digest()[: picture.width]):
        picture.putpixel((x, 0), (value, 255 - value, value))

"""Opens a picture for its pixels alone. Neither its metadata nor its size is a reason to refuse it."""

import io
import struct

from PIL import Image, ImageOps
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
_SCAN, _APPLICATIONS = 0xDA, range(0xE0, 0xF0)
#: The chunks of a PNG that its pixels need. Pillow decompresses some of the others, and refuses long ones.
_NEEDED = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND"})


def open_picture(content: bytes) -> Image.Image:
    """Returns the picture, not decoded yet. Pillow's own limit of pixels does not apply to PNG and JPEG."""
    if content.startswith(_PNG):
        return PngImageFile(io.BytesIO(_without_metadata(content)))
    if content.startswith(_JPEG):
        return _jpeg(content)
    return Image.open(io.BytesIO(content))


def upright(picture: Image.Image) -> Image.Image:
    """Returns the picture, turned as its Exif data say."""
    picture.load()
    try:
        return ImageOps.exif_transpose(picture)
    except Exception:
        # Exif data that make no sense make Pillow raise almost anything.
        return picture


def _jpeg(content: bytes) -> Image.Image:
    try:
        return JpegImageFile(io.BytesIO(content))
    except Exception:
        # Damaged application segments do the same. Without them the picture cannot be turned upright.
        return JpegImageFile(io.BytesIO(_without_applications(content)))


def _without_applications(jpeg: bytes) -> bytes:
    kept, place = [jpeg[:2]], 2
    while place + 4 <= len(jpeg) and jpeg[place] == 0xFF and jpeg[place + 1] != _SCAN:
        end = place + 2 + int.from_bytes(jpeg[place + 2 : place + 4])
        if jpeg[place + 1] not in _APPLICATIONS:
            kept.append(jpeg[place:end])
        place = end
    return b"".join((*kept, jpeg[place:]))


def _without_metadata(png: bytes) -> bytes:
    kept, place = [_PNG], len(_PNG)
    while place + 8 <= len(png):
        length, kind = struct.unpack_from(">I4s", png, place)
        if kind in _NEEDED:
            kept.append(png[place : place + length + 12])
        place += length + 12
    return b"".join(kept)

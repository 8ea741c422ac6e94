"""Checks that a file is a picture: whole, of a known kind, and not too large."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO

from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.storage import png, webp
from airflow_provider_phota.storage.decoding import opened

#: The most pixels of a picture, if the connection does not say otherwise.
MOST_PIXELS = Settings.max_pixels

#: Pillow's name of a kind, and the offset and the bytes that show it. URLs and HTTP headers are not trusted.
_SIGNATURES: tuple[tuple[str, int, bytes], ...] = (
    ("PNG", 0, b"\x89PNG\r\n\x1a\n"),
    ("JPEG", 0, b"\xff\xd8\xff"),
    ("WEBP", 8, b"WEBP"),
    ("GIF", 0, b"GIF8"),
    ("TIFF", 0, b"II*\0"),
    ("TIFF", 0, b"MM\0*"),
    ("TIFF", 0, b"II+\0"),
    ("TIFF", 0, b"MM\0+"),
    ("BMP", 0, b"BM"),
)
#: Pillow's name -> extension and content type.
_KINDS = {
    "PNG": ("png", "image/png"),
    "JPEG": ("jpg", "image/jpeg"),
    "WEBP": ("webp", "image/webp"),
    "GIF": ("gif", "image/gif"),
    "TIFF": ("tiff", "image/tiff"),
    "BMP": ("bmp", "image/bmp"),
}
#: Kinds that a result may have.
RESULTS = ("PNG", "JPEG", "WEBP")
#: Kinds that an input may have. The service takes more, but they cannot be checked here.
INPUTS = tuple(_KINDS)
EXTENSIONS = tuple(_KINDS[kind][0] for kind in RESULTS)
#: How files are named that may be inputs, without a dot.
INPUT_EXTENSIONS = (*(extension for extension, _ in _KINDS.values()), "jpeg", "tif")

#: A WebP with more pixels is not decoded, since decoding needs 16 bytes of memory for each of them.
_MOST_DECODED_IN_WEBP = 64_000_000


class NotAPicture(Exception):
    """The file is not a whole picture. The text continues a sentence that begins with the file's name."""


@dataclass(frozen=True)
class Picture:
    """Describes a whole picture, by its bytes alone.

    Attributes:
        bytes: size of the file.
        width: in pixels, as is the height.
        extension: without a dot.
    """

    sha256: str
    bytes: int
    width: int
    height: int
    extension: str
    content_type: str


def inspect_picture(
    file: IO[bytes],
    kinds: Sequence[str] = RESULTS,
    *,
    max_pixels: float = MOST_PIXELS,
    decoded: bool = False,
) -> Picture:
    """Reads a file from its first byte to its last, and describes the picture in it.

    A PNG carries checksums, and checking them takes a fiftieth of the time of decoding. Files of the other
    kinds are decoded, since only their pixels tell that they are whole. Text, colour profiles and thumbnails
    in the file are ignored.

    Args:
        file: a file that can be read in any order.
        kinds: the kinds that the picture may have.
        max_pixels: the most pixels that it may have.
        decoded: decode the pixels of a PNG as well.

    Raises:
        NotAPicture: the file is cut, damaged, too large, or something else.
    """
    kind = kind_of(file, kinds)
    digest, size = _digest_and_size(file)
    width, height = _check_whole(file, kind, size, _PixelLimit(max_pixels), decoded=decoded)
    return Picture(digest, size, width, height, *_KINDS[kind])


def kind_of(file: IO[bytes], kinds: Sequence[str]) -> str:
    """Returns Pillow's name of what a file begins like.

    Raises:
        NotAPicture: It begins like none of the kinds.
    """
    file.seek(0)
    head = file.read(16)
    for kind, offset, signature in _SIGNATURES:
        if kind in kinds and head.startswith(signature, offset):
            return kind
    raise NotAPicture(f"is not a {', '.join(kinds[:-1])} or {kinds[-1]} picture")


@dataclass(frozen=True)
class _PixelLimit:
    """Refuses pictures with too many pixels."""

    max_pixels: float

    def check(self, size: tuple[int, int]) -> tuple[int, int]:
        width, height = size
        if width * height > self.max_pixels:
            raise NotAPicture(
                f"has {width} x {height} pixels, more than max_pixels ({self.max_pixels:.0f}): "
                "raise the connection's extra 'max_pixels' to accept it"
            )
        return size


def _check_whole(
    file: IO[bytes], kind: str, size: int, limit: _PixelLimit, *, decoded: bool
) -> tuple[int, int]:
    """Checks that a picture is whole, and returns its width and height."""
    from PIL import Image  # noqa: PLC0415  # DAG parsing stays cheap

    try:
        if kind == "PNG":
            return _check_png(file, limit, decompress=decoded)
        if kind == "WEBP":
            return _check_webp(file, size, limit)
        return _decode(file, kind, limit)
    except NotAPicture:
        raise
    except png.Damaged as damage:
        raise NotAPicture(f"is cut or damaged: {damage}") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise NotAPicture("has a part of more pixels than Pillow decodes at once") from None
    except Exception as error:
        # decoders raise many kinds of errors about damage: SyntaxError, struct.error, ValueError ...
        raise NotAPicture(f"is cut or damaged ({type(error).__name__})") from None


def _check_png(file: IO[bytes], limit: _PixelLimit, *, decompress: bool) -> tuple[int, int]:
    header = png.read_header(file)
    size = limit.check((header.width, header.height))
    png.verify(file, header, decompress=decompress)
    return size


def _check_webp(file: IO[bytes], size: int, limit: _PixelLimit) -> tuple[int, int]:
    # the size is checked first, since Pillow takes the memory for all pixels as it opens the file
    width, height = limit.check(webp.size_of(file))
    if width * height <= _MOST_DECODED_IN_WEBP:
        return _decode(file, "WEBP", limit)
    webp.check_whole(file, size)
    return width, height


def _decode(file: IO[bytes], kind: str, limit: _PixelLimit) -> tuple[int, int]:
    with opened(file, kind) as picture:
        size = limit.check(picture.size)
        picture.draft(None, (1, 1))  # a JPEG is then read to its end in a 64th of the memory
        picture.load()
        return size


def _digest_and_size(file: IO[bytes]) -> tuple[str, int]:
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256")  # type: ignore[arg-type]  # any binary file will do
    return digest.hexdigest(), file.seek(0, os.SEEK_END)

"""What a file must be to count as a picture: whole, of a known kind, and of a size that can be looked at."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.storage import jpeg, png, webp

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

#: Pixels of a picture at most, where the connection does not say otherwise.
MOST_PIXELS = Settings.max_pixels

#: How a picture begins (offset, bytes), by Pillow's name of the format: never the URL's or a header's word.
_BEGINNINGS: tuple[tuple[str, int, bytes], ...] = (
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
#: Extension and content type of each.
_KINDS = {
    "PNG": ("png", "image/png"),
    "JPEG": ("jpg", "image/jpeg"),
    "WEBP": ("webp", "image/webp"),
    "GIF": ("gif", "image/gif"),
    "TIFF": ("tiff", "image/tiff"),
    "BMP": ("bmp", "image/bmp"),
}
#: What a result may be.
RESULTS = ("PNG", "JPEG", "WEBP")
#: What an input may be, as far as can be looked at here.
INPUTS = tuple(_KINDS)
EXTENSIONS = tuple(_KINDS[kind][0] for kind in RESULTS)
#: How files are named that may be inputs, without a dot.
INPUT_EXTENSIONS = (*(extension for extension, _ in _KINDS.values()), "jpeg", "tif")

#: Pixels above which a WebP is not decoded: that takes 16 bytes for each.
_MOST_IN_WEBP = 64_000_000
#: A decoded picture may take hundreds of MB: one at a time.
_decoding = threading.Lock()


class NoPicture(Exception):
    """The file is no whole picture. The text continues a sentence that begins with its name."""


@dataclass(frozen=True)
class Picture:
    """A whole picture, as its bytes say.

    Attributes:
        extension: without a dot.
        bytes: the file's size.
        width: in pixels, as is the height.
    """

    sha256: str
    bytes: int
    width: int
    height: int
    extension: str
    content_type: str


def inspected(
    file: IO[bytes],
    kinds: Sequence[str] = RESULTS,
    *,
    max_pixels: float = MOST_PIXELS,
    decoded: bool = False,
) -> Picture:
    """What a file holds, looked at from its first byte to its last.

    A PNG carries a checksum of each of its parts, which takes a fiftieth of the time of decoding it; of the
    other kinds only their pixels tell that they are whole. What else is in the file, such as text, profiles
    and thumbnails, decides nothing.

    Args:
        file: to be read in any order.
        kinds: what it may be.
        max_pixels: how many it may have.
        decoded: unfold the pixels of a PNG as well.

    Raises:
        NoPicture: it is cut, damaged, too large to decode, or something else.
    """
    kind = _kind(file, kinds)
    digest, size = _digest(file)
    width, height = _looked_at(file, kind, size, _Limit(max_pixels), decoded=decoded)
    return Picture(digest, size, width, height, *_KINDS[kind])


def _kind(file: IO[bytes], kinds: Sequence[str]) -> str:
    file.seek(0)
    head = file.read(16)
    for kind, offset, beginning in _BEGINNINGS:
        if kind in kinds and head.startswith(beginning, offset):
            return kind
    raise NoPicture(f"is no {', '.join(kinds[:-1])} or {kinds[-1]} picture")


@dataclass(frozen=True)
class _Limit:
    """How many pixels a picture may have."""

    max_pixels: float

    def checked(self, size: tuple[int, int]) -> tuple[int, int]:
        width, height = size
        if width * height > self.max_pixels:
            raise NoPicture(
                f"has {width} x {height} pixels, more than max_pixels ({self.max_pixels:.0f}): "
                "raise the connection's extra 'max_pixels' to take it"
            )
        return size


def _looked_at(file: IO[bytes], kind: str, size: int, limit: _Limit, *, decoded: bool) -> tuple[int, int]:
    from PIL import Image  # noqa: PLC0415  # DAG parsing stays cheap

    try:
        if kind == "PNG":
            return _png(file, limit, unfold=decoded)
        if kind == "WEBP":
            return _webp(file, size, limit)
        return _decoded(file, kind, limit)
    except NoPicture:
        raise
    except png.Damaged as damage:
        raise NoPicture(f"is cut or damaged: {damage}") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise NoPicture("has a part of more pixels than Pillow decodes at once") from None
    except Exception as error:
        # a decoder raises whatever the damage leads it to: SyntaxError, struct.error, ValueError ...
        raise NoPicture(f"is cut or damaged ({type(error).__name__})") from None


def _png(file: IO[bytes], limit: _Limit, *, unfold: bool) -> tuple[int, int]:
    header = png.read_header(file)
    size = limit.checked((header.width, header.height))
    png.verify(file, header, unfold=unfold)
    return size


def _webp(file: IO[bytes], size: int, limit: _Limit) -> tuple[int, int]:
    # before Pillow opens it, which takes memory for all of its pixels
    width, height = limit.checked(webp.size_of(file))
    if width * height <= _MOST_IN_WEBP:
        return _decoded(file, "WEBP", limit)
    webp.check_whole(file, size)
    return width, height


def _decoded(file: IO[bytes], kind: str, limit: _Limit) -> tuple[int, int]:
    file.seek(0)
    with _decoding, _OPEN[kind](file) as picture:
        size = limit.checked(picture.size)
        picture.draft(None, (1, 1))  # a JPEG is read to its end all the same, and takes a 64th of the memory
        picture.load()
        return size


# not by Image.open(), which has a limit of its own that holds for the whole process
def _open_jpeg(file: IO[bytes]) -> ImageFile:
    from PIL.JpegImagePlugin import JpegImageFile  # noqa: PLC0415  # DAG parsing stays cheap

    return JpegImageFile(jpeg.without_metadata(file))


def _open_webp(file: IO[bytes]) -> ImageFile:
    from PIL.WebPImagePlugin import WebPImageFile  # noqa: PLC0415  # DAG parsing stays cheap

    return WebPImageFile(file)


def _open_gif(file: IO[bytes]) -> ImageFile:
    from PIL.GifImagePlugin import GifImageFile  # noqa: PLC0415  # DAG parsing stays cheap

    return GifImageFile(file)


def _open_bmp(file: IO[bytes]) -> ImageFile:
    from PIL.BmpImagePlugin import BmpImageFile  # noqa: PLC0415  # DAG parsing stays cheap

    return BmpImageFile(file)


def _open_tiff(file: IO[bytes]) -> ImageFile:
    from PIL import Image  # noqa: PLC0415  # DAG parsing stays cheap
    from PIL.TiffImagePlugin import TiffImageFile  # noqa: PLC0415

    class Pixels(TiffImageFile):
        def load_prepare(self) -> None:
            """Take the memory here: where Pillow does, it asks its own limit again."""
            self.im = Image.new(self.mode, getattr(self, "_tile_size", self.size)).im
            super().load_prepare()

        def load_end(self) -> None:
            """Neither read its Exif data nor turn it by them."""

    return Pixels(file)


_OPEN: dict[str, Callable[[IO[bytes]], ImageFile]] = {
    "JPEG": _open_jpeg,
    "WEBP": _open_webp,
    "GIF": _open_gif,
    "BMP": _open_bmp,
    "TIFF": _open_tiff,
}


def _digest(file: IO[bytes]) -> tuple[str, int]:
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256")  # type: ignore[arg-type]  # any binary file will do
    return digest.hexdigest(), file.seek(0, os.SEEK_END)

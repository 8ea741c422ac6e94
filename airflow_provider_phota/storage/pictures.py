"""Checks that a file is a picture: whole, of a known kind, and not too large."""

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
#: Bytes at the beginning of a picture that show its kind.
HEAD = 16
#: Kinds that a result may have.
RESULTS = ("PNG", "JPEG", "WEBP")
#: Kinds that an input may have. The service takes more, but they cannot be checked here.
INPUTS = tuple(_KINDS)
EXTENSIONS = tuple(_KINDS[kind][0] for kind in RESULTS)
#: How files are named that may be inputs, without a dot.
INPUT_EXTENSIONS = (*(extension for extension, _ in _KINDS.values()), "jpeg", "tif")

#: A WebP with more pixels is not decoded, since decoding needs 16 bytes of memory for each of them.
_MOST_DECODED_IN_WEBP = 64_000_000
#: Decoding may need hundreds of MB, so pictures are decoded one at a time.
_one_at_a_time = threading.Lock()


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
    kind = _kind_of(file, kinds)
    digest, size = _digest_and_size(file)
    width, height = _check_whole(file, kind, size, _PixelLimit(max_pixels), decoded=decoded)
    return Picture(digest, size, width, height, *_KINDS[kind])


def kind_by(head: bytes) -> str | None:
    """Returns the kind of a picture by its first `HEAD` bytes alone; None if it is not a picture."""
    return next((kind for kind, at, signature in _SIGNATURES if head.startswith(signature, at)), None)


def _kind_of(file: IO[bytes], kinds: Sequence[str]) -> str:
    file.seek(0)
    if (kind := kind_by(file.read(HEAD))) in kinds:
        return str(kind)
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
    file.seek(0)
    with _one_at_a_time, _OPENERS[kind](file) as picture:
        size = limit.check(picture.size)
        picture.draft(None, (1, 1))  # a JPEG is then read to its end in a 64th of the memory
        picture.load()
        return size


# Image.open() is not used: its own limit of pixels holds for the whole process
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

    class TiffPixels(TiffImageFile):
        def load_prepare(self) -> None:
            """Takes the memory for the pixels. Pillow's own method would check its own limit again."""
            self.im = Image.new(self.mode, getattr(self, "_tile_size", self.size)).im
            super().load_prepare()

        def load_end(self) -> None:
            """Does nothing: Pillow would read the Exif data here, and turn the picture by them."""

    return TiffPixels(file)


_OPENERS: dict[str, Callable[[IO[bytes]], ImageFile]] = {
    "JPEG": _open_jpeg,
    "WEBP": _open_webp,
    "GIF": _open_gif,
    "BMP": _open_bmp,
    "TIFF": _open_tiff,
}


def _digest_and_size(file: IO[bytes]) -> tuple[str, int]:
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256")  # type: ignore[arg-type]  # any binary file will do
    return digest.hexdigest(), file.seek(0, os.SEEK_END)

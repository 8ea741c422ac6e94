"""What a file must be to count as a picture: whole, of a known kind, and of a size that can be looked at."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage

#: A 4K picture has 8 to 16 million.
MOST_PIXELS = 64_000_000

#: How a picture begins (offset, bytes), by Pillow's name of the format: never the URL's or a header's word.
_BEGINNINGS: tuple[tuple[str, int, bytes], ...] = (
    ("PNG", 0, b"\x89PNG\r\n\x1a\n"),
    ("JPEG", 0, b"\xff\xd8\xff"),
    ("WEBP", 8, b"WEBP"),
    ("GIF", 0, b"GIF8"),
    ("TIFF", 0, b"II*\0"),
    ("TIFF", 0, b"MM\0*"),
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

#: Bytes that one byte of a PNG can unfold to, at most: a deflate stream packs no tighter.
_TIGHTEST = 1032
#: A decoded picture takes up to 250 MB: one at a time.
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


def inspected(file: IO[bytes], kinds: Sequence[str] = RESULTS, *, decoded: bool = False) -> Picture:
    """What a file holds, looked at from its first byte to its last.

    A PNG carries a checksum of each of its parts, which takes a fiftieth of the time of decoding it; of the
    other kinds only their pixels tell that they are whole.

    Args:
        file: to be read in any order.
        kinds: what it may be.
        decoded: decode a PNG as well.

    Raises:
        NoPicture: it is cut, damaged, too large to decode, or something else.
    """
    kind = _kind(file, kinds)
    digest, size = _digest(file)
    width, height = _looked_at(file, kind, size, decoded=decoded)
    return Picture(digest, size, width, height, *_KINDS[kind])


def _kind(file: IO[bytes], kinds: Sequence[str]) -> str:
    file.seek(0)
    head = file.read(16)
    for kind, offset, beginning in _BEGINNINGS:
        if kind in kinds and head.startswith(beginning, offset):
            return kind
    raise NoPicture(f"is no {', '.join(kinds[:-1])} or {kinds[-1]} picture")


def _looked_at(file: IO[bytes], kind: str, size: int, *, decoded: bool) -> tuple[int, int]:
    from PIL import Image  # noqa: PLC0415  # DAG parsing stays cheap

    try:
        with _opened(file, kind) as picture:
            if kind == "PNG":
                _verify(picture, size)
        if kind != "PNG" or decoded:
            with _decoding, _opened(file, kind) as picture:
                picture.load()
        return picture.size
    except NoPicture:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise NoPicture(f"has more than {MOST_PIXELS} pixels") from None
    except Exception as error:
        # a decoder raises whatever the damage leads it to: SyntaxError, struct.error, ValueError ...
        raise NoPicture(f"is cut or damaged ({type(error).__name__})") from None


def _verify(picture: PillowImage, size: int) -> None:
    """Check every checksum up to the end of a PNG, and that so few bytes can hold so many pixels."""
    width, height = picture.size
    depth = 8 if picture.mode in ("L", "P", "RGB", "RGBA", "LA") else 1
    if height * (width * len(picture.getbands()) * depth // 8) > size * _TIGHTEST:
        raise NoPicture(f"is cut or damaged: {width} x {height} pixels do not fit into {size} bytes")
    picture.verify()


def _opened(file: IO[bytes], kind: str) -> PillowImage:
    from PIL import Image  # noqa: PLC0415  # DAG parsing stays cheap

    file.seek(0)
    picture = Image.open(file, formats=[kind])
    width, height = picture.size
    if width * height > MOST_PIXELS:
        raise NoPicture(f"has {width} x {height} pixels, more than {MOST_PIXELS}")
    return picture


def _digest(file: IO[bytes]) -> tuple[str, int]:
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256")  # type: ignore[arg-type]  # any binary file will do
    return digest.hexdigest(), file.seek(0, os.SEEK_END)

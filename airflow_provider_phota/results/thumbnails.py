"""Makes small copies of pictures, for people to look at."""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Mapping
from concurrent.futures import Future, wait
from contextlib import suppress
from functools import partial
from typing import IO, TYPE_CHECKING

from airflow_provider_phota.storage import calls, webp
from airflow_provider_phota.storage.decoding import opened
from airflow_provider_phota.storage.pictures import INPUTS, NotAPicture, kind_of

if TYPE_CHECKING:
    from PIL import Image
    from PIL.ImageFile import ImageFile

log = logging.getLogger(__name__)

#: Pixels of the longer side of a small copy, at most.
LONGEST_SIDE = 512
#: A picture with more pixels is not decoded: it would take too much memory, for what is only to be looked at.
MOST_PIXELS = 64_000_000
CONTENT_TYPE = "image/webp"
#: Method 2 of WebP takes 5 ms, and the usual one, which is 4, takes 13 ms for files of the same size.
_QUALITY, _METHOD = 80, 2
#: Seconds to wait for other pictures that are decoded in this process.
_LONGEST_TURN = 10.0
#: How 16 bits become 8. Pillow would cut off what is above 255.
_SHARE_OF_16_BITS = 1 / 256


def thumbnail_of(file: IO[bytes]) -> bytes:
    """Returns a small copy of a picture, as WebP: upright, in sRGB, and without any metadata.

    Args:
        file: a file that can be read in any order. What is transparent in it stays so; of a picture that
            moves, the first frame is taken.

    Raises:
        NotAPicture: It is not a picture, or a damaged one, or has too many pixels.
        TimeoutError: Another picture was decoded for too long.
    """
    kind = kind_of(file, INPUTS)
    try:
        small = _decoded(file, kind)
        return _encoded(_in_srgb(small))
    except (NotAPicture, TimeoutError):
        raise
    except Exception as error:  # decoders raise many kinds of errors about damage
        raise NotAPicture(f"cannot be decoded ({type(error).__name__})") from None


class SmallCopies:
    """Makes small copies of the pictures of one order while others of it are fetched. Any thread may use it.

    Args:
        most: of how many pictures there are copies.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._made: dict[int, bytes | None] = {}
        self._running: dict[int, Future[None]] = {}

    def made(self) -> Mapping[int, bytes | None]:
        """Waits for the copies, and returns them by the indexes of their pictures.

        It is None for a picture that cannot be copied, and missing for one that has to be read again.
        """
        wait(list(self._running.values()), _LONGEST_TURN)
        return dict(self._made)

    def take(self, index: int, file: IO[bytes]) -> None:
        """Begins a copy of a picture. Raises nothing, since the picture has landed.

        Args:
            index: of the picture.
            file: of a disk. Its caller may close it at once, but not write to it.
        """
        if index >= self._most:
            return
        try:
            own = os.fdopen(os.dup(file.fileno()), "rb")
        except OSError as error:  # there are too many open files
            _log_as_missing(index, error)
            return
        self._running[index] = calls.start(partial(self._make, index, own))

    def _make(self, index: int, file: IO[bytes]) -> None:
        try:
            with file:
                self._made[index] = thumbnail_of(file)
        except NotAPicture as problem:
            self._made[index] = None
            log.warning("There is no small copy of result %s: it %s.", index, problem)
        except Exception as error:  # of the disk, or too long a wait
            _log_as_missing(index, error)


def _log_as_missing(index: int, error: Exception) -> None:
    log.debug("There is no small copy of result %s; it is read again (%s).", index, type(error).__name__)


def _decoded(file: IO[bytes], kind: str) -> Image.Image:
    if kind == "WEBP":
        _check_size(*webp.size_of(file))  # before Pillow takes the memory for all pixels
    with opened(file, kind, metadata=True, seconds=_LONGEST_TURN) as picture:
        _check_size(*picture.size)
        picture.draft(None, (LONGEST_SIDE, LONGEST_SIDE))  # a JPEG is then decoded at a part of its size
        turn = _load(picture, kind)
        small = _resized(_in_8_bits(picture))
    return small if turn is None else small.transpose(turn)


def _load(picture: ImageFile, kind: str) -> Image.Transpose | None:
    """Decodes a picture, and returns what makes it upright; None if it is."""
    turn = _turn_of(picture) if kind == "TIFF" else None  # later its file is closed
    picture.load()
    return turn if kind == "TIFF" else _turn_of(picture)  # a PNG may say it behind its pixels


def _check_size(width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise NotAPicture(f"has {width} x {height} pixels, more than the {MOST_PIXELS} that are decoded")


def _turn_of(picture: ImageFile) -> Image.Transpose | None:
    """Returns what makes a picture upright; None if it is, or if its Exif data make no sense."""
    from PIL import ExifTags, Image  # noqa: PLC0415  # DAG parsing stays cheap

    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    with suppress(Exception):  # Exif data that make no sense make Pillow raise almost anything
        return turns.get(picture.getexif().get(ExifTags.Base.Orientation, 1))
    return None


def _in_8_bits(picture: Image.Image) -> Image.Image:
    """Returns a picture whose pixels are red, green and blue, and how opaque they are if some are not."""
    if picture.mode.startswith("I"):
        return picture.convert("I").point(lambda value: value * _SHARE_OF_16_BITS).convert("L").convert("RGB")
    mode = "RGBA" if picture.has_transparency_data else "RGB"
    return picture if picture.mode == mode else picture.convert(mode)


def _resized(picture: Image.Image) -> Image.Image:
    from PIL.Image import Resampling  # noqa: PLC0415  # DAG parsing stays cheap

    # by whole steps first, and then by what is left: a good deal faster, and hardly to be seen
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Resampling.BICUBIC, reducing_gap=1.0)
    return picture.copy()  # of an opened file, what is left of it is closed at the end of its turn


def _in_srgb(small: Image.Image) -> Image.Image:
    """Returns a picture in the colours that are meant where no profile is given, and without its metadata."""
    if profile := small.info.get("icc_profile"):
        with suppress(Exception):  # a profile that makes no sense, or is for pictures of another kind
            small = _converted(small, profile)
    small.info = {}  # else it is written as well
    return small


def _converted(small: Image.Image, profile: bytes) -> Image.Image:
    from PIL import ImageCms  # noqa: PLC0415  # DAG parsing stays cheap

    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    colours = small.convert("RGB")
    ImageCms.profileToProfile(colours, source, ImageCms.createProfile("sRGB"), inPlace=True)
    if small.mode == "RGBA":
        colours.putalpha(small.getchannel("A"))
    return colours


def _encoded(small: Image.Image) -> bytes:
    out = io.BytesIO()
    small.save(out, "WEBP", quality=_QUALITY, method=_METHOD)
    return out.getvalue()

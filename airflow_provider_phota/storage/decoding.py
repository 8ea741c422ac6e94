"""Opens pictures by Pillow, one at a time, and past the limit that Pillow sets for a whole process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from airflow_provider_phota.storage import jpeg

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

#: Decoding may need hundreds of MB, so pictures are decoded one at a time.
_one_at_a_time = threading.Lock()


@contextmanager
def opened(
    file: IO[bytes], kind: str, *, metadata: bool = False, seconds: float | None = None
) -> Iterator[ImageFile]:
    """Opens a picture. Until the block ends, no other picture is opened by this function.

    A WebP takes the memory for all its pixels as it is opened, so its size has to be known before.

    Args:
        file: a file that can be read in any order.
        kind: Pillow's name of what is in it.
        metadata: whether the metadata of a JPEG is read, if it makes sense.
        seconds: how long to wait for another picture; any time if this is None.

    Raises:
        TimeoutError: Another picture took too long.
        Exception: Whatever a decoder raises about damage.
    """
    if not _one_at_a_time.acquire(timeout=-1 if seconds is None else seconds):
        raise TimeoutError("another picture takes too long")
    try:
        with _open(file, kind, metadata=metadata) as picture:
            yield picture
    finally:
        _one_at_a_time.release()


def _open(file: IO[bytes], kind: str, *, metadata: bool) -> ImageFile:
    file.seek(0)
    if kind == "JPEG" and metadata:
        try:
            return _open_jpeg(file)
        except Exception:  # metadata that make no sense make Pillow raise almost anything
            file.seek(0)
    return _OPENERS[kind](file)


# Image.open() is not used: its own limit of pixels holds for the whole process
def _open_png(file: IO[bytes]) -> ImageFile:
    from PIL.PngImagePlugin import PngImageFile  # noqa: PLC0415  # DAG parsing stays cheap

    return PngImageFile(file)


def _open_jpeg(file: IO[bytes]) -> ImageFile:
    from PIL.JpegImagePlugin import JpegImageFile  # noqa: PLC0415  # DAG parsing stays cheap

    return JpegImageFile(file)


def _open_bare_jpeg(file: IO[bytes]) -> ImageFile:
    return _open_jpeg(jpeg.without_metadata(file))


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
            """Says the size of the pixels as they are. Pillow itself would turn them by their Exif data."""
            self._size = self.im.size  # until here it is the one that Pillow would have turned them to

    return TiffPixels(file)


_OPENERS: dict[str, Callable[[IO[bytes]], ImageFile]] = {
    "PNG": _open_png,
    "JPEG": _open_bare_jpeg,
    "WEBP": _open_webp,
    "GIF": _open_gif,
    "BMP": _open_bmp,
    "TIFF": _open_tiff,
}

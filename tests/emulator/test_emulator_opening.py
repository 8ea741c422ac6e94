"""The emulator edits every sound picture, whatever else is in its file."""

import io
import struct
import zlib

import pytest
from PIL import Image

from airflow_provider_phota.emulator.opening import open_picture, upright


def encoded(kind: str, **options: object) -> bytes:
    content = io.BytesIO()
    Image.effect_noise((64, 48), 60.0).convert("RGB").save(content, kind, **options)
    return content.getvalue()


def png_with(kind: bytes, data: bytes) -> bytes:
    whole = encoded("PNG")
    more = struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return whole[:33] + more + whole[33:]


def jpeg_with(code: int, data: bytes) -> bytes:
    whole = encoded("JPEG")
    return whole[:2] + struct.pack(">BBH", 0xFF, code, len(data) + 2) + data + whole[2:]


SOUND = {
    "long text": png_with(b"zTXt", b"a\0\0" + zlib.compress(bytes(2_000_000))),
    "a long profile": png_with(b"iCCP", b"a\0\0" + zlib.compress(bytes(3_000_000))),
    "senseless transparency": png_with(b"tRNS", b"\0"),
    "a short JFIF": jpeg_with(0xE0, b"JFIF"),
    "half a profile": jpeg_with(0xE2, b"ICC_PROFILE\0\1"),
    "senseless Exif": jpeg_with(0xE1, b"Exif\0\0II*\0\xff\xff\xff\x7f" + b"\xff" * 200),
    "WebP": encoded("WEBP"),
}


@pytest.mark.parametrize("content", SOUND.values(), ids=SOUND)
def test_a_sound_picture_is_opened(content: bytes) -> None:
    with open_picture(content) as picture:
        assert upright(picture).convert("RGB").size == (64, 48)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_pillows_own_limit_does_not_hold(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with open_picture(encoded(kind)) as picture:
        picture.load()


@pytest.mark.parametrize(
    "content",
    [b"", b"text", encoded("PNG")[:-2000], encoded("JPEG")[:100], encoded("JPEG")[:-500], b"\xff\xd8\xff"],
)
def test_what_is_cut_is_not(content: bytes) -> None:
    with pytest.raises(Exception), open_picture(content) as picture:  # noqa: B017, PT011  # Pillow raises almost anything
        picture.load()


def test_a_picture_is_turned_as_its_exif_data_say() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    with open_picture(encoded("JPEG", exif=exif)) as picture:
        assert upright(picture).size == (48, 64)

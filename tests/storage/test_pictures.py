"""Only whole pictures of a known kind and size pass."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib

import pytest
from PIL import Image

from airflow_provider_phota.storage.pictures import INPUTS, MOST_PIXELS, NoPicture, inspected


def encoded(kind, size=(64, 48), **options):
    out = io.BytesIO()
    noise = Image.effect_noise(size, 60.0).convert("RGB")
    noise.save(out, kind, **options)
    return out.getvalue()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of(width, height, pixels=b""):
    """With a header that says so, whatever pixels it has."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


def look(content, **more):
    return inspected(io.BytesIO(content), **more)


@pytest.mark.parametrize(
    ("kind", "extension", "content_type"),
    [("PNG", "png", "image/png"), ("JPEG", "jpg", "image/jpeg"), ("WEBP", "webp", "image/webp")],
)
def test_a_whole_picture_is_described(kind, extension, content_type):
    content = encoded(kind)
    picture = look(content)
    assert (picture.width, picture.height) == (64, 48)
    assert (picture.extension, picture.content_type) == (extension, content_type)
    assert picture.bytes == len(content)
    assert picture.sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "BMP"])
def test_an_input_may_be_more_than_a_result(kind):
    content = encoded(kind)
    assert look(content, kinds=INPUTS).bytes == len(content)
    with pytest.raises(NoPicture, match="is no PNG, JPEG or WEBP picture"):
        look(content)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_a_cut_picture_is_refused(kind, part):
    content = encoded(kind)
    with pytest.raises(NoPicture):
        look(content[: int(len(content) * part)])


def test_a_png_without_its_end_is_refused():
    with pytest.raises(NoPicture, match="cut or damaged"):
        look(encoded("PNG")[:-12])


@pytest.mark.parametrize("at", [30, 200, 2000])
def test_a_png_with_a_wrong_byte_is_refused(at):
    content = bytearray(encoded("PNG"))
    content[at] ^= 0xFF
    with pytest.raises(NoPicture):
        look(bytes(content))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<!DOCTYPE html><html><body>Just a moment...</body></html>",
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b"GIF89a/*" + b"\0" * 64 + b"*/=alert(1)",
        b"%PDF-1.7",
        b"PK\x03\x04" + b"\0" * 64,
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xe0 this is no JPEG at all",
        b"RIFF\x10\0\0\0WEBPVP8 ",
        b"text named .png",
    ],
)
def test_what_is_no_picture_is_refused(content):
    with pytest.raises(NoPicture):
        look(content)


@pytest.mark.parametrize("size", [(20_000, 10_000), (30_000, 30_000), (8001, 8000)])
def test_a_bomb_is_refused_by_its_pixels(size):
    assert size[0] * size[1] > MOST_PIXELS
    with pytest.raises(NoPicture, match="pixels"):
        look(png_of(*size))


def test_a_header_that_promises_more_than_there_is_is_refused():
    with pytest.raises(NoPicture):
        look(png_of(2000, 2000, b"\0" * 100))

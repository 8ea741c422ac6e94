"""Only whole pictures of a known kind and size pass."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib

import pytest
from PIL import Image

from airflow_provider_phota.storage import pictures
from airflow_provider_phota.storage.pictures import INPUTS, MOST_PIXELS, NotAPicture, inspect_picture


def encoded(kind, size=(64, 48), mode="RGB", **options):
    out = io.BytesIO()
    noise = (
        Image.effect_noise(size, 60.0)
        .convert("RGB" if mode == "CMYK" else mode.partition(";")[0])
        .convert(mode)
    )
    noise.save(out, kind, **options)
    return out.getvalue()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of(width, height, pixels=b""):
    """Returns a PNG whose header says that size, whatever its pixels are."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


def look(content, **more):
    return inspect_picture(io.BytesIO(content), **more)


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
    with pytest.raises(NotAPicture, match="is not a PNG, JPEG or WEBP picture"):
        look(content)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_a_cut_picture_is_refused(kind, part):
    content = encoded(kind)
    with pytest.raises(NotAPicture):
        look(content[: int(len(content) * part)])


def test_a_png_without_its_end_is_refused():
    with pytest.raises(NotAPicture, match="cut or damaged"):
        look(encoded("PNG")[:-12])


@pytest.mark.parametrize("at", [30, 200, 2000])
def test_a_png_with_a_wrong_byte_is_refused(at):
    content = bytearray(encoded("PNG"))
    content[at] ^= 0xFF
    with pytest.raises(NotAPicture):
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
        b"\xff\xd8\xff\xe0 this is not a JPEG at all",
        b"RIFF\x10\0\0\0WEBPVP8 ",
        b"text named .png",
    ],
)
def test_what_is_not_a_picture_is_refused(content):
    with pytest.raises(NotAPicture):
        look(content)


@pytest.mark.parametrize("size", [(20_001, 10_000), (30_000, 30_000), (2**31 - 1, 2**31 - 1)])
def test_a_bomb_is_refused_by_its_pixels(size):
    assert size[0] * size[1] > MOST_PIXELS
    with pytest.raises(
        NotAPicture, match=r"more than max_pixels \(200000000\): raise the connection's extra"
    ):
        look(png_of(*size))


def test_a_header_that_promises_more_than_there_is_is_refused():
    with pytest.raises(NotAPicture, match="2000 x 2000 pixels do not fit into"):
        look(png_of(2000, 2000, b"\0" * 100))


def test_text_that_is_long_does_not_make_room_for_a_bomb():
    bomb = png_of(14_000, 14_000, b"\0" * 1_000_000)
    padded = bomb[:33] + chunk(b"tEXt", b"a\0" + b"x" * 1_000_000) + bomb[33:]
    with pytest.raises(NotAPicture, match="do not fit into"):
        look(padded)


@pytest.mark.parametrize("kind", INPUTS)
def test_how_many_pixels_a_picture_may_have_is_said_by_who_looks(kind):
    content = encoded(kind)
    assert look(content, kinds=INPUTS, max_pixels=64 * 48, decoded=True).width == 64
    with pytest.raises(NotAPicture, match=r"has 64 x 48 pixels, more than max_pixels \(3071\)"):
        look(content, kinds=INPUTS, max_pixels=64 * 48 - 1, decoded=True)


@pytest.fixture
def low_limit_of_pillow(monkeypatch):
    """Makes every picture larger than Pillow accepts, so that only our own limits count."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "TIFF", "BMP"])
def test_pillows_own_limit_decides_nothing(kind, low_limit_of_pillow):
    assert look(encoded(kind), kinds=INPUTS, decoded=True).width == 64


def test_a_compressed_tiff_is_above_pillows_limit_too(low_limit_of_pillow):
    assert look(encoded("TIFF", compression="tiff_lzw"), kinds=INPUTS).width == 64


def test_a_large_webp_is_looked_at_without_its_pixels(low_limit_of_pillow, monkeypatch):
    monkeypatch.setattr(pictures, "_MOST_DECODED_IN_WEBP", 100)
    for content in (encoded("WEBP"), encoded("WEBP", lossless=True), encoded("WEBP", exif=b"Exif")):
        assert (look(content).width, look(content).height) == (64, 48)
        for cut in range(1, len(content)):
            with pytest.raises(NotAPicture):
                look(content[:cut])


def test_a_gif_that_pillow_takes_for_a_bomb_says_so(low_limit_of_pillow):
    content = encoded("GIF", disposal=2)
    with pytest.raises(NotAPicture, match="more pixels than Pillow decodes at once"):
        look(content, kinds=INPUTS)


def test_a_photograph_of_108_million_pixels_is_a_picture():
    photograph = io.BytesIO()
    Image.new("L", (12_000, 9_000)).save(photograph, "JPEG")
    picture = inspect_picture(photograph, INPUTS, decoded=True)
    assert (picture.width, picture.height) == (12_000, 9_000)


def jpeg_with(*segments):
    """Returns a JPEG with more segments of applications and comments."""
    content = encoded("JPEG")
    more = b"".join(struct.pack(">BBH", 0xFF, code, len(data) + 2) + data for code, data in segments)
    return content[:2] + more + content[2:]


EXIF_THAT_MEANS_NOTHING = b"Exif\0\0II*\0\xff\xff\xff\x7f" + b"\xff" * 200


@pytest.mark.parametrize(
    "content",
    [
        jpeg_with((0xE0, b"JFIF")),
        jpeg_with((0xEE, b"Adobe")),
        jpeg_with((0xE2, b"ICC_PROFILE\0\1")),
        jpeg_with((0xE2, b"MPF\0none")),
        jpeg_with((0xED, b"Photoshop 3.0\0" + b"8BIM" * 4)),
        jpeg_with((0xE1, EXIF_THAT_MEANS_NOTHING)),
        jpeg_with((0xFE, b"\xff\xd8\xff\xd9")),
        jpeg_with(*[(0xE1, b"Exif\0\0" + b"x" * 65_000)] * 100),
        jpeg_with(*[(0xE2, b"ICC_PROFILE\0" + bytes((i, 200)) + b"x" * 65_000) for i in range(1, 201)]),
        encoded("JPEG", progressive=True),
        encoded("JPEG", exif=b"Exif\0\0" + b"x" * 1000, icc_profile=b"p" * 300_000),
        encoded("JPEG", mode="L"),
        encoded("JPEG", mode="CMYK"),
        encoded("JPEG", size=(1, 1)),
        encoded("MPO", save_all=True, append_images=[Image.new("RGB", (64, 48))]),
        encoded("JPEG") + b"of a phone's own",
        encoded("WEBP", lossless=True),
        encoded("WEBP", mode="RGBA", exif=b"Exif\0\0" + b"x" * 100_000, icc_profile=b"p" * 100_000, xmp=b"x"),
        encoded("WEBP", save_all=True, append_images=[Image.new("RGB", (64, 48))]),
        encoded("WEBP") + b"more",
    ],
)
def test_whatever_else_is_in_a_picture_decides_nothing(content):
    assert look(content).bytes == len(content)
    assert look(content, kinds=INPUTS, decoded=True).sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    "content",
    [
        encoded("TIFF", mode="1", compression="group4"),
        encoded("TIFF", mode="CMYK"),
        encoded("TIFF", mode="I;16"),
        encoded("TIFF", big_tiff=True),
        encoded("TIFF", compression="tiff_lzw"),
        encoded("TIFF", compression="jpeg"),
        encoded("TIFF", exif=Image.Exif()),
        encoded("TIFF", save_all=True, append_images=[Image.new("RGB", (64, 48))]),
        encoded("BMP", mode="1"),
        encoded("BMP", mode="P"),
        encoded("BMP", mode="RGBA"),
        encoded("GIF", mode="1"),
        encoded("GIF", comment=b"x" * 100_000),
        encoded("GIF", save_all=True, append_images=[Image.new("RGB", (64, 48))]),
    ],
)
def test_inputs_of_other_kinds_are_pictures(content):
    assert look(content, kinds=INPUTS).bytes == len(content)


def test_a_jpeg_that_ends_in_its_metadata_is_refused():
    content = jpeg_with((0xE1, b"x" * 1000))
    for cut in range(3, 1200):
        with pytest.raises(NotAPicture, match="cut or damaged"):
            look(content[:cut])


def test_every_cut_of_a_jpeg_that_pillow_refuses_is_refused():
    content = encoded("JPEG")
    for cut in range(700, len(content), 101):
        with pytest.raises(NotAPicture):
            look(content[:cut])

"""Small copies of pictures of every kind: upright, small, in the right colours, and only pixels."""

from __future__ import annotations

import io
import random

import pytest
from airflow_runs import PICTURE
from drawn_pictures import BLUE, GREEN, RED, YELLOW, assert_alike, colours, quarters, saved, small_of
from PIL import Image, ImageCms, ImageOps

from airflow_provider_phota.results.cards import MOST_THUMBNAIL_BYTES
from airflow_provider_phota.results.thumbnails import thumbnail_of

ORIENTATION = 0x0112


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_turned_as_its_camera_was_held(kind, orientation):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    content = saved(quarters(), kind, exif=exif)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
    small = small_of(content)
    assert small.size == ((512, 341) if orientation < 5 else (341, 512))
    assert_alike(colours(small), colours(upright))


@pytest.mark.parametrize("exif", [b"", b"Exif\0\0", b"Exif\0\0MM\0*\xff\xff\xff\xff", b"nonsense" * 50])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_exif_data_that_make_no_sense_cost_nothing_but_the_turn(kind, exif):
    assert_alike(colours(small_of(saved(quarters(), kind, exif=exif))), [RED, GREEN, BLUE, YELLOW])


@pytest.mark.parametrize(
    ("size", "small"),
    [((512, 512), (512, 512)), ((1, 1), (1, 1)), ((8, 3000), (1, 512)), ((513, 100), (512, 100))],
)
def test_a_picture_is_made_smaller_and_never_larger(size, small):
    assert small_of(saved(quarters(size))).size == small


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        *[("L", kind) for kind in ("PNG", "JPEG", "TIFF", "BMP")],
        *[("1", "PNG"), ("P", "PNG"), ("P", "GIF"), ("P", "TIFF"), ("CMYK", "JPEG"), ("CMYK", "TIFF")],
        *[
            ("RGB", "BMP"),
            ("YCbCr", "JPEG"),
            ("I;16", "PNG"),
            ("I;16", "TIFF"),
            ("LA", "PNG"),
            ("RGBX", "TIFF"),
            ("F", "TIFF"),
        ],
    ],
)
def test_pictures_of_every_mode_keep_their_colours(mode, kind):
    whole, grey = quarters(), quarters(mode="L")
    if mode == "I;16":
        picture = grey.convert("I").point(lambda value: value * 257).convert("I;16")
    else:  # of few colours, without dots
        picture = whole.quantize(16) if mode == "P" else whole.convert(mode)
    is_grey = mode in ("L", "LA", "I;16", "F", "1")
    # the dots of a picture in black and white become some grey
    most = 90 if mode == "1" else 24
    assert_alike(colours(small_of(saved(picture, kind))), colours(grey if is_grey else whole), most)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "GIF"])
def test_what_is_transparent_stays_transparent(kind):
    whole = quarters(mode="RGBA")
    whole.paste((0, 0, 0, 0), (0, 0, 600, 400))
    small = small_of(saved(whole, kind))
    assert small.mode == "RGBA"
    assert [small.getpixel(spot)[3] for spot in ((10, 10), (500, 10), (10, 330))] == [0, 255, 255]


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_of_a_picture_that_moves_the_first_frame_is_taken(kind):
    frames = [Image.new("RGB", (600, 600), colour) for colour in (RED, GREEN, BLUE)]
    small = small_of(saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=100))
    assert getattr(small, "n_frames", 1) == 1
    assert_alike([small.convert("RGB").getpixel((100, 100))], [RED])


def test_a_photograph_of_the_service_is_some_thirty_thousand_bytes():
    whole = ImageOps.fit(Image.open(PICTURE), (1024, 1024))
    for kind in ("PNG", "JPEG", "WEBP"):
        assert 5_000 < len(thumbnail_of(io.BytesIO(saved(whole, kind)))) < 60_000


def test_noise_which_is_the_worst_for_it_is_still_read_by_the_gallery():
    noise = Image.frombytes("RGBA", (512, 512), random.Random(0).randbytes(4 * 512 * 512))
    assert len(thumbnail_of(io.BytesIO(saved(noise)))) < MOST_THUMBNAIL_BYTES


def test_nothing_but_pixels_is_in_a_small_copy():
    exif = Image.Exif()
    exif[ORIENTATION], exif[0x010E], exif[0x8825] = 6, "at home", {1: "N", 2: (52.0, 31.0, 0.0)}
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    content = saved(quarters(), "JPEG", exif=exif, icc_profile=profile, comment=b"at home", xmp=b"at home")
    assert b"at home" in content
    small = thumbnail_of(io.BytesIO(content))
    assert b"at home" not in small
    assert not {"exif", "icc_profile", "xmp", "comment"} & Image.open(io.BytesIO(small)).info.keys()
    assert [name in small for name in (b"EXIF", b"ICCP", b"XMP ")] == [False] * 3


def test_a_profile_of_other_colours_is_applied():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = profile.replace(b"rXYZ", b"xxxx").replace(b"gXYZ", b"rXYZ").replace(b"xxxx", b"gXYZ")
    for mode in ("RGB", "RGBA"):
        small = small_of(saved(quarters(mode=mode), icc_profile=swapped))
        assert_alike(colours(small), [GREEN, RED, BLUE, YELLOW], most=40)


@pytest.mark.parametrize("profile", [b"x", b"\0" * 500, b"acsp" * 100])
def test_a_profile_that_makes_no_sense_is_left_out(profile):
    assert_alike(colours(small_of(saved(quarters(), icc_profile=profile))), [RED, GREEN, BLUE, YELLOW])

"""A PNG is judged by its checksums and its pixels alone: every kind passes, whatever metadata it has."""

from __future__ import annotations

import io
import random
import struct
import zlib

import pytest
from PIL import Image

from airflow_provider_phota.storage.pictures import INPUTS, NotAPicture, inspect_picture

KINDS = [
    (depth, colour)
    for colour, depths in {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}.items()
    for depth in depths
]
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
SIGNATURE = b"\x89PNG\r\n\x1a\n"
END = b"\0\0\0\0IEND\xaeB`\x82"


def chunk(kind, data=b""):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def header(width, height, depth=8, colour=2, interlace=0, compression=0, filters=0):
    fields = struct.pack(">IIBBBBB", width, height, depth, colour, compression, filters, interlace)
    return SIGNATURE + chunk(b"IHDR", fields)


def lines(width, height, depth, colour, interlace, seed=None):
    """The bytes that the pixels unfold to: blank ones, or noise."""
    chance = random.Random(seed)

    def of(w, h):
        size = (w * depth * CHANNELS[colour] + 7) // 8
        return b"".join(b"\0" + (bytes(size) if seed is None else chance.randbytes(size)) for _ in range(h))

    if not interlace:
        return of(width, height)
    sizes = ((-(-(width - x) // dx), -(-(height - y) // dy)) for x, y, dx, dy in ADAM7)
    return b"".join(of(w, h) for w, h in sizes if w > 0 and h > 0)


def png(width=16, height=16, depth=8, colour=2, interlace=0, seed=None, before=b"", after=b"", split=1 << 20):
    packed = zlib.compress(lines(width, height, depth, colour, interlace, seed), 9)
    palette = chunk(b"PLTE", bytes(range(256)) * 3) if colour == 3 and depth == 8 else b""
    if colour == 3 and not palette:
        palette = chunk(b"PLTE", bytes(3 * 2**depth))
    data = b"".join(chunk(b"IDAT", packed[at : at + split]) for at in range(0, len(packed), split))
    return header(width, height, depth, colour, interlace) + palette + before + data + after + END


def landed(content):
    return inspect_picture(io.BytesIO(content))


def published(content):
    return inspect_picture(io.BytesIO(content), INPUTS, decoded=True)


BOTH_ENDS = pytest.mark.parametrize("look", [landed, published])


@BOTH_ENDS
@pytest.mark.parametrize("interlace", [0, 1])
@pytest.mark.parametrize(("depth", "colour"), KINDS)
def test_every_kind_passes_blank_and_noisy_and_at_every_size(look, depth, colour, interlace):
    sizes = [(1, 1), (1, 9), (9, 1), (2, 3), (5, 5), (7, 8), (33, 17)]
    for width, height, seed in [(1024, 1024, None), *((*size, seed) for size in sizes for seed in (None, 1))]:
        content = png(width, height, depth, colour, interlace, seed)
        with Image.open(io.BytesIO(content)) as picture:
            picture.load()  # it is sound for others as well
        assert (look(content).width, look(content).height) == (width, height)


@pytest.mark.parametrize("interlace", [0, 1])
@pytest.mark.parametrize(("depth", "colour"), KINDS)
def test_of_every_kind_pixels_that_are_cut_are_refused_where_they_are_unfolded(depth, colour, interlace):
    whole = lines(33, 17, depth, colour, interlace, seed=1)
    start = header(33, 17, depth, colour, interlace) + chunk(b"PLTE", bytes(3))
    for left in (0, 1, len(whole) // 2, len(whole) - 1):
        cut = start + chunk(b"IDAT", zlib.compress(whole[:left])) + END
        with pytest.raises(NotAPicture, match="cut or damaged"):
            published(cut)
    packed = zlib.compress(whole)
    with pytest.raises(NotAPicture, match="its pixels end too early"):
        published(start + chunk(b"IDAT", packed[: len(packed) // 2]) + END)


@pytest.mark.parametrize(("depth", "colour"), KINDS)
def test_of_every_kind_more_pixels_than_can_be_there_are_refused(depth, colour):
    room = 1032 * 1000 * 8 // (depth * CHANNELS[colour])
    data = chunk(b"PLTE", bytes(3)) + chunk(b"IDAT", zlib.compress(b"")[:2].ljust(1000, b"\0")) + END
    with pytest.raises(NotAPicture, match="pixels do not fit into 1000 bytes"):
        landed(header(room + 16, 1, depth, colour) + data)
    assert landed(header(room - 16, 1, depth, colour) + data).width == room - 16


ANCILLARY = {
    "text that unfolds to 1.1 MB": chunk(b"zTXt", b"workflow\0\0" + zlib.compress(b"x" * 1_100_000)),
    "international text that unfolds to 2 MB": chunk(
        b"iTXt", b"workflow\0\1\0\0\0" + zlib.compress(b"x" * 2_000_000)
    ),
    "a colour profile that unfolds to 3 MB": chunk(b"iCCP", b"name\0\0" + zlib.compress(bytes(3_000_000))),
    "a colour profile that is not one": chunk(b"iCCP", b"name\0\0not compressed"),
    "a colour profile without a name": chunk(b"iCCP", b""),
    "a colour profile of another compression": chunk(b"iCCP", b"name\0\7xxxx"),
    "text of 100 MB in all, unfolded": chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(1_000_000))) * 100,
    "70 MB of plain text": chunk(b"tEXt", b"prompt\0" + b"x" * 1_000_000) * 70,
    "one text of 20 MB": chunk(b"tEXt", b"prompt\0" + b"x" * 20_000_000),
    "100,000 texts": chunk(b"tEXt", b"k\0v") * 100_000,
    "text that is cut inside": chunk(b"zTXt", b"a\0\0" + zlib.compress(b"x" * 5000)[:20]),
    "text that is empty": chunk(b"tEXt", b"") + chunk(b"zTXt", b"") + chunk(b"iTXt", b""),
    "text that is not text": chunk(b"iTXt", b"\xff\xfe\0\1\0\0\0\xff"),
    "Exif that means nothing": chunk(b"eXIf", b"\xff" * 1000),
    "two Exif": chunk(b"eXIf", b"MM\0*") * 2,
    "a time that is not one": chunk(b"tIME", b"\0"),
    "physical pixels without a size": chunk(b"pHYs", b"\0"),
    "chromaticities without values": chunk(b"cHRM", b"\0\0\0"),
    "transparency of a wrong length": chunk(b"tRNS", b"\0"),
    "gamma and rendering without values": chunk(b"gAMA", b"") + chunk(b"sRGB", b""),
    "an animation that says too much": chunk(b"acTL", struct.pack(">II", 2**31, 0)),
    "an animation that says nothing": chunk(b"acTL", b""),
    "frames out of order": chunk(b"fcTL", b"\xff" * 26) + chunk(b"fdAT", b"\0\0\0\7xxxx"),
    "private chunks": chunk(b"vpAg", b"\0" * 9) + chunk(b"caNv", b"x" * 16) + chunk(b"prVt", b"\0" * 100_000),
    "provenance": chunk(b"caBX", b"jumb" * 50_000),
    "a palette that colours of their own do not need": chunk(b"PLTE", bytes(768)),
}


@BOTH_ENDS
@pytest.mark.parametrize("where", ["before", "after"])
@pytest.mark.parametrize("chunks", ANCILLARY.values(), ids=ANCILLARY)
def test_metadata_decides_nothing(look, where, chunks):
    content = png(seed=1, **{where: chunks})
    assert look(content).bytes == len(content)


@BOTH_ENDS
def test_an_animation_passes(look):
    frames = [Image.effect_noise((32, 32), sigma).convert("RGB") for sigma in (10, 50, 90)]
    content = io.BytesIO()
    frames[0].save(content, "PNG", save_all=True, append_images=frames[1:])
    assert look(content.getvalue()).width == 32


@BOTH_ENDS
@pytest.mark.parametrize("more", [b"\n", b"\0" * 1000, b"PK\3\4 of a zip", png()])
def test_what_follows_the_end_is_not_looked_at(look, more):
    assert look(png(seed=1) + more).bytes == len(png(seed=1)) + len(more)


@BOTH_ENDS
@pytest.mark.parametrize("split", [1, 7, 8192])
def test_pixels_may_come_in_any_pieces(look, split):
    assert look(png(33, 17, seed=1, split=split, before=chunk(b"IDAT"))).width == 33


def test_more_pixels_than_needed_do_no_harm():
    packed = zlib.compress(lines(16, 16, 8, 2, 0) + b"\xff" * 100_000)
    assert published(header(16, 16) + chunk(b"IDAT", packed) + END).width == 16


BODY = png(seed=1)[33:]
BROKEN = {
    "without its end": png(seed=1)[: -len(END)],
    "cut in its end": png(seed=1)[:-1],
    "without pixels": header(16, 16) + END,
    "with empty pixels": header(16, 16) + chunk(b"IDAT") + END,
    "without a header": SIGNATURE + BODY,
    "with a short header": SIGNATURE + chunk(b"IHDR", b"\0" * 12) + BODY,
    "with two headers": header(16, 16) + header(32, 32)[8:] + BODY,
    "of no width": header(0, 16) + BODY,
    "of no height": header(16, 0) + BODY,
    "of a negative size": header(2**31, 1) + BODY,
    "of an unknown colour": header(16, 16, 8, 5) + BODY,
    "of an unknown depth": header(16, 16, 3, 0) + BODY,
    "of a depth that its colour has not": header(16, 16, 4, 2) + BODY,
    "of an unknown compression": header(16, 16, compression=1) + BODY,
    "of an unknown filter method": header(16, 16, filters=1) + BODY,
    "of an unknown interlacing": header(16, 16, interlace=2) + BODY,
    "without a palette": header(16, 16, 8, 3) + chunk(b"IDAT", zlib.compress(lines(16, 16, 8, 3, 0))) + END,
    "with a chunk that is not one": png(before=chunk(b"te\0t", b"x")),
    "with a chunk that is longer than the file": png(before=struct.pack(">I4s", 2**31 - 1, b"tEXt")),
    "with a chunk that is longer than any": png(before=struct.pack(">I4s", 2**32 - 1, b"tEXt")),
    "with a wrong checksum in its header": header(16, 16)[:-1] + b"\0" + BODY,
    "with a wrong checksum in its text": png(before=chunk(b"tEXt", b"a\0b")[:-1] + b"\0"),
    "with a wrong checksum in its pixels": png(seed=1)[: -len(END) - 1] + b"\0" + END,
    "with a wrong checksum at its end": png(seed=1)[:-1] + b"\0",
}


@BOTH_ENDS
@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_what_is_cut_or_damaged_is_refused(look, content):
    with pytest.raises(NotAPicture, match="is cut or damaged"):
        look(content)


@BOTH_ENDS
def test_every_cut_is_refused(look):
    content = png(5, 5, seed=1, before=chunk(b"tEXt", b"a\0b"))
    for cut in range(8, len(content)):
        with pytest.raises(NotAPicture, match="is cut or damaged"):
            look(content[:cut])


@BOTH_ENDS
def test_every_wrong_byte_is_found(look):
    content = png(5, 5, seed=1, before=chunk(b"tEXt", b"a\0b"))
    for at in range(len(content)):
        wrong = bytearray(content)
        wrong[at] ^= 0x20
        with pytest.raises(NotAPicture):
            look(bytes(wrong))


@pytest.mark.parametrize(
    "packed",
    [
        b"not compressed at all",
        zlib.compress(b"\5" + lines(16, 16, 8, 2, 0)[1:]),
        zlib.compress(lines(16, 16, 8, 2, 0)[:-49] + b"\xff" * 49),
    ],
    ids=["not deflate", "an unknown filter first", "an unknown filter last"],
)
def test_pixels_that_cannot_be_made_out_are_refused_where_they_are_unfolded(packed):
    with pytest.raises(NotAPicture, match="is cut or damaged"):
        published(header(16, 16) + chunk(b"IDAT", packed) + END)


def test_pixels_that_another_chunk_interrupts_are_not_read_on():
    packed = zlib.compress(lines(16, 16, 8, 2, 0, seed=1))
    pieces = (chunk(b"IDAT", packed[:200]), chunk(b"tEXt", b"a\0b"), chunk(b"IDAT", packed[200:]))
    with pytest.raises(NotAPicture, match="its pixels end too early"):
        published(header(16, 16) + b"".join(pieces) + END)

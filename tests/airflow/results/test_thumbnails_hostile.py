"""Small copies of what is damaged, far too large, or not a picture at all: none, and one kind of error."""

from __future__ import annotations

import io
import os
import random
import struct
import tempfile
import zlib

import pytest
from drawn_pictures import quarters, saved

from airflow_provider_phota.results import thumbnails
from airflow_provider_phota.results.thumbnails import SmallCopies, thumbnail_of
from airflow_provider_phota.storage.decoding import opened
from airflow_provider_phota.storage.pictures import NotAPicture


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def claiming(kind, width=60_000, height=60_000):
    """A small file that says that it has very many pixels."""
    if kind == "PNG":
        header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    content = bytearray(saved(quarters((16, 16)), kind))
    if kind == "JPEG":
        at = content.index(b"\xff\xc0") + 5
        content[at : at + 4] = struct.pack(">HH", height, width)
    elif kind == "BMP":
        content[18:26] = struct.pack("<ii", width, height)
    elif kind == "GIF":
        content[6:10] = struct.pack("<HH", width, height)
    else:
        at = content.index(b"VP8 ") + 14
        content[at : at + 4] = struct.pack("<HH", 16_000, 16_000)
    return bytes(content)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "GIF", "WEBP"])
def test_a_bomb_is_not_decoded(kind):
    with pytest.raises(NotAPicture, match="pixels, more than the 64000000 that are decoded"):
        thumbnail_of(io.BytesIO(claiming(kind)))


@pytest.mark.parametrize("name", [b"iCCP", b"zTXt", b"iTXt"])
def test_a_bomb_in_the_words_of_a_png_is_not_unpacked(name):
    bomb = zlib.compress(b"\0" * 300_000_000, 9)
    content = saved(quarters())
    words = {b"iCCP": b"x\0\0", b"zTXt": b"x\0\0", b"iTXt": b"x\0\1\0\0\0"}[name] + bomb
    with pytest.raises(NotAPicture, match="cannot be decoded"):
        thumbnail_of(io.BytesIO(content[:33] + chunk(name, words) + content[33:]))


@pytest.mark.parametrize(
    "content", [b"", b"<svg onload='alert(1)'/>", b"%PDF-1.7", b"RIFF\0\0\0\0WAVEfmt ", b"\x89PNG\r\n\x1a"]
)
def test_what_is_not_a_picture_is_not_copied(content):
    with pytest.raises(NotAPicture, match="is not a PNG"):
        thumbnail_of(io.BytesIO(content))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP"])
def test_damage_is_an_error_of_one_kind(kind):
    whole, chance = saved(quarters((300, 200)), kind), random.Random(kind)
    refused = 0
    for _ in range(60):
        damaged = bytearray(whole[: chance.randrange(16, len(whole))])
        for _ in range(chance.randrange(8)):
            damaged[chance.randrange(16, len(damaged) + 1) - 1] = chance.randrange(256)
        try:
            thumbnail_of(io.BytesIO(damaged))
        except NotAPicture:  # and no error of Pillow
            refused += 1
    assert refused


def on_disk(content):
    """A file of a disk that is closed as soon as a copy has begun."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  # who calls this closes it
    file.write(content)
    return file


def take(copies, index, content):
    with on_disk(content) as file:
        copies.take(index, file)


def test_a_picture_that_cannot_be_copied_is_a_line_in_the_log(caplog):
    copies = SmallCopies(2)
    for index in range(3):  # of the third no copy is wanted
        take(copies, index, b"nothing")
    assert copies.made() == {0: None, 1: None}
    assert sorted(record.getMessage() for record in caplog.records) == [
        f"There is no small copy of result {index}: it is not a PNG, JPEG, WEBP, GIF, TIFF or BMP picture."
        for index in range(2)
    ]


def test_a_copy_does_not_wait_for_ever_for_another_picture(monkeypatch):
    monkeypatch.setattr(thumbnails, "_LONGEST_TURN", 0.1)
    copies, content = SmallCopies(1), saved(quarters())
    with opened(io.BytesIO(content), "PNG"):
        take(copies, 0, content)
        copies._running[0].result(10)
        assert copies.made() == {}  # so that it is read again, once all pictures are at home
    monkeypatch.undo()
    take(copies, 0, content)
    assert copies.made()[0]


def test_a_process_without_a_free_file_lands_the_picture_all_the_same(monkeypatch):
    def dup(_):
        raise OSError(24, "Too many open files")

    copies = SmallCopies(1)
    with on_disk(saved(quarters())) as file:
        monkeypatch.setattr(os, "dup", dup)
        copies.take(0, file)
    assert copies.made() == {}

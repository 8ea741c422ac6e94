"""Runs `make screenshots`: takes the pictures of pages that the documentation shows."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page

from airflow_provider_phota.emulator import Emulator
from dev.browser import Scheme, running_browser, wait_until, window
from dev.photograph import photograph
from dev.sample_orders import SampleOrders

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
#: Bytes of a picture, at most: it is part of the repository for ever.
LARGEST = 300_000
#: Pictures of a lake that are easy to tell apart.
_SEEDS = (11, 3, 7)
_PORT = 8765  # the one that the documentation speaks of


@dataclass(frozen=True)
class Scene:
    """Says what is pictured.

    Attributes:
        name: The file is called so.
        opened: Starts what is shown, and yields its URL.
        prepare: What is done on the page before the picture is taken.
        size: Width and height in CSS pixels.
        scheme: Light or dark.
    """

    name: str
    opened: Callable[[], Iterator[str]]
    prepare: Callable[[Page], None] = lambda _: None
    size: tuple[int, int] = (1440, 940)
    scheme: Scheme = "light"


def _emulator() -> Iterator[str]:
    with Emulator(port=_PORT, latency=(2, 5), seed=1) as emulator:
        samples = SampleOrders(emulator, [_jpeg(seed) for seed in _SEEDS])
        samples.place_all()
        samples.close()
        yield emulator.url


def _jpeg(seed: int) -> bytes:
    out = io.BytesIO()
    photograph(seed).save(out, "JPEG", quality=90)
    return out.getvalue()


SCENES = (Scene("emulator", _emulator),)


def main(names: list[str]) -> int:
    """Takes the pictures of the named scenes, or of all, and returns the exit code."""
    with running_browser() as browser:
        for scene in SCENES:
            if not names or scene.name in names:
                print(f"{scene.name} ...", flush=True)
                with contextmanager(scene.opened)() as url:
                    path = take(browser, scene, url)
                print(f"  {path.relative_to(Path.cwd())}, {path.stat().st_size // 1000} kB")
    return 0


def take(browser: Browser, scene: Scene, url: str, folder: Path = IMAGES) -> Path:
    """Takes the picture of a scene, and returns its file."""
    with window(browser, scheme=scene.scheme, size=scene.size, scale=2) as opened:
        page = opened.new_page()
        page.goto(url)
        scene.prepare(page)
        wait_until(page, "[...document.images].every(each => each.complete || each.loading === 'lazy')")
        page.wait_for_load_state("networkidle")
        shot = page.screenshot(animations="disabled", caret="hide")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{scene.name}.png"
    path.write_bytes(_small(shot))
    return path


def _small(shot: bytes) -> bytes:
    """Returns the picture with 256 colours, at the largest size whose file is not too large."""
    with Image.open(io.BytesIO(shot)) as opened:
        whole = opened.convert("RGB")
    for share in (1, 0.85, 0.75, 0.625, 0.5):
        size = round(whole.width * share), round(whole.height * share)
        scaled = whole.resize(size, Image.Resampling.LANCZOS)
        colours = scaled.quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=3)
        # only with a palette does Pillow mix dots of two colours where a third one is missing
        picture = scaled.quantize(palette=colours, dither=Image.Dither.FLOYDSTEINBERG)
        out = io.BytesIO()
        picture.save(out, "PNG", optimize=True)
        if out.tell() <= LARGEST:
            return out.getvalue()
    raise ValueError(f"the picture is larger than {LARGEST} bytes even at half its size")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

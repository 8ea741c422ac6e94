"""Runs `make screenshots`: takes the pictures of pages that the documentation shows."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Browser, Page

from airflow_provider_phota.emulator import Emulator
from dev.browser import Scheme, running_browser, wait_until, window
from dev.gallery_runs import FAILS, airflow_page, open_shop, question_page
from dev.photograph import photograph
from dev.sample_orders import SampleOrders

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
#: Bytes of a picture, at most: it is part of the repository for ever.
LARGEST = 300_000
#: Pictures of a lake that are easy to tell apart.
_SEEDS = (11, 3, 7)
_PROMPTS = ("a winter morning", "a red evening sky", "fog over the water", "the first green of spring")
_PORT = 8765  # the one that the documentation speaks of


@dataclass(frozen=True)
class Place:
    """Is what is pictured, once it runs.

    Attributes:
        url: where it is.
        token: what logs a browser in to Airflow; empty if there is nothing to log in to.
        paths: of its pages, by the names of scenes.
    """

    url: str
    token: str = ""
    paths: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Scene:
    """Says what is pictured.

    Attributes:
        name: The file is called so.
        opened: Starts what is shown. Scenes of one place follow each other, and it is started once for them.
        prepare: What is done on the page before the picture is taken.
        size: Width and height in CSS pixels.
        scheme: Light or dark.
    """

    name: str
    opened: Callable[[], Iterator[Place]]
    prepare: Callable[[Page], None] = lambda _: None
    size: tuple[int, int] = (1440, 940)
    scheme: Scheme = "light"


def _emulator() -> Iterator[Place]:
    with Emulator(port=_PORT, latency=(2, 5), seed=1) as emulator:
        samples = SampleOrders(emulator, [_jpeg(seed) for seed in _SEEDS])
        samples.place_all()
        samples.close()
        yield Place(emulator.url)


def _gallery() -> Iterator[Place]:
    with TemporaryDirectory(prefix="shop-") as home, open_shop(Path(home)) as shop:
        edit = shop.begin("gallery_edit", prompt="Make it golden hour, with long warm light")
        mapped = shop.begin("gallery_mapped", prompts=[*_PROMPTS, FAILS])
        batch = shop.begin_batch(90)
        for dag_id, run_id in (("gallery_edit", edit), ("gallery_mapped", mapped), ("gallery_batch", batch)):
            shop.finish(dag_id, run_id)
        paths = {
            "gallery-task": airflow_page("gallery_edit", edit, "edit"),
            "gallery-task-dark": airflow_page("gallery_edit", edit, "edit"),
            "gallery-run": airflow_page("gallery_mapped", mapped),
            "gallery-batch": airflow_page("gallery_batch", batch, "edit"),
            "gallery": "/plugin/phota",
        }
        yield Place(shop.url(""), shop.token, paths)


def _reviews() -> Iterator[Place]:
    with TemporaryDirectory(prefix="shop-") as home, open_shop(Path(home)) as shop:
        prompt = "Make it golden hour, with long warm light"
        picked = shop.begin("review_pick_one", prompt=prompt, num_outputs=2)
        batch = shop.begin_batch(90, "review_batch", max_failures=5)
        for dag_id, run_id in (("review_pick_one", picked), ("review_batch", batch)):
            shop.wait_until_deferred(dag_id, run_id, "review")
        paths = {
            "review": question_page("review_pick_one", picked, "review"),
            "review-batch": airflow_page("review_batch", batch, "review"),
        }
        yield Place(shop.url(""), shop.token, paths)


def _wait_for_table(page: Page) -> None:
    page.locator("table img").nth(3).wait_for()


def _leave_some_out(page: Page) -> None:
    frame = page.frame_locator("iframe")
    for number in (2, 5):
        frame.get_by_label(f"Approve item-{number}", exact=True).uncheck()
    _wait_for_frame(page)


def _wait_for_frame(page: Page) -> None:
    frame = page.frame_locator("iframe")
    frame.locator("img").first.wait_for()
    page.wait_for_load_state("networkidle")


def _jpeg(seed: int) -> bytes:
    out = io.BytesIO()
    photograph(seed).save(out, "JPEG", quality=90)
    return out.getvalue()


SCENES = (
    Scene("emulator", _emulator),
    Scene("gallery-task", _gallery, _wait_for_frame),
    Scene("gallery-task-dark", _gallery, _wait_for_frame, scheme="dark"),
    Scene("gallery-run", _gallery, _wait_for_frame),
    Scene("gallery-batch", _gallery, _wait_for_frame),
    Scene("gallery", _gallery, _wait_for_frame),
    Scene("review", _reviews, _wait_for_table),
    Scene("review-batch", _reviews, _leave_some_out),
)


def main(names: list[str]) -> int:
    """Takes the pictures of the named scenes, or of all, and returns the exit code."""
    wanted = [scene for scene in SCENES if not names or scene.name in names]
    with running_browser() as browser:
        for opened, scenes in groupby(wanted, key=lambda scene: scene.opened):
            with contextmanager(opened)() as place:
                for scene in scenes:
                    path = take(browser, scene, place)
                    print(f"{path.relative_to(Path.cwd())}, {path.stat().st_size // 1000} kB", flush=True)
    return 0


def take(browser: Browser, scene: Scene, place: Place, folder: Path = IMAGES) -> Path:
    """Takes the picture of a scene, and returns its file."""
    with window(browser, scheme=scene.scheme, size=scene.size, scale=2) as opened:
        if place.token:
            opened.add_cookies([{"name": "_token", "value": place.token, "url": f"{place.url}/"}])
        page = opened.new_page()
        page.goto(place.url + place.paths.get(scene.name, ""))
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

"""Compares landing with and without small copies of the pictures: `python -m benchmarks.thumbnails`.

Both land the same photographs in turn, from the same server to the same disk: over loopback, where the
network costs nothing, and over a link of 100 Mbit/s. Last, the operator edits and lands whole orders.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from airflow_provider_phota.api.settings import Settings
from airflow_provider_phota.api.tasks import Image
from benchmarks import gallery
from benchmarks.paced_server import serving
from benchmarks.pipeline import edit_and_land
from benchmarks.processes import ROOT

OUTPUT = ROOT / ".build" / "bench-thumbnails.md"
RUNS = int(os.environ.get("BENCH_RUNS") or 7)
#: Name, pixels a side, and how many are landed by an order.
SIZES = (("1K", 1024, 20), ("2K", 2048, 10), ("4K", 4096, 4))
KINDS = {"PNG": {}, "JPEG": {"quality": 92}}
#: Megabits a second.
LINKS: dict[str, float | None] = {"loopback": None, "100 Mbit/s": 100.0}
#: Orders of one picture that the operator edits and lands in one run.
ORDERS = 10


@dataclass(frozen=True)
class Took:
    """Says what a run took, in seconds."""

    wall: float
    cpu: float


def measured(act: Callable[[], object]) -> Took:
    """Runs something, and returns what that took of this process."""
    wall, cpu = time.perf_counter(), time.process_time()
    act()
    return Took(time.perf_counter() - wall, time.process_time() - cpu)


def compared(act: Callable[[bool, int], object], pictures: int) -> str:
    """Returns the columns of a table: without and with small copies, in turn, and their ratio.

    Args:
        act: lands the pictures. It is told whether with small copies, and the number of the run.
        pictures: that it lands.
    """
    for wanted in (False, True):  # so that imports and caches are not measured
        act(wanted, -1)
    pairs = []
    for number in range(RUNS):
        took = {}
        for wanted in (False, True) if number % 2 else (True, False):
            took[wanted] = measured(lambda wanted=wanted, number=number: act(wanted, number))  # type: ignore[misc]
        pairs.append((took[False], took[True]))
    wall = median(having.wall / plain.wall for plain, having in pairs)
    cpu = median(having.cpu / plain.cpu for plain, having in pairs)
    each = [1000 / pictures * median(took.cpu for took in way) for way in zip(*pairs, strict=True)]
    walls = [1000 / pictures * median(took.wall for took in way) for way in zip(*pairs, strict=True)]
    return f"{walls[0]:.0f} | {walls[1]:.0f} | {wall:.2f} x | {each[0]:.0f} | {each[1]:.0f} | {cpu:.2f} x |"


def draw(folder: Path, kind: str, side: int, count: int) -> float:
    """Draws photographs of that kind, and returns the median of their bytes."""
    from PIL import Image as Pictures  # noqa: PLC0415  # only this needs it
    from PIL import ImageOps  # noqa: PLC0415

    photograph = ImageOps.fit(Pictures.open(gallery.PICTURE), (side, side))
    sizes = []
    for index in range(count):
        out = io.BytesIO()
        photograph.rotate(90 * (index % 4)).save(out, kind, **KINDS[kind])
        (folder / f"{index}.{kind.lower()}").write_bytes(out.getvalue())
        sizes.append(out.tell())
    return median(sizes)


def land(urls: list[str], wanted: bool) -> None:  # noqa: FBT001  # it is what the benchmark is about
    """Lands pictures as one order, as the operator does, with their card."""
    from airflow_provider_phota.hooks.phota import PhotaHook  # noqa: PLC0415  # Airflow's home is set
    from airflow_provider_phota.results.delivery import Delivery  # noqa: PLC0415
    from airflow_provider_phota.results.options import LandingOptions  # noqa: PLC0415
    from airflow_provider_phota.results.result import ResultImages  # noqa: PLC0415

    results = ResultImages("task-bench", [Image(url, None) for url in urls])
    with tempfile.TemporaryDirectory(dir=ROOT / ".build") as folder:
        landing = LandingOptions(f"file://{folder}", thumbnails=wanted).landing(pictures=len(urls))
        Delivery(PhotaHook(), landing, {}).deliver(results)
        landed = sum(path.is_file() for path in Path(folder).iterdir())
        copies = len(list(Path(folder).rglob("after-*.webp")))
        assert (landed, copies) == (len(urls), wanted * len(urls))


def landings(settings: Settings) -> list[str]:
    certificate = Path(str(settings.ca_bundle)).with_name("service.pem")
    lines = []
    for name, side, count in SIZES:
        for kind in KINDS:
            with tempfile.TemporaryDirectory(dir=ROOT / ".build") as drawn:
                size = draw(Path(drawn), kind, side, count) / 1e6
                for link, rate in LINKS.items():
                    with serving(Path(drawn), certificate, rate) as url:
                        urls = [f"{url}/{path.name}" for path in sorted(Path(drawn).iterdir())]
                        columns = compared(lambda wanted, _, urls=urls: land(urls, wanted), count)  # type: ignore[misc]
                    lines.append(f"| {name} {kind}, {size:.1f} MB | {link} | {columns}")
    return lines


def orders() -> str:
    """Edits and lands orders of one 1K picture by the operator, one after the other."""
    with tempfile.TemporaryDirectory(dir=ROOT / ".build") as folder:

        def act(wanted: bool, number: int) -> None:  # noqa: FBT001  # as above
            for each in range(ORDERS):
                prompt = f"{wanted} {number} {each}"
                edit_and_land(prompt, f"file://{gallery.PICTURE}", f"file://{folder}", thumbnails=wanted)

        return f"| a whole edit of 1K, PNG | loopback | {compared(act, ORDERS)}"


def main() -> int:
    OUTPUT.parent.mkdir(exist_ok=True)
    head = (
        "| pictures | from | ms a picture without | with | ratio | CPU, ms, without | with | ratio |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- |"
    )
    os.environ["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "ERROR"
    with gallery.service("0.5..1.0") as settings:
        text = "\n".join([head, *landings(settings), orders()]) + "\n"
    OUTPUT.write_text(text)
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())

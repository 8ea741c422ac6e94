"""The documentation in a browser: nothing overflows at any width, nothing is missing, and the search finds."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from conftest import OpenPage

from airflow_provider_phota.operators import phota
from dev.browser import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.slow]

pytest.importorskip("sphinx", reason="the documentation is built on Airflow 3.3 only")

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(path.stem for path in DOCS.glob("*.md"))
WIDTHS = (375, 768, 1024, 1366, 1440, 1600)

#: What sticks out of the page, by its outermost elements. What scrolls inside of a box does not stick out.
OVERFLOW = """() => {
  const most = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= most) return [];
  return [...document.querySelectorAll("main *")]
    .filter((each) => each.getBoundingClientRect().right > most + 1)
    .slice(0, 3)
    .map((each) => each.outerHTML.slice(0, 120));
}"""
MISSING = (
    "[...document.images].filter((each) => !each.complete || !each.naturalWidth).map((each) => each.src)"
)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The documentation as `make docs` builds it, over HTTP, since a search needs that."""
    folder = tmp_path_factory.mktemp("docs")
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "html", DOCS, folder]
    subprocess.run(command, check=True, capture_output=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_overflows_and_no_picture_is_missing(
    open_page: OpenPage, site: str, width: int, scheme: str
) -> None:
    page = open_page(f"{site}/index.html", scheme=scheme, size=(width, 900))
    problems = {}
    for name in PAGES:
        page.goto(f"{site}/{name}.html")
        if found := [*page.evaluate(OVERFLOW), *page.evaluate(MISSING)]:
            problems[name] = found
    assert not problems


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_anybody_can_read_them(open_page: OpenPage, site: str, axe: object, scheme: str) -> None:
    for name in ("index", "quickstart", "operator"):
        assert axe(open_page(f"{site}/{name}.html", scheme=scheme)) == []


@pytest.mark.parametrize("name", phota.__all__)
def test_the_search_finds_every_operator(open_page: OpenPage, site: str, name: str) -> None:
    page = open_page(f"{site}/search.html?q={name}")
    wait_until(page, "document.querySelectorAll('#search-results li a').length > 0")
    assert "reference" in page.locator("#search-results").inner_html()

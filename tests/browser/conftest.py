"""A browser for the tests of pages. Playwright's loop runs in this thread: nothing here may call `asyncio.run`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from dev.browser import SIZE, Scheme, running_browser, window
from dev.gallery_runs import Shop, open_shop

#: What keeps people from using a page. axe-core also knows `minor` and `moderate`.
GRAVE = {"serious", "critical"}

OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Runs a browser for all tests. Its processes are gone at the end."""
    with running_browser() as started:
        yield started


def _root_of(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}/"


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Opens pages, each in a window of its own: `open_page(url, scheme="dark", size=(1024, 900))`.

    With a `token`, its reader is logged in to Airflow.

    A test fails if a page that is `watched` reports an error in its console. Airflow's own pages may.
    """
    problems: list[str] = []
    with ExitStack() as windows:

        def opened(
            url: str,
            *,
            scheme: Scheme = "light",
            size: tuple[int, int] = SIZE,
            watched: bool = True,
            token: str = "",
        ) -> Page:
            opened_window = windows.enter_context(window(browser, scheme=scheme, size=size))
            if token:
                opened_window.add_cookies([{"name": "_token", "value": token, "url": _root_of(url)}])
            page = opened_window.new_page()
            if watched:
                page.on("pageerror", lambda error: problems.append(f"{url}: {error}"))
                page.on(
                    "console", lambda said: said.type == "error" and problems.append(f"{url}: {said.text}")
                )
            page.goto(url)
            return page

        yield opened
    assert problems == []


@pytest.fixture
def axe() -> Callable[[Page], list[dict[str, Any]]]:
    """Returns what axe-core finds on a page that is serious or critical: the rule, and the elements."""

    def grave_violations(page: Page) -> list[dict[str, Any]]:
        violations = Axe().run(page).response["violations"]
        return [
            {"rule": found["id"], "help": found["help"], "nodes": [node["html"] for node in found["nodes"]]}
            for found in violations
            if found["impact"] in GRAVE
        ]

    return grave_violations


@pytest.fixture
def screenshot(tmp_path: Path) -> Callable[..., Path]:
    """Saves what a page shows into the test's temporary folder, and returns the file."""

    def saved(page: Page, name: str, *, full_page: bool = False) -> Path:
        path = tmp_path / f"{name}.png"
        page.screenshot(path=path, full_page=full_page, animations="disabled")
        return path

    return saved


@pytest.fixture
def overflow() -> Callable[[Page], int]:
    """Returns by how many pixels a page is wider than its window."""

    def of(page: Page) -> int:
        return int(
            page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        )

    return of


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A real Airflow with the gallery in it, for all tests that need one."""
    with open_shop(tmp_path_factory.mktemp("shop")) as opened:
        yield opened


@pytest.fixture
def visit(shop: Shop, open_page: OpenPage) -> OpenPage:
    """Opens a page of Airflow as somebody who is logged in."""
    return lambda path, **options: open_page(shop.url(path), token=shop.token, **options)

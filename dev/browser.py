"""Runs a browser without a window, for tests of pages and pictures of them. It reaches only this machine."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import psutil
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from dev import chromium

Scheme = Literal["light", "dark"]
#: Width and height of a page, in pixels.
SIZE = (1366, 900)
#: Milliseconds that anything may take. A busy machine must not fail a test.
PATIENCE = 30_000
_ARGUMENTS = [
    "--no-proxy-server",
    # no name is looked up, so that no page can leave this machine
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
    "--font-render-hinting=none",
    "--force-color-profile=srgb",
    "--disable-dev-shm-usage",
]


class NoBrowserError(RuntimeError):
    """There is no browser on this machine."""


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Runs Chromium while the context lasts. At the end its processes are gone, also after an error.

    Raises:
        NoBrowserError: There is none.
    """
    path = chromium.find()
    if path is None:
        raise NoBrowserError("There is no browser: python -m dev.chromium installs one.")
    before = set(psutil.Process().children(recursive=True))
    started: set[psutil.Process] = set()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=path, args=_ARGUMENTS, chromium_sandbox=False, timeout=PATIENCE
            )
            started = set(psutil.Process().children(recursive=True)) - before
            yield browser
            browser.close()
    finally:
        _end(started)


def _end(processes: set[psutil.Process]) -> None:
    """Kills what is left of the processes. `psutil` never takes a later process with the same ID for one."""
    _, left = psutil.wait_procs(processes, timeout=10)
    for process in left:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue


@contextmanager
def window(
    browser: Browser,
    base_url: str = "",
    *,
    scheme: Scheme = "light",
    size: tuple[int, int] = SIZE,
    scale: float = 1,
) -> Iterator[BrowserContext]:
    """Opens a window without cookies or a cache of others, and closes it at the end.

    Args:
        browser: Where it is opened.
        base_url: What paths are relative to.
        scheme: What the page is told that its reader prefers.
        size: Width and height in CSS pixels.
        scale: Pixels of a screenshot for one CSS pixel.
    """
    context = browser.new_context(
        base_url=base_url or None,
        color_scheme=scheme,
        viewport={"width": size[0], "height": size[1]},
        device_scale_factor=scale,
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="UTC",
    )
    context.set_default_timeout(PATIENCE)
    try:
        yield context
    finally:
        context.close()


def wait_until(page: Page, expression: str) -> None:
    """Waits until a JavaScript expression is true on a page.

    `Page.wait_for_function` cannot do that where a page forbids `eval`.

    Raises:
        TimeoutError: It is not true in time.
    """
    until = time.monotonic() + PATIENCE / 1000
    while not page.evaluate(expression):
        if time.monotonic() > until:
            raise TimeoutError(f"never true on {page.url}: {expression}")
        page.wait_for_timeout(50)

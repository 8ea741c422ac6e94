"""The gallery of a batch of 2,000 in a browser: every page of it can be reached, and shows what it names."""

from __future__ import annotations

import pytest

from dev.browser import wait_until
from dev.gallery_runs import run_page, task_page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ITEMS = 2000
ON_A_PAGE = 60
LAST_PAGE = -(-ITEMS // ON_A_PAGE)


@pytest.fixture(scope="module")
def run_id(shop):
    shop.emulator.draw("small")
    begun = shop.begin_batch(ITEMS)
    assert shop.finish("gallery_batch", begun, seconds=1200) == "success"
    return begun


def test_the_first_page_shows_its_pictures(visit, run_id, axe):
    page = visit(task_page("gallery_batch", run_id))
    assert page.locator(".tile").count() == ON_A_PAGE
    for index in range(ON_A_PAGE):
        page.locator(".tile").nth(index).scroll_into_view_if_needed()
    shown = "[...document.querySelectorAll('.tile img')].every(one => one.complete && one.naturalWidth > 0)"
    wait_until(page, shown)
    assert axe(page) == []


def test_the_last_page_is_reached_by_its_links(visit, run_id):
    page = visit(task_page("gallery_batch", run_id))
    seen = set()
    for _ in range(LAST_PAGE):
        seen |= set(page.locator(".tile").all_inner_texts())
        following = page.get_by_role("link", name="Next")
        if not following.count():
            break
        following.click()
    assert len(seen) == ITEMS
    page.locator(".tile", has_text=f"item-{ITEMS - 1}").get_by_role("link").click()
    page.locator(".prompt", has_text=f"a winter morning {ITEMS - 1}").wait_for()


def test_the_one_that_failed_is_found_among_all(visit, run_id):
    page = visit(task_page("gallery_batch", run_id))
    page.get_by_role("link", name="failed").first.click()
    page.locator(".tile", has_text="item-3").wait_for()
    assert page.locator(".tile").count() == 1


def test_the_run_says_what_they_cost(visit, run_id):
    page = visit(run_page("gallery_batch", run_id))
    assert "99.95 USD" in page.inner_text("main")  # the failed one is not billed

"""The gallery in a real Airflow, as a person sees it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from PIL import Image, ImageStat

from dev.browser import wait_until
from dev.gallery_runs import FAILS, HELD, SLOW, airflow_page, run_page, task_page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

HOSTILE = "an autumn evening <img src=x onerror=\"document.title='taken'\"> \u202eexe"
IN_FRAME = "iframe"


@dataclass
class Runs:
    """The runs that the tests look at."""

    edit: str
    many: str
    fails: str
    held: str
    slow: str
    mapped: str
    batch: str
    expired: str


@pytest.fixture(scope="session")
def runs(shop):
    edits = {
        name: shop.begin("gallery_edit", prompt=prompt, num_outputs=outputs)
        for name, prompt, outputs in (
            ("edit", HOSTILE, 1),
            ("many", "a red sky", 3),
            ("fails", FAILS, 1),
            ("held", HELD, 1),
            ("slow", SLOW, 1),
        )
    }
    mapped = shop.begin("gallery_mapped", prompts=["a beach", FAILS, "snow at night"])
    batch = shop.begin_batch(130, max_failures=5)
    for name in ("edit", "many", "fails", "held"):
        shop.finish("gallery_edit", edits[name])
    shop.finish("gallery_mapped", mapped)
    shop.finish("gallery_batch", batch)
    shop.wait_until_deferred("gallery_edit", edits["slow"])
    phota_task_id = shop.airflow.xcom("gallery_edit", edits["edit"], "edit", "phota_task_id")
    shop.emulator.advance(25 * 3600)
    elsewhere = f"file://{shop.folder}/elsewhere"
    expired = shop.begin("gallery_land", phota_task_id=phota_task_id, destination=elsewhere)
    shop.finish("gallery_land", expired)
    return Runs(**edits, mapped=mapped, batch=batch, expired=expired)


@pytest.fixture
def pages(runs):
    return {
        "edit": task_page("gallery_edit", runs.edit),
        "many": task_page("gallery_edit", runs.many),
        "fails": task_page("gallery_edit", runs.fails),
        "held": task_page("gallery_edit", runs.held),
        "slow": task_page("gallery_edit", runs.slow),
        "expired": task_page("gallery_land", runs.expired, "land"),
        "mapped": run_page("gallery_mapped", runs.mapped),
        "one of many": task_page("gallery_mapped", runs.mapped, map_index=2),
        "batch": task_page("gallery_batch", runs.batch),
        "item": task_page("gallery_batch", runs.batch).replace("/task/", "/item/") + "/2",
        "home": "/phota/",
    }


def pictures_are_there(page):
    wait_until(page, "[...document.images].every(each => each.complete || each.loading === 'lazy')")
    broken = "[...document.images].filter(each => each.complete && !each.naturalWidth).map(each => each.src)"
    assert page.evaluate(broken) == []


def test_the_pictures_of_a_task_are_a_tab_of_its_page(visit, runs):
    page = visit(airflow_page("gallery_edit", runs.edit, "edit").partition("/plugin")[0], watched=False)
    page.get_by_role("link", name="Pictures").or_(page.get_by_role("tab", name="Pictures")).first.click()
    frame = page.frame_locator(IN_FRAME)
    frame.get_by_text("phota-image-edit").wait_for()
    assert frame.locator(".prompt").text_content() == HOSTILE.replace("\u202e", "[U+202E]")
    assert page.title() != "taken"
    assert frame.locator("figure img").count() == 2


def test_a_mapped_task_shows_the_pictures_of_its_item(visit, runs):
    page = visit(airflow_page("gallery_mapped", runs.mapped, "edit", 2), watched=False)
    frame = page.frame_locator(IN_FRAME)
    assert frame.locator(".prompt").text_content() == "snow at night"
    assert "edit [2]" in frame.locator("h1").text_content()


@pytest.mark.parametrize(
    ("name", "map_index", "words"),
    [("edit", -1, "Done"), ("fails", -1, "Failed"), ("slow", -1, "Under way"), ("mapped", 2, "Done")],
)
@pytest.mark.parametrize("link", ["Pictures", "PHOTA task"])
def test_a_link_of_the_task_instance_leads_to_its_pictures(visit, runs, name, map_index, words, link):
    dag_id = "gallery_mapped" if name == "mapped" else "gallery_edit"
    tab = airflow_page(dag_id, getattr(runs, name), "edit", map_index)
    page = visit(tab.replace("/plugin/phota-task", "/details"), watched=False)
    anchor = page.locator("a[rel='noopener noreferrer'][href*='/phota/task/']", has_text=link)
    anchor.wait_for()
    opens_a_window = anchor.get_attribute("target") == "_blank"
    if opens_a_window:
        with page.expect_popup() as popup:
            anchor.click()
        page = popup.value
    else:
        anchor.click()
    page.locator("h1 .status", has_text=words).wait_for()
    assert page.locator("h1 bdi").text_content() == ("edit [2]" if map_index == 2 else "edit")


def test_a_run_has_a_contact_sheet(visit, runs):
    page = visit(airflow_page("gallery_mapped", runs.mapped), watched=False)
    frame = page.frame_locator(IN_FRAME)
    frame.locator(".tile").nth(2).wait_for()
    frame.get_by_role("link", name="Failed 1").click()
    frame.get_by_text("too dark.").or_(frame.get_by_text("as failed.")).first.wait_for()
    assert frame.locator(".tile").count() == 1
    frame.locator(".tile a").click()
    frame.get_by_text("A retry submits a new order, which is billed.").wait_for()


def test_the_latest_pictures_are_in_the_navigation(visit, runs):
    page = visit("/", watched=False)
    page.get_by_role("link", name="PHOTA").first.click()
    frame = page.frame_locator(IN_FRAME)
    frame.get_by_text("Spent by DAG").wait_for()
    assert frame.locator(".tile").count() >= 8


def test_a_batch_is_looked_at_page_by_page(visit, pages):
    page = visit(pages["batch"])
    assert page.locator(".tile").count() == 60
    page.locator(".tile img").first.wait_for()
    pictures_are_there(page)
    page.get_by_role("link", name="Next").click()
    page.get_by_role("link", name="Next").click()
    assert page.locator(".tile").count() == 10
    page.locator(".tile", has_text="item-129").get_by_role("link").click()
    page.locator("h1", has_text="item-129").wait_for()
    page.locator(".prompt", has_text="a winter morning 129").wait_for()


def share_shown(page):
    return page.evaluate(
        "getComputedStyle(document.querySelector('[data-compare]')).getPropertyValue('--before')"
    )


def test_the_slider_moves_by_mouse_and_by_keys(visit, pages):
    page = visit(pages["edit"])
    slider = page.get_by_role("slider")
    assert share_shown(page) == "50%"
    box = slider.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.8, box["y"] + box["height"] / 2)
    assert 70 < int(share_shown(page).rstrip("%")) < 90
    slider.focus()
    page.keyboard.press("Home")
    assert share_shown(page) == "0%"
    page.keyboard.press("ArrowRight")
    assert share_shown(page) == "1%"


def brightness(path):
    return ImageStat.Stat(Image.open(path).convert("L").crop((0, 0, 40, 40))).mean[0]


def test_the_gallery_is_as_dark_as_airflow(visit, pages, runs, screenshot):
    for name in ("edit", "home"):
        assert brightness(screenshot(visit(pages[name], scheme="dark"), "dark")) < 60
        assert brightness(screenshot(visit(pages[name]), "light")) > 200
    page = visit(airflow_page("gallery_edit", runs.edit, "edit"), watched=False)
    frame = page.frame_locator(IN_FRAME)
    frame.locator("figure").wait_for()
    is_dark = "document.querySelector('iframe').contentDocument.documentElement.classList.contains('dark')"
    assert page.evaluate(is_dark) is False
    page.evaluate(
        "document.documentElement.classList.replace('light', 'dark') || document.documentElement.classList.add('dark')"
    )
    wait_until(page, is_dark)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("fails", ["Failed", "too dark.", "A retry submits a new order"]),
        ("held", ["Held", "may"]),
        ("expired", ["Expired", "no longer served", "must be made again, which is billed"]),
        ("slow", ["Under way", "PHOTA is working on it", SLOW]),
        ("many", ["Done", "Result 3 of 3"]),
        ("item", ["Landed", "a winter morning 1"]),
    ],
)
def test_a_page_says_how_an_order_stands(visit, pages, name, words):
    text = visit(pages[name]).locator("body").inner_text()
    for word in words:
        assert word in text


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_grave(visit, pages, axe, scheme):
    found = {name: axe(visit(path, scheme=scheme)) for name, path in pages.items()}
    assert {name: problems for name, problems in found.items() if problems} == {}


@pytest.mark.parametrize("width", [720, 1024, 1366, 1600])
def test_no_page_is_wider_than_its_window(visit, pages, overflow, width):
    found = {name: overflow(visit(path, size=(width, 900))) for name, path in pages.items()}
    assert {name: pixels for name, pixels in found.items() if pixels} == {}


def test_a_page_that_waits_renews_itself(visit, shop, runs, pages):
    page = visit(pages["slow"])
    shop.airflow.set_state("gallery_edit", runs.slow, "edit", "failed")
    page.locator("h1", has_text="Failed").wait_for()

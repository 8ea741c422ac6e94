"""The emulator's page, as a person sees it."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageStat

from airflow_provider_phota.emulator import Emulator, Fault
from dev.browser import wait_until
from dev.sample_orders import SampleOrders

pytestmark = [pytest.mark.browser, pytest.mark.slow]

HOSTILE = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script> \u202eexe"


@pytest.fixture
def emulator():
    """Runs an emulator."""
    with Emulator(seed=1) as running:
        yield running


@pytest.fixture
def samples(emulator):
    """Has placed orders of each kind, and in each status."""
    client = SampleOrders(emulator)
    client.place_all()
    yield client
    client.close()


def test_a_person_sees_every_task(emulator, samples, open_page):
    page = open_page(emulator.url)

    assert page.locator("#tasks > li").count() == len(emulator.ledger())
    page.locator("#tasks img").first.wait_for()
    page.locator("#tasks > li").last.scroll_into_view_if_needed()
    wait_until(page, "[...document.images].every(each => each.complete)")
    assert (
        page.evaluate("[...document.images].filter(each => !each.naturalWidth).map(each => each.src)") == []
    )
    for status in ("Pending", "Processing", "Completed", "Failed"):
        assert page.locator("#tasks .status", has_text=status).first.is_visible()


def test_a_hostile_prompt_does_nothing(emulator, samples, open_page):
    emulator.reset()
    samples.order(model="phota-image", prompt=HOSTILE)
    emulator.advance(10)
    page = open_page(emulator.url)
    wait_until(page, "document.querySelector('#tasks img').naturalWidth > 0")

    assert page.title() == "PHOTA emulator"
    assert page.locator("#tasks img").count() == 1
    assert page.locator(".prompt").text_content() == HOSTILE.replace("\u202e", "[U+202E]")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_grave(emulator, samples, open_page, axe, scheme):
    assert axe(open_page(emulator.url, scheme=scheme)) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_grave_on_an_empty_page(emulator, open_page, axe, scheme):
    assert axe(open_page(emulator.url, scheme=scheme)) == []


def test_axe_finds_what_is_grave(open_page, axe):
    """Otherwise the tests above would prove nothing."""
    page = open_page("about:blank")
    page.set_content("<html lang=en><title>t</title><main><h1>h</h1><img src=x><button></button></main>")

    assert {found["rule"] for found in axe(page)} == {"image-alt", "button-name"}


@pytest.mark.parametrize("width", [1024, 1366, 1600])
def test_nothing_is_wider_than_the_window(emulator, samples, open_page, overflow, width):
    samples.order(model="phota-image", prompt="W" * 10_000)
    page = open_page(emulator.url, size=(width, 900))

    assert overflow(page) == 0
    outside = page.evaluate(
        "[...document.querySelectorAll('main *')].filter(each => each.checkVisibility()"
        " && each.getBoundingClientRect().right > innerWidth + 1).map(each => each.outerHTML.slice(0, 99))"
    )
    assert outside == []


def test_the_page_follows_the_readers_light_or_dark(emulator, samples, open_page, screenshot):
    light, dark = (
        screenshot(open_page(emulator.url, scheme=scheme), scheme, full_page=True)
        for scheme in ("light", "dark")
    )

    assert brightness(light) > 180
    assert brightness(dark) < 80


def brightness(path: Path) -> float:
    return ImageStat.Stat(Image.open(path).convert("L")).median[0]


def test_new_tasks_come_by_themselves_and_the_page_stays_where_it_is(emulator, samples, open_page):
    page = open_page(emulator.url, size=(1024, 600))
    page.mouse.wheel(0, 400)
    wait_until(page, "scrollY > 300")
    before, place = page.locator("#tasks > li").count(), page.evaluate("scrollY")
    first = page.locator("#tasks > li").first
    first.evaluate("each => { each.kept = true; }")

    emulator.add_faults(Fault("submit", "latency", seconds=900))
    samples.order(model="phota-image", prompt="one more")

    wait_until(page, f"document.querySelectorAll('#tasks > li').length === {before + 1}")
    assert page.locator("#tasks > li .prompt").first.text_content() == "one more"
    assert page.evaluate("[...document.querySelectorAll('#tasks > li')].some(each => each.kept)")
    assert abs(page.evaluate("scrollY") - place) < 5 or page.evaluate("scrollY") > place


def test_the_page_can_be_paused(emulator, samples, open_page):
    page = open_page(emulator.url)
    page.get_by_role("button", name="Live").click()
    before = page.locator("#tasks > li").count()
    samples.order(model="phota-image", prompt="one more")

    page.wait_for_timeout(3_000)

    assert page.get_by_role("button", name="Paused").is_visible()
    assert page.locator("#tasks > li").count() == before


def test_a_command_can_be_copied(emulator, samples, open_page):
    page = open_page(emulator.url)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("region", name="Connection for Airflow").locator("..").get_by_role("button").click()

    page.get_by_role("button", name="Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == f"export AIRFLOW_CONN_PHOTA_DEFAULT='{emulator.connection}'"


def test_a_thumbnail_leads_to_the_result(emulator, samples, open_page):
    page = open_page(emulator.url)
    page.locator("#tasks a.frame").first.click()

    page.wait_for_url("**/results/**")
    assert page.locator("img").evaluate("each => each.naturalWidth") >= 768

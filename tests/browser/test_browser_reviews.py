"""A person answers questions about pictures, in Airflow's own pages and in the gallery."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from dev.gallery_runs import question_page, task_page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

#: Airflow 3.3.2 may take a task that is answered at once for a crashed one.
SOON = 6.0
ITEMS = 70  # one of them fails


@pytest.fixture(scope="module")
def runs(shop):
    """Runs that wait for a person."""
    begun = {
        "approved": ("review_approve", shop.begin("review_approve", prompt="a beach", num_outputs=2)),
        "rejected": ("review_approve", shop.begin("review_approve", prompt="snow")),
        "picked": ("review_pick_one", shop.begin("review_pick_one", prompt="a red sky", num_outputs=3)),
        "rounds": ("review_rounds", shop.begin("review_rounds", prompt="a first try")),
        "batch": ("review_batch", shop.begin_batch(ITEMS, "review_batch", max_failures=5)),
    }
    for name, (dag_id, run_id) in begun.items():
        shop.wait_until_deferred(dag_id, run_id, "portrait.review_1" if name == "rounds" else "review")
    time.sleep(SOON)
    return begun


def press(page, option):
    """Answers by a button; with several options, Airflow 3.1 has a list and another button instead."""
    button = page.get_by_role("button", name=option, exact=True)
    if not button.count():
        page.get_by_role("combobox").last.click()
        page.get_by_role("option", name=option, exact=True).click()
        button = page.get_by_role("button", name="Respond")
    button.click()


@pytest.fixture
def answer(shop, runs, visit):
    """Answers the question of a run on Airflow's page, and returns that page."""

    def answered(name, option, task_id="review", **fields):
        page = visit(question_page(*runs[name], task_id), watched=False, size=(1400, 1400))
        button = page.get_by_role("button", name=option, exact=True)
        button.or_(page.get_by_role("button", name="Respond")).first.wait_for()
        expect(page.locator("table img").first).to_be_visible()
        for field, text in fields.items():
            page.locator(f"textarea[name=element_{field}]").fill(text)
        with page.expect_response(lambda seen: seen.url.endswith("hitlDetails")) as seen:
            press(page, option)
        assert seen.value.status == 200
        return page

    return answered


@pytest.fixture
def decided(shop, runs):
    """Waits for the end of a run, and returns what a task of it returned."""

    def returned(name, task_id="review"):
        shop.finish(*runs[name])
        return shop.airflow.xcom(*runs[name], task_id)

    return returned


def states(shop, run):
    return {each.task_id: each.state for each in shop.airflow.task_instances(*run)}


def test_what_is_approved_is_published(answer, decided, shop, runs):
    answer("approved", "Approve")
    review = decided("approved")
    assert review["decision"] == "approved"
    assert review["decided_by"]["name"] == shop.airflow.settings.user
    paths = [Path(file["path"].removeprefix("file://")) for file in review["published"]]
    assert len(paths) == 2
    assert all(path.is_file() for path in paths)
    assert states(shop, runs["approved"])["after"] == "success"


def test_nothing_follows_a_rejection(answer, decided, shop, runs):
    answer("rejected", "Reject")
    assert decided("rejected")["published"] == []
    assert states(shop, runs["rejected"])["after"] == "skipped"


def test_one_of_several_is_picked(answer, decided):
    answer("picked", "Picture 2")
    review = decided("picked")
    assert [file["index"] for file in review["chosen"]] == [1]
    assert len(review["published"]) == 1


def test_a_picture_is_edited_again_with_another_prompt(answer, decided, shop, runs):
    answer("rounds", "Edit again", "portrait.review_1", prompt="a second try")
    shop.wait_until_deferred(*runs["rounds"], "portrait.review_2")
    time.sleep(SOON)
    answer("rounds", "Approve", "portrait.review_2")
    assert decided("rounds", "portrait.outcome")["decision"] == "approved"
    order = shop.airflow.xcom(*runs["rounds"], "portrait.edit_2", "phota_order")
    assert order["prompt"] == "a second try"
    assert states(shop, runs["rounds"])["portrait.edit_3"] == "skipped"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_grave_among_the_check_boxes(visit, runs, axe, overflow, scheme):
    page = visit(task_page(*runs["batch"], "review"), scheme=scheme, size=(720, 900))
    expect(page.get_by_text(f"All {ITEMS - 1} items")).to_be_visible()
    assert axe(page) == []
    assert overflow(page) <= 0


def test_what_was_unticked_is_forgotten_once_the_task_is_cleared(visit, runs, shop):
    page = visit(task_page(*runs["batch"], "review"))
    page.get_by_label("Approve item-1", exact=True).uncheck()
    page.reload()
    expect(page.get_by_label("Approve item-1", exact=True)).not_to_be_checked()
    shop.airflow.clear(*runs["batch"], ["review"])
    shop.wait_until_deferred(*runs["batch"], "review")
    time.sleep(SOON)
    page.reload()
    expect(page.get_by_label("Approve item-1", exact=True)).to_be_checked()
    expect(page.get_by_text(f"All {ITEMS - 1} items")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0


def test_every_picture_of_a_question_is_on_its_page(visit, runs, axe, overflow):
    page = visit(task_page(*runs["picked"], "review"), size=(720, 900))
    for number in (1, 2, 3):
        expect(page.get_by_text(f"Picture {number}", exact=True)).to_be_visible()
        expect(page.get_by_alt_text(f"Picture {number}: a red sky")).to_be_visible()
    assert axe(page) == []
    assert overflow(page) <= 0


def test_items_of_a_batch_are_chosen_over_several_pages(visit, runs, decided):
    page = visit(task_page(*runs["batch"], "review"))
    page.get_by_label("Approve item-0", exact=True).focus()
    page.keyboard.press("Space")
    page.get_by_role("link", name="Next").click()
    page.get_by_label("Approve item-69", exact=True).uncheck()
    expect(page.get_by_text(f"{ITEMS - 3} of {ITEMS - 1} items")).to_be_visible()
    page.get_by_role("link", name="Previous").click()
    expect(page.get_by_label("Approve item-0", exact=True)).not_to_be_checked()
    page.get_by_role("button", name="Approve", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Airflow has your answer")
    review = decided("batch")
    assert {file["item"] for file in review["rejected"]} == {"item-0", "item-69"}
    assert review["counts"]["published"] == ITEMS - 3
    page.reload()
    expect(page.get_by_text("Approved by")).to_be_visible()
    assert page.locator("[type=checkbox]").count() == 0

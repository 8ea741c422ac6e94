"""The page of a review of pictures that were ordered one by one."""

from __future__ import annotations

import re

import pytest
from conftest import address, asking

from airflow_provider_phota.reviews.decisions import option_of
from airflow_provider_phota.reviews.pictures import MOST_SHOWN, Reviewed, read_pictures

pytestmark = pytest.mark.usefixtures("metadata_database")


@pytest.fixture(scope="module")
def edited(order):
    """An edit of three pictures: its run, and what it returned."""
    run, _ = order("a garden", num_outputs=3)
    return run.run_id, run.xcom("edit")


@pytest.fixture
def asked_about(look, edited):
    """Returns the page of a review: `asked_about(reviewed, "?page=2")`."""

    def shown(question, query=""):
        run_id, _ = edited
        pushed = question.asked() if isinstance(question, Reviewed) else question
        with asking("gallery_edit", run_id, "deferred", phota_review=pushed):
            return look(f"/phota/task/{address('gallery_edit', run_id)}{query}").text

    return shown


def titles(page):
    return re.findall(r'<p class="name"><bdi>([^<]*)</bdi>', page)


def shown_indexes(page):
    return [int(index) for index in re.findall(r'<img src="[^"]+/after/(\d+)\?of=[^"]+"', page)]


def test_each_picture_of_an_order_has_a_tile_with_the_words_of_its_option(asked_about, edited):
    page = asked_about(read_pictures(edited[1]))
    assert titles(page) == [option_of(at) for at in range(3)]
    assert shown_indexes(page) == [0, 1, 2]
    assert 'alt="Picture 3: a garden"' in page
    assert "3 pictures, " in page
    assert page.count('class="cost"') == 1  # that of all three


def test_pictures_are_in_the_order_of_the_question_and_shown_by_their_content(asked_about, edited):
    files = edited[1]["files"]
    page = asked_about(read_pictures([files[2], files[0]]))
    assert titles(page) == ["Picture 1", "Picture 2"]
    assert shown_indexes(page) == [2, 0]


def test_a_picture_that_the_order_does_not_have_is_not_shown_as_another_one(asked_about, edited):
    file = edited[1]["files"][0] | {"sha256": "f" * 64}
    page = asked_about(read_pictures(file))
    assert (titles(page), shown_indexes(page)) == (["Picture 1"], [])


def test_a_picture_that_has_not_landed_is_shown_once_another_task_has_landed_it(asked_about, edited):
    result = {"phota_task_id": edited[1]["phota_task_id"], "images": [{}, {}]}
    page = asked_about(read_pictures(result))
    assert shown_indexes(page) == [0, 1]


def of_many(edited, number):
    file = edited[1]["files"][0]
    tasks = [f"task-unified-1757165031-{at:08d}" for at in range(number)]
    return read_pictures([file | {"phota_task_id": each} for each in tasks])


def test_all_pictures_are_there_page_by_page(asked_about, edited):
    reviewed = of_many(edited, 130)
    pages = [asked_about(reviewed, f"?page={number}") for number in (1, 2, 3)]
    assert [title for page in pages for title in titles(page)] == [option_of(at) for at in range(130)]
    assert "No task of this run orders or lands it." in pages[0]
    assert "130 pictures" in pages[0]


def test_of_very_many_pictures_a_page_says_how_many_are_left_out(asked_about, edited):
    page = asked_about(of_many(edited, MOST_SHOWN + 500))
    assert f"{MOST_SHOWN:,} pictures" in page
    assert "The first 1,000 of 1,500 pictures are here." in page
    assert "The first" not in asked_about(of_many(edited, MOST_SHOWN))


def test_a_question_of_an_earlier_version_still_shows_its_orders(asked_about, edited):
    ids = [edited[1]["phota_task_id"], "task-unified-1757165031-uyujaw3d"]
    page = asked_about({"digest": "x", "batch": "", "phota_task_ids": ids})
    assert (titles(page), shown_indexes(page)) == (["edit"], [0])
    assert "1 task, " in page


def test_the_api_server_of_an_earlier_version_finds_the_phota_tasks(edited):
    asked = read_pictures(edited[1]).asked()
    assert asked["phota_task_ids"] == [edited[1]["phota_task_id"]]
    assert asked["batch"] == ""

"""What the gallery shows of runs that have really happened."""

from __future__ import annotations

import json
import re

import pytest
from airflow_runs import PICTURE
from conftest import FAILS, HELD, address


def test_an_order_is_shown_with_its_pictures_and_facts(look, landed):
    page = look(f"/phota/task/{landed.url}")
    assert page.status == 200
    assert f"/phota/picture/{landed.url.replace('%2B', '%2B')}/before/0" in page.text
    assert f"/phota/picture/{landed.url}/after/1" in page.text
    for words in ("Done", "0.1 USD", "phota-image-edit", "task-", "1,024"):
        assert words in page.text


@pytest.mark.parametrize("picture", ["before/0", "after/0", "after/1"])
def test_small_copies_are_pictures_and_may_be_kept_for_a_while(look, landed, picture):
    seen = look(f"/phota/picture/{landed.url}/{picture}?of={landed.folder.name}")
    assert (seen.status, seen.headers["content-type"]) == (200, "image/webp")
    assert seen.content[8:12] == b"WEBP"
    assert seen.headers["cache-control"] == "private, max-age=600"


@pytest.mark.parametrize("picture", ["picture/{}/after/0", "file/{}/0"])
def test_a_picture_is_kept_only_under_an_address_that_names_its_phota_task(look, landed, picture):
    address = f"/phota/{picture.format(landed.url)}"
    assert look(address).headers["cache-control"] == "no-store"
    assert look(f"{address}?of={landed.folder.name}").headers["cache-control"] == "private, max-age=600"
    seen = look(f"{address}?of=task-unified-1757165031-uyujaw3d")
    assert (seen.status, seen.headers["cache-control"]) == (404, "no-store")
    assert "another picture in its place" in seen.text


def test_pages_name_the_phota_task_of_each_picture(look, landed):
    page = look(f"/phota/task/{landed.url}").text
    sources = re.findall(r'(?:src|href)="(/phota/(?:picture|file)/[^"]+)"', page)
    assert len(sources) == 6  # the picture before, for each of two results, those, and their full sizes
    assert {source.partition("?")[2] for source in sources} == {f"of={landed.folder.name}"}


def test_a_picture_can_be_seen_in_its_full_size(look, landed):
    seen = look(f"/phota/file/{landed.url}/0")
    (first, *_) = sorted(landed.destination.glob("*-0.png"))
    assert (seen.status, seen.headers["content-type"], seen.content) == (200, "image/png", first.read_bytes())


def test_airflow_leaves_the_map_index_as_it_is_for_a_task_that_is_not_mapped(look, landed):
    assert look(f"/phota/task/{landed.url.removesuffix('-1')}{{MAP_INDEX}}").status == 200


@pytest.mark.parametrize("index", ["7", "9" * 9, "9" * 10, "9" * 23, "9" * 5_000])
def test_there_are_no_other_task_instances(look, landed, index):
    assert look(f"/phota/task/{landed.url.removesuffix('-1')}{index}").status == 404


@pytest.mark.parametrize("picture", ["before/1", "after/2", "after/999", "after/-1", "other/0", "after/x"])
def test_there_are_no_other_pictures(look, landed, picture):
    assert look(f"/phota/picture/{landed.url}/{picture}").status in (404, 422)


def test_a_failed_order_says_why_and_what_a_retry_does(look, order):
    run, _ = order(FAILS)
    page = look(f"/phota/task/{address('gallery_edit', run.run_id)}")
    assert "Failed" in page.text
    assert "It is too &lt;dark&gt;." in page.text
    assert "A retry submits a new order, which is billed." in page.text


def test_a_held_order_says_how_it_is_settled(look, order):
    run, _ = order(HELD)
    page = look(f"/phota/task/{address('gallery_edit', run.run_id)}")
    assert "Held" in page.text
    home = look("/phota/")
    assert f"airflow phota adopt gallery_edit {run.run_id} edit PHOTA_ID".replace(
        "+", "&#43;"
    ) in home.text or (f"airflow phota adopt gallery_edit {run.run_id} edit PHOTA_ID" in home.text)


def test_a_task_without_a_card_says_so(look, landed):
    landed.card.unlink()
    page = look(f"/phota/task/{landed.url}")
    assert page.status == 200
    assert "There is no file" in page.text
    assert "0.1 USD" in page.text


def test_a_run_is_shown_as_a_sheet(look, order):
    run, _ = order("", dag_id="gallery_mapped", prompts=["a beach", FAILS, "snow at night"])
    url = address("gallery_mapped", run.run_id).rpartition("/edit")[0]
    page = look(f"/phota/run/{url}")
    assert "3 tasks" in page.text
    assert page.text.count('class="tile') == 3
    failed = look(f"/phota/run/{url}?status=failed")
    assert failed.text.count('class="tile') == 1
    assert "edit [1]" in failed.text
    assert look(f"/phota/run/{url}?status=nonsense&page=-7").text.count('class="tile') == 3


def test_a_run_without_pictures_says_so(look, landed):
    page = look("/phota/run/gallery_edit/no_such_run")
    assert page.status == 200
    assert "No pictures in this run" in page.text


@pytest.fixture(scope="module")
def batch(order, tmp_path_factory):
    rows = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    picture = (
        order.__globals__["__file__"].rpartition("/tests/")[0] + "/example_dags/pictures/mountain-lake.jpg"
    )
    prompts = [FAILS if number == 4 else f"winter {number}" for number in range(70)]
    rows.write_text(
        "\n".join(
            json.dumps({"image_urls": f"file://{picture}", "prompt": prompt, "key": f"item-{number}"})
            for number, prompt in enumerate(prompts)
        )
    )
    run, folder = order("{stem}", dag_id="gallery_batch", edits=f"file://{rows}", max_failures=5)
    return address("gallery_batch", run.run_id), folder


def test_a_batch_is_shown_page_by_page(look, batch):
    url, _ = batch
    first, second = look(f"/phota/task/{url}"), look(f"/phota/task/{url}?page=2")
    assert "70 items" in first.text
    assert (first.text.count('class="tile'), second.text.count('class="tile')) == (60, 10)
    assert "item-69" in second.text
    failed = look(f"/phota/task/{url}?status=failed")
    assert failed.text.count('class="tile') == 1
    assert "item-4" in failed.text


def test_an_item_of_a_batch_is_shown_with_its_pictures(look, batch):
    url, _ = batch
    page = look(f"/phota/item/{url}/2")
    assert "winter 1" in page.text
    seen = look(f"/phota/item/{url}/2/picture/after/0")
    assert (seen.status, seen.headers["content-type"]) == (200, "image/webp")
    assert "It is too &lt;dark&gt;." in look(f"/phota/item/{url}/5").text
    [small] = re.findall(r'src="([^"]+/picture/after/0[^"]*)"', page.text)
    assert look(small).headers["cache-control"] == "private, max-age=600"
    assert look(f"{small}x").status == 404


def test_an_item_of_a_batch_is_shown_with_all_its_pictures(look, order, tmp_path):
    rows = tmp_path / "rows.jsonl"
    row = {"image_urls": PICTURE.as_uri(), "prompt": "snow", "key": "garden", "num_outputs": 3}
    rows.write_text(json.dumps(row))
    run, _ = order("snow", dag_id="gallery_batch", edits=f"file://{rows}")
    page = look(f"/phota/task/{address('gallery_batch', run.run_id)}").text
    assert page.count('class="tile') == 1
    sources = re.findall(r'<img src="([^"]+)" alt="Result (\d) of 3 of garden"', page)
    assert [number for _, number in sources] == ["1", "2", "3"]
    assert len({look(source).content for source, _ in sources}) == 3


@pytest.mark.parametrize("number", [0, 71, 9_999_999])
def test_a_batch_has_no_other_items(look, batch, number):
    assert look(f"/phota/item/{batch[0]}/{number}").status == 404


def test_rows_that_are_damaged_are_not_shown(look, batch):
    url, folder = batch
    rows = folder / "results.jsonl"
    whole = rows.read_bytes()
    try:
        for damage in (b"[]\n", b"{}\n", b"\xff\n", b"[" * 100_000 + b"\n", b'{"status": "landed"}\n'):
            rows.write_bytes(whole + damage)
            page = look(f"/phota/task/{url}")
            assert page.status == 200
            assert "is not a row of results" in page.text
    finally:
        rows.write_bytes(whole)


def test_what_was_spent_is_added_up(look, landed, batch):
    page = look("/phota/")
    assert "Spent by day (UTC)" in page.text
    assert "gallery_batch" in page.text


def test_pictures_on_s3_are_read_by_airflows_own_connection(look, order, s3):
    s3.create_bucket(Bucket="gallery")
    run, _ = order("snow", destination="s3://aws_ledger@gallery/out")
    url = address("gallery_edit", run.run_id)
    assert "Result 1 of 1: snow" in look(f"/phota/task/{url}").text
    assert look(f"/phota/picture/{url}/after/0").content[8:12] == b"WEBP"
    assert look(f"/phota/file/{url}/0").content.startswith(b"\x89PNG")
    s3.Bucket("gallery").objects.delete()
    page = look(f"/phota/task/{url}")
    assert "There is no file s3://gallery/out/.phota-pictures/" in page.text
    assert "0.05 USD" in page.text


def test_tasks_that_share_an_order_share_what_they_know_of_it(look, order):
    done, _ = order("a garden", dag_id="gallery_three_tasks")
    for task_id in ("submit", "wait", "land"):
        page = look(f"/phota/task/{address('gallery_three_tasks', done.run_id, task_id)}")
        assert "a garden" in page.text, task_id
        assert "0.05 USD" in page.text, task_id
        assert "Result 1 of 1" in page.text, task_id
        picture = look(f"/phota/picture/{address('gallery_three_tasks', done.run_id, task_id)}/after/0")
        assert picture.content[8:12] == b"WEBP", task_id

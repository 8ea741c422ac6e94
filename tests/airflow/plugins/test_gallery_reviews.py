"""The page of a task instance that asks a person about pictures."""

from __future__ import annotations

import json

import pytest
from airflow_runs import PICTURE
from conftest import address, asking

from airflow_provider_phota.reviews.records import without_pictures

pytestmark = pytest.mark.usefixtures("metadata_database")


@pytest.fixture(scope="module")
def batch(order, tmp_path_factory):
    rows = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    lines = [{"image_urls": PICTURE.as_uri(), "prompt": f"snow {at}", "key": f"<b>{at}"} for at in range(3)]
    rows.write_text("\n".join(map(json.dumps, lines)))
    run, folder = order("snow", dag_id="gallery_batch", edits=f"file://{rows}", max_failures=5)
    return run.run_id, folder


def test_the_items_of_a_batch_are_chosen_by_check_boxes(look, batch):
    run_id, folder = batch
    question = {"digest": "x", "batch": f"file://{folder}/results.jsonl", "phota_task_ids": []}
    with asking("gallery_batch", run_id, "deferred", phota_review=question):
        page = look(f"/phota/task/{address('gallery_batch', run_id)}").text
    assert page.count('type="checkbox"') == 3
    assert 'data-key="&lt;b&gt;1"' in page
    assert "<b>" not in page
    assert "/taskInstances/edit/-1/hitlDetails" in page
    assert "Asks a person" in page


def test_nothing_can_be_chosen_once_it_is_decided(look, batch):
    run_id, folder = batch
    question = {"digest": "x", "batch": f"file://{folder}/results.jsonl", "phota_task_ids": []}
    with asking("gallery_batch", run_id, "success", phota_review=question):
        page = look(f"/phota/task/{address('gallery_batch', run_id)}").text
    assert "checkbox" not in page
    assert page.count('class="tile') == 3


@pytest.mark.parametrize(
    "question", [17, "x", {"batch": 7, "phota_task_ids": "all"}, {"phota_task_ids": [None]}]
)
def test_a_question_that_somebody_else_has_pushed_shows_nothing(look, batch, question):
    run_id, _ = batch
    with asking("gallery_batch", run_id, "deferred", phota_review=question):
        page = look(f"/phota/task/{address('gallery_batch', run_id)}")
    assert page.status == 200
    assert "checkbox" not in page.text


@pytest.mark.parametrize(
    "pictures",
    [
        7,
        {},
        [7],
        [[0]],
        [[5, 0, ""]],
        [[0, -1, ""]],
        [[0, 0, 7]],
        [["0", 0, ""]],
        [[None, {}, []]],
        [[[]] * 3],
    ],
)
def test_pictures_that_somebody_else_has_pushed_are_left_out(look, batch, pictures):
    run_id, _ = batch
    question = {"digest": 7, "total": "x", "phota_task_ids": ["task-unified-1757165031-uyujaw3d"]}
    with asking("gallery_batch", run_id, "deferred", phota_review=question | {"pictures": pictures}):
        page = look(f"/phota/task/{address('gallery_batch', run_id)}")
    assert page.status == 200
    assert 'class="tile' not in page.text


def decided(number, state="approved"):
    """What a review returns of so many pictures, each of them as long as real ones are."""
    name = "s3://bucket/edits/2026/some-campaign/task-unified-1757165031-uyujaw3d-0.png"
    picture = {"path": name, "sha256": "a" * 64, "phota_task_id": "task-unified-1757165031-uyujaw3d"}
    return {
        "decision": state,
        **dict.fromkeys(("chosen", "published"), [picture] * number),
        "rejected": [],
        "counts": {"chosen": number, "rejected": 0, "published": number},
        "decided_by": {"id": "7", "name": "<i>Anna"},
        "decided_at": "2026-11-02T09:00:00+00:00",
        "prompt": "",
        "record": None,
    }


def test_who_has_decided_is_shown_however_many_pictures_there_are(look, batch):
    run_id, folder = batch
    question = {"digest": "x", "batch": f"file://{folder}/results.jsonl", "phota_task_ids": []}
    result = decided(1_000)
    pushed = {"phota_review": question, "return_value": result, "phota_decision": without_pictures(result)}
    with asking("gallery_batch", run_id, "success", **pushed):
        page = look(f"/phota/task/{address('gallery_batch', run_id)}").text
    assert "Approved by &lt;i&gt;Anna at 2026-11-02" in page
    assert "1,000 pictures chosen, 0 not, 1,000 published." in page


def test_what_an_earlier_version_has_decided_is_still_shown(look, batch):
    run_id, _ = batch
    with asking("gallery_batch", run_id, "success", phota_review={}, return_value=decided(20)):
        page = look(f"/phota/task/{address('gallery_batch', run_id)}").text
    assert "20 pictures chosen, 0 not, 20 published." in page


@pytest.mark.parametrize("pushed", [{}, {"decision": []}, {"decision": {}}, {"decision": "burnt"}, 7])
def test_a_decision_that_somebody_else_has_pushed_is_none(look, batch, pushed):
    run_id, _ = batch
    with asking("gallery_batch", run_id, "success", phota_review={}, phota_decision=pushed):
        page = look(f"/phota/task/{address('gallery_batch', run_id)}")
    assert page.status == 200
    assert "Approved" not in page.text


def test_the_outcome_of_rounds_shows_what_was_decided_and_asks_nobody(look, batch):
    run_id, _ = batch
    result, operator = decided(1), "PhotaReviewOutcomeOperator"
    with asking("gallery_batch", run_id, "success", operator=operator, return_value=result):
        page = look(f"/phota/task/{address('gallery_batch', run_id)}").text
    assert "Approved by" in page
    assert "This task asks nobody" in page
    assert "Nobody was asked yet" not in page


@pytest.mark.parametrize(("state", "words"), [("", "Nobody was asked yet"), ("skipped", "Nobody was asked.")])
def test_a_review_that_has_not_asked_says_so(look, batch, state, words):
    run_id, _ = batch
    with asking("gallery_batch", run_id, state, operator="PhotaReviewRoundOperator"):
        assert words in look(f"/phota/task/{address('gallery_batch', run_id)}").text


def test_an_operator_of_somebody_elses_is_not_a_review_by_its_name(look, batch):
    run_id, _ = batch
    with asking("gallery_batch", run_id, "deferred", operator="MyReviewOperator"):
        page = look(f"/phota/task/{address('gallery_batch', run_id)}").text
    assert "Asks a person" not in page
    assert page.count('class="tile') == 3


def test_a_question_is_told_from_an_earlier_one_of_the_same_task(look, batch):
    run_id, folder = batch
    question = {"batch": f"file://{folder}/results.jsonl", "phota_task_ids": []}
    seen = []
    for digest, attempt in (("first", 1), ("first", 2), ("second", 2)):
        pushed = {"phota_review": question | {"digest": digest}, "try_number": attempt}
        with asking("gallery_batch", run_id, "deferred", **pushed):
            page = look(f"/phota/task/{address('gallery_batch', run_id)}").text
        seen.append(page.partition('data-question="')[2].partition('"')[0])
    assert seen == ["first 1", "first 2", "second 2"]

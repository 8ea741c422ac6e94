"""A person decides about a whole batch at once."""

from __future__ import annotations

import shutil

import pytest
from airflow_runs import PICTURE

from tests.persons import Answer


@pytest.fixture
def edits(shop, tmp_path):
    for name in ("garden", "portrait", "street"):
        (tmp_path / "inbox").mkdir(exist_ok=True)
        shutil.copy(PICTURE, tmp_path / "inbox" / f"{name}.jpg")
    return [
        {"key": name, "image_urls": f"file://{tmp_path}/inbox/{name}.jpg", "prompt": f"a {name}"}
        for name in ("garden", "portrait", "street")
    ]


def test_a_batch_is_published_but_for_what_is_rejected(shop, person, edits):
    with person(Answer(["Approve"], {"approved": [], "rejected": ["portrait"]})) as anna:
        run = shop.run("review_batch", edits=edits)
    assert run.state == "success"
    decided = run.xcom("review")
    assert decided["counts"] == {"chosen": 2, "rejected": 1, "published": 2}
    assert [picture["item"] for picture in decided["rejected"]] == ["portrait"]
    assert len(shop.published) == 2
    [asked] = anna.asked
    assert asked["subject"] == "review_batch: 3 pictures of 3 items to review"
    assert set(asked["params"]) == {"approved", "rejected"}
    for number, edit in enumerate(edits, 1):
        row = next(line for line in asked["body"].splitlines() if line.startswith(f"| [{edit['key']}]"))
        assert edit["prompt"] in row
        assert f"/edit/-1/{number}/picture/before/0" in row
        assert f"/edit/-1/{number}/picture/after/0" in row


def test_only_what_is_named_as_approved_is_published(shop, person, edits):
    with person(Answer(["Approve"], {"approved": "garden\n street \n", "rejected": None})):
        run = shop.run("review_batch", edits=edits)
    assert [picture["item"] for picture in run.xcom("review")["chosen"]] == ["garden", "street"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"approved": [], "rejected": ["nobody"]},
            "items in 'rejected' that are not in this review: 'nobody'",
        ),
        ({"approved": ["garden"], "rejected": ["garden"]}, "approves and rejects 'garden'"),
        ({"rejected": ["garden"]}, "does not fit the question"),
    ],
)
def test_a_wrong_answer_publishes_nothing(shop, person, edits, fields, message):
    with person(Answer(["Approve"], fields)):
        run = shop.run("review_batch", edits=edits[:1])
    assert run.states["review"] == ["failed"]
    assert message in run.xcom("review", "phota_problem")["message"]
    assert shop.published == []


def test_a_rejected_batch_publishes_nothing(shop, person, edits):
    with person(Answer(["Reject"], {"approved": [], "rejected": []})):
        run = shop.run("review_batch", edits=edits[:1])
    assert (run.xcom("review")["decision"], shop.published) == ("rejected", [])

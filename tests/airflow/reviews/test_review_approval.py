"""A person approves or rejects the pictures of an edit."""

from __future__ import annotations

from tests.persons import Answer


def test_approved_pictures_are_published(shop, person):
    with person(Answer(["Approve"])):
        run = shop.run("review_approve", num_outputs=2)
    assert run.state == "success"
    decided = run.xcom("review")
    assert decided["decision"] == "approved"
    assert decided["decided_by"] == {"id": "anna", "name": "anna"}
    assert len(shop.published) == len(decided["published"]) == 2
    assert [file["path"] for file in run.xcom("after")] == [
        f"file://{shop.live}/{name}" for name in shop.published
    ]
    for file in run.xcom("edit")["files"]:
        name = file["path"].rpartition("/")[2]
        assert (shop.live / name).read_bytes() == (shop.landed / name).read_bytes()
    [record] = shop.records
    assert record["is_done"]
    assert (record["dag_id"], record["decided_by"]["name"]) == ("review_approve", "anna")
    assert record["published"] == decided["published"]

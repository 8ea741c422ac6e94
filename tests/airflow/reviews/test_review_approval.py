"""A person approves or rejects the pictures of an edit."""

from __future__ import annotations

from airflow_runs import run

from tests.persons import Answer

APPROVES, REJECTS = Answer(["Approve"]), Answer(["Reject"])


def events() -> int:
    """How often a published picture was announced."""
    from airflow.models.asset import AssetEvent, AssetModel
    from airflow.utils.session import create_session

    with create_session() as session:
        found = session.query(AssetEvent).join(AssetModel, AssetEvent.asset_id == AssetModel.id)
        return found.filter(AssetModel.uri == "file:///live").count()


def test_approved_pictures_are_published_recorded_and_announced(shop, person):
    before = events()
    with person(APPROVES) as anna:
        run = shop.run("review_approve", num_outputs=2)
    assert run.state == "success"
    decided = run.xcom("review")
    assert decided["decision"] == "approved"
    assert decided["decided_by"] == {"id": "anna", "name": "anna"}
    assert decided["counts"] == {"chosen": 2, "rejected": 0, "published": 2}
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
    assert events() == before + 1
    [asked] = anna.asked
    assert asked["subject"] == "review_approve: 2 pictures to review"
    assert "cost: 0.1 USD" in asked["body"]
    assert "sig=" not in str(asked)


def test_a_rejection_skips_what_comes_next_and_announces_nothing(shop, person):
    before = events()
    with person(REJECTS):
        run = shop.run("review_approve")
    assert run.states == {"edit": ["success"], "review": ["success"], "after": ["skipped"]}
    assert run.xcom("review")["decision"] == "rejected"
    assert (shop.published, events()) == ([], before)
    [record] = shop.records
    assert (record["decision"], record["decided_by"]["id"]) == ("rejected", "anna")


def test_a_rejection_can_fail_the_task(shop, person):
    with person(REJECTS):
        run = shop.run("review_fails")
    assert run.states["review"] == ["failed"]
    problem = run.xcom("review", "phota_problem")["message"]
    assert "rejected by anna" in problem
    assert "The pictures are paid" in problem
    assert run.xcom("review")["decision"] == "rejected"
    assert shop.published == []


def test_without_publish_to_the_decision_is_recorded_next_to_the_pictures(shop, person):
    with person(APPROVES):
        run = shop.run("review_keeps")
    decided = run.xcom("review")
    assert (decided["decision"], decided["published"]) == ("approved", [])
    assert decided["record"].startswith(f"file://{shop.landed}/.phota-reviews/review-")
    assert not shop.live.exists()


def test_pictures_that_were_not_landed_cannot_be_published_and_nobody_is_asked(shop, person):
    with person(APPROVES) as anna:
        run = shop.run("review_not_landed")
    assert (run.states["review"], anna.asked) == (["failed"], [])
    problem = run.xcom("review", "phota_problem")["message"]
    assert problem.startswith("publish_to: needs pictures that have landed")
    assert "nobody was asked" in problem


def test_a_landing_can_be_reviewed_and_its_prompt_comes_from_the_task_that_ordered(shop, person):
    with person(APPROVES) as anna:
        run = shop.run("review_landed", prompt="a quiet | evening")
    assert (run.state, len(shop.published)) == ("success", 1)
    body = anna.asked[0]["body"]
    assert "a quiet &#124; evening" in body
    assert (
        f"/phota/picture/review_landed/{run.run_id.replace(':', '%3A').replace('+', '%2B')}/land/-1/after/0"
        in body
    )


def test_the_example_publishes_what_is_picked(shop, person, tmp_path):
    with person(Answer(["Picture 2"])):
        ran = run("phota_review_pictures", live=f"file://{shop.live}", destination=f"file://{shop.landed}")
    assert ran.state == "success"
    assert [name[-6:] for name in shop.published] == ["-1.png"]

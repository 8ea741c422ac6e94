"""A person picks among pictures, of one task or of several."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.persons import Answer


def test_one_of_several_is_published(shop, person):
    with person(Answer(["Picture 2"])) as anna:
        run = shop.run("review_pick_one", num_outputs=3)
    assert anna.asked[0]["options"] == ["Picture 1", "Picture 2", "Picture 3", "None of them"]
    decided = run.xcom("review")
    assert decided["counts"] == {"chosen": 1, "rejected": 2, "published": 1}
    assert [picture["index"] for picture in decided["chosen"]] == [1]
    small = {key: decided[key] for key in ("decision", "counts", "decided_by", "decided_at")}
    assert run.xcom("review", "phota_decision") == small
    assert [name.endswith("-1.png") for name in shop.published] == [True]


def test_none_of_them_is_a_rejection(shop, person):
    with person(Answer(["None of them"])):
        run = shop.run("review_pick_one", num_outputs=2)
    assert run.states["after"] == ["skipped"]
    assert run.xcom("review")["decision"] == run.xcom("review", "phota_decision")["decision"] == "rejected"


def test_several_of_them_are_published(shop, person):
    with person(Answer(["Picture 1", "Picture 3"])):
        shop.run("review_pick_many", num_outputs=3)
    assert [name[-6:] for name in shop.published] == ["-0.png", "-2.png"]


def test_an_answer_that_contradicts_itself_publishes_nothing(shop, person):
    with person(Answer(["Picture 1", "None of them"])):
        run = shop.run("review_pick_many", num_outputs=2)
    assert run.states["review"] == ["failed"]
    problem = run.xcom("review", "phota_problem")["message"]
    assert "The answer is 'None of them', and something else too." in problem
    assert "Clear this Airflow task, and the person is asked again." in problem
    assert shop.published == []


def test_all_pictures_of_a_mapped_task_are_reviewed_together(shop, person):
    with person(Answer(["Picture 1", "Picture 3"])) as anna:
        run = shop.run("review_mapped", prompts=["a beach", "snow", "rain"])
    assert run.state == "success"
    body = anna.asked[0]["body"]
    for index, prompt in enumerate(["a beach", "snow", "rain"]):
        row = next(line for line in body.splitlines() if line.startswith(f"| Picture {index + 1} "))
        assert prompt in row
        assert f"/edit/{index}/after/0" in row
        assert f"/edit/{index}/before/0" in row
    assert "cost: 0.15 USD" in body
    tasks = [result["phota_task_id"] for result in run.pushed["edit", "return_value"]]
    assert sorted(shop.published) == sorted(f"{tasks[at]}-0.png" for at in (0, 2))


def test_each_picture_of_a_mapped_task_can_be_a_review_of_its_own(shop, person):
    with person(Answer(["Approve"]), Answer(["Reject"])) as anna:
        run = shop.run("review_each")
    decisions = [decided["decision"] for decided in run.pushed["review", "return_value"]]
    assert sorted(decisions) == ["approved", "rejected"]
    assert len(shop.published) == 1
    for asked in anna.asked:
        index = asked["task_instance"]["map_index"]
        assert f"/edit/{index}/after/0" in asked["body"]


def test_a_rejection_of_one_does_not_skip_what_gathers_all_and_the_log_says_so(shop, person, capsys):
    with person(Answer(["Reject"]), Answer(["Approve"])):
        run = shop.run("review_gathered")
    assert sorted(run.xcom("gather")) == ["approved", "rejected"]
    assert "Not skipped: gather. It waits for all reviews of this mapped task" in capsys.readouterr().out


def shown_copies(question: dict[str, Any]) -> list[str]:
    """Which small copies of pictures that were made a question shows, in its order."""
    return re.findall(r"/(after/\d+)", question["body"])


def test_a_single_picture_of_an_order_is_shown_as_itself(shop, person):
    with person(Answer(["Approve"])) as anna:
        run = shop.run("review_last", num_outputs=3)
    assert shown_copies(anna.asked[0]) == ["after/2"]
    assert "| 0.15 USD, 15 credits |" in anna.asked[0]["body"]
    assert [name[-6:] for name in shop.published] == ["-2.png"]
    assert run.state == "success"


def test_pictures_that_an_earlier_review_has_chosen_are_shown_as_themselves(shop, person):
    with person(Answer(["Picture 2", "Picture 3"]), Answer(["Approve"])) as anna:
        run = shop.run("review_twice", num_outputs=3)
    assert shown_copies(anna.asked[1]) == ["after/1", "after/2"]
    assert [picture["index"] for picture in run.xcom("review")["chosen"]] == [1, 2]
    assert [name[-6:] for name in shop.published] == ["-1.png", "-2.png"]


@pytest.mark.parametrize(("dag_id", "state"), [("review_in_time", "success"), ("review_too_late", "failed")])
def test_without_an_answer_the_default_holds_or_the_task_fails(shop, person, dag_id, state):
    with person(is_slow=True):
        run = shop.run(dag_id)
    assert run.states["review"] == [state]
    if state == "success":
        decided = run.xcom("review")
        assert (decided["decision"], decided["decided_by"], len(shop.published)) == ("approved", None, 1)
    else:
        problem = run.xcom("review", "phota_problem")["message"]
        assert problem.startswith("Nobody answered in time")
        assert f"The pictures are paid, and lie next to 'file://{shop.landed}"[:40] in problem
        assert shop.published == []

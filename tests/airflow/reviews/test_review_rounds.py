"""A person asks for another edit, as often as the DAG allows."""

from __future__ import annotations

from typing import Any

import pytest
from airflow_runs import run_again

from airflow_provider_phota.api.errors import PhotaInputError
from tests.persons import Answer

AGAIN = "Edit again"


def test_pictures_that_are_approved_at_once_need_no_other_round(shop, service, person):
    paid = len(service.ledger())
    with person(Answer(["Approve"], {"prompt": "golden hour"})) as anna:
        run = shop.run("review_rounds")
    assert run.state == "success"
    assert [options["options"] for options in anna.asked] == [["Approve", "Reject", AGAIN]]
    assert anna.asked[0]["params"]["prompt"]["value"] == "golden hour"
    for name in ("edit_2", "review_2", "edit_3", "review_3"):
        assert run.states[f"portrait.{name}"] == ["skipped"]
    assert run.xcom("portrait.outcome") == run.xcom("portrait.review_1")
    assert len(run.xcom("after")) == len(shop.published) == 1
    assert len(service.ledger()) == paid + 1


def test_each_round_edits_by_the_prompt_of_the_reviewer_and_the_last_one_ends(shop, service, person):
    paid = len(service.ledger())
    answers = (
        Answer([AGAIN], {"prompt": "warmer"}),
        Answer([AGAIN], {"prompt": "colder"}),
        Answer(["Approve"]),
    )
    with person(*answers) as anna:
        run = shop.run("review_rounds")
    assert run.state == "success"
    assert len(service.ledger()) == paid + 3
    assert [asked["options"][2:] for asked in anna.asked] == [[AGAIN], [AGAIN], []]
    assert [
        word in asked["body"] for word, asked in zip(("golden", "warmer", "colder"), anna.asked, strict=True)
    ] == [True] * 3
    first, outcome = run.xcom("portrait.review_1"), run.xcom("portrait.outcome")
    assert (first["decision"], first["prompt"], first["published"]) == ("edit_again", "warmer", [])
    assert outcome == run.xcom("portrait.review_3")
    assert run.xcom("portrait.review_1", "phota_decision")["decision"] == "edit_again"
    assert run.xcom("portrait.outcome", "phota_decision")["decision"] == "approved"
    assert outcome["published"] == run.xcom("after")
    [name] = shop.published
    assert name.startswith(run.xcom("portrait.edit_3")["phota_task_id"])
    assert [record["decision"] for record in shop.records].count("edit_again") == 2


def test_a_rejection_ends_all_rounds(shop, service, person):
    paid = len(service.ledger())
    with person(Answer([AGAIN], {"prompt": "warmer"}), Answer(["Reject"], {"prompt": ""})):
        run = shop.run("review_rounds")
    assert (
        run.states["portrait.outcome"] == run.states["after"] == run.states["portrait.edit_3"] == ["skipped"]
    )
    assert run.xcom("portrait.outcome")["decision"] == "rejected"
    assert (shop.published, len(service.ledger())) == ([], paid + 2)


def test_another_edit_needs_a_prompt(shop, service, person):
    paid = len(service.ledger())
    with person(Answer([AGAIN], {"prompt": "  "})):
        run = shop.run("review_rounds")
    assert run.states["portrait.review_1"] == ["failed"]
    assert "without a prompt" in run.xcom("portrait.review_1", "phota_problem")["message"]
    assert len(service.ledger()) == paid + 1


@pytest.mark.parametrize(
    ("dag_id", "prompts"),
    [
        ("review_rounds_in_oil", ["golden hour, in oil", "warmer, in oil"]),
        ("review_rounds_of_one_prompt", ["a beach", "a beach"]),
    ],
)
def test_each_edit_waits_for_the_review_before_it_whatever_it_makes_of_the_prompt(
    shop, service, person, dag_id, prompts
):
    paid = len(service.ledger())
    with person(Answer([AGAIN], {"prompt": "warmer"}), Answer(["Approve"], {"prompt": ""})):
        run = shop.run(dag_id)
    assert run.state == "success"
    assert run.states["portrait.edit_3"] == ["skipped"]
    assert len(service.ledger()) == paid + 2
    orders = [run.xcom(f"portrait.edit_{number}", "phota_order") for number in (1, 2)]
    assert [order["prompt"] for order in orders] == prompts


def test_all_first_tasks_of_a_round_wait_for_the_review_before_it():
    from airflow.providers.common.compat.sdk import DAG
    from airflow.providers.standard.operators.empty import EmptyOperator

    from airflow_provider_phota.operators.phota import PhotaImageEditOperator
    from airflow_provider_phota.operators.review_rounds import review_rounds

    def edit(prompt, task_id):
        made = PhotaImageEditOperator(task_id=task_id, prompt="a", image_urls="https://example.com/a.jpg")
        EmptyOperator(task_id=f"look_{task_id}") >> made
        return made

    with DAG("several", schedule=None) as dag:
        review_rounds("group", prompt="a", edit=edit, max_rounds=2)
    assert dag.get_task("group.look_edit_1").upstream_task_ids == set()
    assert dag.get_task("group.look_edit_2").upstream_task_ids == {"group.review_1"}
    assert dag.get_task("group.edit_2").upstream_task_ids == {"group.look_edit_2"}


def decided(decision: str, at: str) -> dict[str, Any]:
    return {
        "decision": decision,
        "decided_at": f"2026-05-01T{at}+00:00",
        "decided_by": None,
        "counts": {"chosen": 1},
    }


OLD_APPROVAL = decided("approved", "11:00:00.5")


@pytest.mark.parametrize(
    ("reviews", "last"),
    [
        ([decided("approved", "12:00:00"), OLD_APPROVAL, None], 0),
        ([decided("rejected", "12:00:00"), OLD_APPROVAL, None], 0),
        ([decided("edit_again", "12:00:00"), OLD_APPROVAL, None], 0),
        ([decided("edit_again", "10:00:00"), OLD_APPROVAL, decided("rejected", "09:00:00")], 1),
        ([decided("edit_again", "10:00:00"), decided("edit_again", "10:30:00"), OLD_APPROVAL], 2),
    ],
)
def test_what_a_review_returned_before_it_was_cleared_and_skipped_does_not_count(reviews, last):
    from airflow.providers.common.compat.sdk import AirflowSkipException
    from airflow_runs import TaskInstance

    from airflow_provider_phota.operators.review_rounds import PhotaReviewOutcomeOperator

    ti = TaskInstance()
    outcome = PhotaReviewOutcomeOperator(task_id="outcome", reviews=reviews)
    if reviews[last]["decision"] == "approved":
        assert outcome.execute({"ti": ti}) == reviews[last]
        return
    with pytest.raises(AirflowSkipException):
        outcome.execute({"ti": ti})
    assert ti.pushed["return_value"] == reviews[last]


def test_after_a_rejection_of_the_first_round_the_approval_of_a_later_one_is_forgotten(
    shop, person, monkeypatch
):
    with person(Answer([AGAIN], {"prompt": "warmer"}), Answer(["Approve"], {"prompt": ""})):
        run = shop.run("review_rounds")
    assert run.xcom("portrait.outcome")["decision"] == "approved"
    with person(Answer(["Reject"], {"prompt": ""})):
        again = run_again(monkeypatch, "review_rounds", run.run_id, keeping={"portrait.edit_1"})
    assert again.states["portrait.review_2"] == again.states["after"] == ["skipped"]
    assert again.xcom("portrait.review_2")["decision"] == "approved"  # which is what Airflow keeps
    assert again.xcom("portrait.outcome")["decision"] == "rejected"


@pytest.mark.parametrize(
    ("wrong", "argument"),
    [
        ({"max_rounds": 0}, "max_rounds"),
        ({"max_rounds": 11}, "max_rounds"),
        ({"max_rounds": "3"}, "max_rounds"),
        ({"edit": "edit"}, "edit"),
        ({"edit": lambda prompt, task_id: None}, "edit"),
        ({"results": []}, "results"),
        ({"choose": "all"}, "choose"),
        ({"on_reject": "edit_again"}, "on_reject"),
    ],
)
def test_wrong_arguments_are_found_when_the_dag_is_parsed(wrong, argument):
    from airflow.providers.common.compat.sdk import DAG

    from airflow_provider_phota.operators.phota import PhotaImageEditOperator
    from airflow_provider_phota.operators.review_rounds import review_rounds

    def edit(prompt, task_id):
        return PhotaImageEditOperator(task_id=task_id, prompt=prompt, image_urls="https://example.com/a.jpg")

    with DAG("wrong", schedule=None), pytest.raises(PhotaInputError, match=f"^{argument}: "):
        review_rounds("group", **{"prompt": "a", "edit": edit} | wrong)

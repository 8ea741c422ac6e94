"""What an answer means, and which answers are refused, whatever Airflow has let through."""

from __future__ import annotations

import pytest

from airflow_provider_phota.reviews import decisions
from airflow_provider_phota.reviews.decisions import Choice, Decided, decide, options_of
from airflow_provider_phota.reviews.errors import PhotaReviewError
from airflow_provider_phota.reviews.pictures import Picture, Reviewed

PICTURES = tuple(Picture("task-1", index, item=item, number=1) for index, item in enumerate("abc"))
REVIEWED, BATCH = Reviewed(PICTURES), Reviewed(PICTURES, batch="file:///results.jsonl")


@pytest.mark.parametrize(
    ("choice", "options", "problem"),
    [
        (Choice.PICK_ONE, ["Picture 1", "Picture 2"], "2 options, and the question asks for one"),
        (Choice.PICK_ONE, [], "0 options, and the question asks for one"),
        (Choice.PICK_MANY, [], "0 options, and the question asks for at least one"),
        (Choice.PICK_MANY, ["Picture 4"], "does not have: 'Picture 4'"),
        (Choice.PICK_ONE, ["Approve"], "does not have: 'Approve'"),
        (Choice.APPROVE, ["Approve", "Reject"], "2 options, and the question asks for one"),
        (Choice.APPROVE, ["Edit again"], "does not have: 'Edit again'"),
    ],
)
def test_an_answer_that_the_question_does_not_ask_for_is_refused(choice, options, problem):
    with pytest.raises(PhotaReviewError, match=problem):
        decide(REVIEWED, choice, options, {"prompt": "warmer"})


@pytest.mark.parametrize("field", ["approved", "rejected"])
@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ([["a"]], "is not the key of an item"),
        ([1], "is not the key of an item"),
        ({"a": 1}, "is not the key of an item"),
        ([" "], "names no item in"),
        ("  \n", "names no item in"),
    ],
)
def test_a_field_that_names_no_item_is_not_taken_for_an_empty_one(field, value, problem):
    with pytest.raises(PhotaReviewError, match=problem):
        decide(BATCH, Choice.APPROVE, ["Approve"], {field: value})


@pytest.mark.parametrize("empty", [None, [], "", [""], "\n"])
def test_empty_fields_mean_all_items_and_none(empty):
    decision = decide(BATCH, Choice.APPROVE, ["Approve"], {"approved": empty, "rejected": empty})
    assert (decision.outcome, decision.chosen) == (Decided.APPROVED, PICTURES)


def test_airflow_refuses_items_that_are_not_texts():
    from airflow.sdk.exceptions import ParamValidationError

    from airflow_provider_phota.reviews.fields import fields_of_batch

    for param in fields_of_batch().values():
        assert param.resolve(["a"]) == ["a"]
        with pytest.raises(ParamValidationError):
            param.resolve([["a"]])


@pytest.mark.parametrize("hides", [True, False])
def test_an_airflow_that_shows_no_four_options_gets_five_of_which_two_mean_the_same(monkeypatch, hides):
    monkeypatch.setattr(decisions, "HIDES_FOUR_OPTIONS", hides)
    options = options_of(REVIEWED, Choice.PICK_ONE)
    assert options == ["Picture 1", "Picture 2", "Picture 3", "None of them"] + (["Reject"] if hides else [])
    for option in options[3:]:
        assert decide(REVIEWED, Choice.PICK_ONE, [option], {}).outcome is Decided.REJECTED
    assert len(options_of(REVIEWED, Choice.PICK_MANY)) == 4  # there it is a list anyway


@pytest.mark.parametrize("hides", [True, False])
def test_other_numbers_of_options_are_as_they_are(monkeypatch, hides):
    monkeypatch.setattr(decisions, "HIDES_FOUR_OPTIONS", hides)
    two = Reviewed(PICTURES[:2])
    assert options_of(two, Choice.PICK_ONE) == ["Picture 1", "Picture 2", "None of them"]
    assert options_of(REVIEWED, Choice.APPROVE, edits_again=True) == ["Approve", "Reject", "Edit again"]

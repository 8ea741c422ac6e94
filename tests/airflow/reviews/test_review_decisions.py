"""What an answer means, and which answers are refused, whatever Airflow has let through."""

from __future__ import annotations

import pytest

from airflow_provider_phota.reviews.decisions import Choice, Decided, decide
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

"""Why a task failed, in whatever shape the service says so."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import says, shows

from airflow_provider_phota.api import answers
from airflow_provider_phota.api.reasons import failure_of
from airflow_provider_phota.api.refusals import error_words
from airflow_provider_phota.api.tasks import Failure


def deep(levels: int) -> Any:
    error: Any = "no"
    for _ in range(levels):
        error = {"message": error}
    return error


REASONS = [
    ("the picture is too dark", "", "the picture is too dark"),
    ({"code": 1301, "message": "no"}, "1301", "no"),
    ({"code": 0, "message": "no"}, "0", "no"),
    ({"code": True, "message": "no"}, "", "no"),
    ({"code": None, "message": "no", "type": "task_error"}, "task_error", "no"),
    ({"code": 17}, "17", ""),
    ({"error_code": "bad", "error_message": "no"}, "bad", "no"),
    ({"message": {"code": "bad", "message": "no"}}, "bad", "no"),
    ({"code": "task_failed", "message": {"error": {"code": "nsfw", "message": "no"}}}, "nsfw", "no"),
    ({"code": "failed", "error": {"message": "no"}}, "failed", "no"),
    ({"message": ["one", "two", "one", ""]}, "", "one; two"),
    ({"message": '{"error": {"code": "bad", "message": "no"}}'}, "bad", "no"),
    ("[not JSON", "", "[not JSON"),
    ("{" * 10_000, "", "{" * 499 + "…"),
    ("[" * 10_000, "", "[" * 499 + "…"),
    (["one", {"message": "two", "code": "bad"}, 3, None], "bad", "one; two"),
    ([str(number) for number in range(1000)], "", "0; 1; 2; 3; 4"),
    (
        {"detail": [{"loc": ["body", "image_urls"], "msg": "is not a URL", "type": "value_error"}]},
        "value_error",
        "is not a URL",
    ),
    ({"detail": "no"}, "", "no"),
    ({"reason": "no"}, "", "no"),
    ({"msg": "no"}, "", "no"),
    ({"message": "", "detail": "no"}, "", "no"),
    ({"message": "yes", "detail": "no"}, "", "yes"),
    ({"errors": [{"title": "no"}]}, "", "no"),
    ({"what": "ever"}, "", '{"what": "ever"}'),
    (17, "", "17"),
    (deep(5), "", "no"),
    (deep(50), "", json.dumps(deep(50))[:499] + "…"),
    (
        "see https://me:secret@a.example/log?sig=S and s3://me:secret@b/c",
        "",
        "see https://a.example/log?… and s3://b/c",
    ),
    ("one\x1b[31m\ntwo\ud800", "", "one [31m two"),
]


@pytest.mark.parametrize(("error", "code", "message"), REASONS)
def test_a_failure_keeps_its_reason(error: object, code: str, message: str) -> None:
    failure = answers.read_task(shows("failed", error=error)).failure
    assert failure is not None
    assert (failure.code, failure.message) == (code, message)


@pytest.mark.parametrize(
    ("fields", "failure"),
    [
        ({"fail_reason": "no"}, Failure("", "no")),
        ({"message": "no", "code": 17}, Failure("17", "no")),
        ({"error": None, "detail": {"msg": "no"}}, Failure("", "no")),
        ({"message": "Success", "code": 200}, None),
        ({"message": "", "code": 0, "reason": None}, None),
        ({"error": {}}, Failure("", "")),
    ],
)
def test_a_reason_may_be_in_another_field_than_error(
    fields: dict[str, object], failure: Failure | None
) -> None:
    assert answers.read_task(shows("failed", **fields)).failure == failure


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": "no"}, ": no"),
        ({"error": {"code": 502, "message": "no"}}, ": no"),
        ({"message": "no"}, ": no"),
        ({"detail": [{"msg": "no"}]}, ": no"),
        ({"error": {"code": 502}}, ""),
        ({}, ""),
        (b"<html>", ""),
    ],
)
def test_the_words_of_an_answer_that_proves_nothing_are_kept(body: object, words: str) -> None:
    assert error_words(says(500, body)) == words


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters()),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["code", "message", "detail", "error", "type", "x"]), inner, max_size=3
        )
    ),
)


@given(error=_json)
def test_whatever_the_reason_is_it_can_be_logged_and_stored(error: object) -> None:
    failure = failure_of({"error": error})
    if failure is not None:
        for text in (failure.code, failure.kind, failure.message):
            assert text.isprintable()
            assert len(text) <= 500
            text.encode()
        assert failure.refuses_input in (True, False)

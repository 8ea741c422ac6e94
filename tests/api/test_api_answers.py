"""Reading answers: whatever bytes come in, they are a typed value, `Unreadable` or no proof of a refusal."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import TASK_ID, says, shows, task_fields

from airflow_provider_phota.api import answers, reading, refusals
from airflow_provider_phota.api.errors import PhotaRefused
from airflow_provider_phota.api.reading import Unreadable
from airflow_provider_phota.api.tasks import PhotaTask, TaskStatus
from airflow_provider_phota.api.wire import Response

READERS = [answers.read_task, answers.read_upload, answers.read_models, answers.read_usage, reading.read_json]

_plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters())
_json = st.recursive(
    _plain,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=3,
)
_fields = st.sampled_from(
    ["id", "status", "results", "output", "error", "usage", "task_info", "data", "url", "progress", "created"]
)
_documents = st.dictionaries(_fields, _json).map(lambda fields: json.dumps(fields).encode())
_results = st.lists(
    st.fixed_dictionaries({}, optional=dict.fromkeys(("url", "content_type", "profile_id"), _json))
)
_tasks = st.fixed_dictionaries(
    {"id": st.just(TASK_ID)},
    optional={
        "status": st.sampled_from([status.value for status in TaskStatus]) | _json,
        "results": _results | _json,
        "output": st.fixed_dictionaries({}, optional={"url": _json, "urls": _json}) | _json,
        "error": st.fixed_dictionaries({}, optional=dict.fromkeys(("code", "message", "type"), _json))
        | _json,
        "usage": st.dictionaries(st.text(st.characters()), _json),
        "task_info": st.fixed_dictionaries({"estimated_time": _json}) | _json,
        "created": _json,
        "progress": _json,
        "model": _json,
    },
)
_headers = st.fixed_dictionaries(
    {},
    optional={
        name: st.text(st.characters(max_codepoint=255)) for name in ("retry-after", "x-request-id", "date")
    },
)
_answers = st.builds(
    Response,
    st.integers(100, 599),
    _headers,
    st.binary() | _json.map(lambda v: json.dumps(v).encode()) | _documents,
)


@given(answer=_answers)
def test_no_answer_crashes_a_reader(answer: Response) -> None:
    for read in READERS:
        with suppress(Unreadable):
            read(answer)


@given(answer=_answers)
def test_no_answer_crashes_the_reading_of_a_refusal(answer: Response) -> None:
    refusal = refusals.read_refusal(answer)
    assert refusal is None or isinstance(refusal, PhotaRefused)
    if refusal is not None:
        assert 400 <= refusal.status < 500
        assert str(refusal).isprintable()
        assert len(str(refusal)) < 1500
    assert len(refusals.error_words(answer)) < 600


@given(fields=_tasks)
def test_a_task_can_be_stored_and_logged_whatever_it_holds(fields: dict[str, Any]) -> None:
    try:
        task = answers.read_task(says(200, fields))
    except Unreadable:
        return  # json.dumps writes NaN
    stored = json.dumps(task.to_dict(), allow_nan=False, ensure_ascii=False).encode()
    assert b"\\u0000" not in stored
    assert task.outcome is not None
    assert task.progress is None or 0 <= task.progress <= 100
    assert task.failure is None or task.status.is_terminal


_text_or_not = st.text(max_size=3) | st.none() | st.integers() | st.just(["text"])


@given(
    status=st.sampled_from([401, 404, 422]),
    error=st.fixed_dictionaries({}, optional=dict.fromkeys(("message", "type", "code"), _text_or_not)),
)
def test_only_the_documented_shape_proves_a_refusal(status: int, error: dict[str, Any]) -> None:
    refusal = refusals.read_refusal(says(status, {"error": error}))
    documented = isinstance(error.get("message"), str) and any(
        isinstance(error.get(name), str) and error[name] for name in ("type", "code")
    )
    assert (refusal is not None) == documented


def test_a_byte_order_mark_is_borne() -> None:
    body = b"\xef\xbb\xbf" + json.dumps(task_fields()).encode()
    assert answers.read_task(says(200, body)).id == TASK_ID


def test_a_wrong_content_type_is_advice_only() -> None:
    answer = says(200, task_fields(), content_type="text/html; charset=utf-7")
    assert answers.read_task(answer).id == TASK_ID


@pytest.mark.parametrize("name", ["id", "status", "error"])
def test_a_field_that_decides_may_stand_only_once(name: str) -> None:
    body = json.dumps(task_fields(error=None))[:-1] + f', "{name}": "x"}}'
    with pytest.raises(Unreadable):
        answers.read_task(says(200, body.encode()))


def test_a_field_that_decides_nothing_may_stand_twice() -> None:
    body = json.dumps(task_fields(type="a"))[:-1] + ', "type": "b"}'
    assert answers.read_task(says(200, body.encode())).id == TASK_ID


def read(**fields: Any) -> PhotaTask:
    return answers.read_task(shows(fields.pop("status", "completed"), **fields))


@pytest.mark.parametrize(
    ("progress", "read_as"),
    [(50, 50), (250, 100), (-1, 0), ("50%", None), (True, None), (None, None), (0.5, None)],
)
def test_progress_is_a_hint(progress: object, read_as: int | None) -> None:
    assert read(progress=progress).progress == read_as


@pytest.mark.parametrize(
    ("created", "read_as"),
    [
        (1757165031, 1757165031),
        (0, None),
        (-5, None),
        (10**12, None),
        (True, None),
        ("2025", None),
        (1.5, None),
    ],
)
def test_created_is_plausible_epoch_seconds_or_unknown(created: object, read_as: int | None) -> None:
    assert read(created=created).created == read_as


@pytest.mark.parametrize(
    ("info", "read_as"),
    [
        ({"estimated_time": 45}, 45.0),
        ({"estimated_time": 0.5}, 0.5),
        ({"estimated_time": -1}, None),
        ({"estimated_time": True}, None),
        ({"estimated_time": "45"}, None),
        ({"estimated_time": 10**400}, None),
        ({}, None),
        (None, None),
        ([45], None),
    ],
)
def test_the_estimated_time_is_seconds_or_unknown(info: object, read_as: float | None) -> None:
    assert read(task_info=info).estimated_time == read_as


def test_a_number_beyond_all_bounds_is_not_taken() -> None:
    body = json.dumps(task_fields())[:-1] + ', "task_info": {"estimated_time": 1e999}, "usage": {"c": 1e999}}'
    task = answers.read_task(says(200, body.encode()))
    assert (task.estimated_time, dict(task.usage)) == (None, {})


@pytest.mark.parametrize(
    ("fields", "urls"),
    [
        ({"results": [{"url": "https://a/1"}, {"url": "https://a/2"}]}, ["https://a/1", "https://a/2"]),
        ({"results": [{"url": "https://a/1"}, {"url": 7}, {}, "x", None]}, ["https://a/1"]),
        ({"results": []}, []),
        ({"results": {"url": "https://a/1"}}, []),
        ({"output": {"url": "https://a/1"}}, ["https://a/1"]),
        (
            {"output": {"url": "https://a/1", "urls": ["https://a/1", "https://a/2"]}},
            ["https://a/1", "https://a/2"],
        ),
        ({"output": {"urls": [], "url": "https://a/1"}}, ["https://a/1"]),
        ({"output": {"urls": [7, "", None]}}, []),
        ({"output": {"urls": "https://a/1"}}, []),
        ({"output": {}}, []),
        ({"output": "https://a/1"}, []),
        ({"results": [], "output": {"url": "https://a/1"}}, []),
        ({"results": [{"url": "https://a/\x00"}, {"url": "https://a/\ud800"}]}, []),
        ({"output": {"url": "https://a/\n"}}, []),
        (
            {"results": [{"url": "https://a/my caf\xe9 9\u202fPM.png?q=a b"}]},
            ["https://a/my%20caf%C3%A9%209%E2%80%AFPM.png?q=a%20b"],
        ),
        ({"output": {"urls": ["https://b\xfccher.example/1"]}}, ["https://xn--bcher-kva.example/1"]),
        ({"results": [{"url": "https://[a/1"}]}, ["https://[a/1"]),
    ],
)
def test_pictures_are_read_from_results_or_else_from_the_older_output(
    fields: dict[str, Any], urls: list[str]
) -> None:
    assert [image.url for image in read(**fields).images] == urls


@pytest.mark.parametrize(("content_type", "read_as"), [("image/png", "image/png"), ("", None), (7, None)])
def test_a_content_type_may_be_missing(content_type: object, read_as: str | None) -> None:
    (image,) = read(results=[{"url": "https://a/1", "content_type": content_type}]).images
    assert image.content_type == read_as


@pytest.mark.parametrize("results", [None, {}, [{"profile_id": ""}, {"profile_id": 7}, "x"]])
def test_profiles_may_be_missing(results: object) -> None:
    assert read(results=results).profile_ids == ()


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        ({"code": "bad", "message": "no", "type": "task_error"}, "bad", "no"),
        ({"message": "no", "type": "task_error"}, "task_error", "no"),
        ({}, "", ""),
        ({"message": "see https://a/log?sig=S"}, "", "see https://a/log?…"),
    ],
)
def test_a_failure_has_the_services_words(error: object, code: str, message: str) -> None:
    failure = read(status="failed", error=error).failure
    assert failure is not None
    assert (failure.code, failure.message) == (code, message)


@pytest.mark.parametrize("error", [None, "", []])
def test_a_failure_may_be_unexplained(error: object) -> None:
    assert read(status="failed", error=error).failure is None


def test_a_running_task_has_no_failure() -> None:
    assert read(status="processing", error={"code": "warming_up", "message": "x"}).failure is None


def test_usage_keeps_what_is_plain() -> None:
    usage = {"credits_reserved": 5, "user_group": "default\x00", "flag": True, "more": {"a": 1}, "share": 0.5}
    assert read(usage=usage).usage == {"credits_reserved": 5, "user_group": "default", "share": 0.5}
    assert read(usage=[1]).usage == {}


def test_an_uploads_url_is_one_that_every_client_accepts() -> None:
    stored = answers.read_upload(says(200, {"id": "f", "url": "https://a.example/my caf\xe9.png"}))
    assert stored.url == "https://a.example/my%20caf%C3%A9.png"
    for url in ("https://a.example/\x00", "https:///x", ""):
        with pytest.raises(Unreadable, match="URL"):
            answers.read_upload(says(200, {"id": "f", "url": url}))

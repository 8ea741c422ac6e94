"""An answer to a submit that names a task anywhere is not a refusal."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import TASK_ID, Service, refuses, says, shows, task_fields

from airflow_provider_phota.api.errors import PhotaNotFound, PhotaRefused, PhotaSubmitAmbiguous
from airflow_provider_phota.api.named_tasks import accepted_task, named_task_id
from airflow_provider_phota.api.orders.edit import EditOrder
from airflow_provider_phota.api.protocol import get_task_once, submit
from airflow_provider_phota.api.retry import Backoff
from airflow_provider_phota.api.wire import Response

EDIT = EditOrder("make it winter", ("https://pictures.example/lake.jpg",))
THRICE = Backoff(tries=3, first=1.0, chance=lambda: 1.0)
REFUSAL = {"message": "slow down", "type": "rate_limit_error", "code": "rate_limit"}
NO_CHANNEL = {"message": "no upstream", "type": "invalid_request_error", "code": "no_available_model"}
STATUSES = [400, 401, 402, 403, 404, 413, 422, 425, 429, 503]

ACCEPTED = [
    task_fields(),
    task_fields("processing", error=REFUSAL),
    {"task_id": TASK_ID, "status": "pending"},
    {"taskId": TASK_ID, "status": "pending"},
    {"id": 17, "task_id": TASK_ID, "status": "pending"},
    {"id": None, "task_id": TASK_ID, "status": "completed"},
    {"data": task_fields()},
    {"code": 429, "data": [task_fields()]},
    {"task": task_fields(), "error": REFUSAL},
    {"error": REFUSAL, "result": {"task_id": TASK_ID, "status": "failed"}},
]


@pytest.mark.parametrize("resend_on_503", [True, False])
@pytest.mark.parametrize("status", [200, 500, *STATUSES])
@pytest.mark.parametrize("body", ACCEPTED)
def test_a_task_that_can_be_read_is_accepted_whatever_the_status(
    status: int, body: object, *, resend_on_503: bool
) -> None:
    service = Service(says(status, body))
    assert service.run(submit(EDIT, THRICE, resend_on_503=resend_on_503)).id == TASK_ID
    assert len(service.requests) == 1


def cut(body: object) -> bytes:
    return json.dumps(body).encode()[:-1]


NAMED = [
    {"id": TASK_ID},
    {"id": TASK_ID, "error": REFUSAL},
    {"id": TASK_ID, "error": NO_CHANNEL},
    {"id": TASK_ID, "status": "queued", "error": REFUSAL},
    {"task_id": TASK_ID, "error": REFUSAL},
    {"taskId": TASK_ID, "error": REFUSAL},
    {"phota_task_id": TASK_ID, "error": REFUSAL},
    {"data": {"id": TASK_ID}, "error": REFUSAL},
    {"data": [{"task_id": TASK_ID}], "error": REFUSAL},
    {"task": {"id": TASK_ID}, "error": REFUSAL},
    {"task_info": {"id": TASK_ID}, "error": REFUSAL},
    {"error": {**REFUSAL, "task_id": TASK_ID}},
    {"error": {**REFUSAL, "id": TASK_ID}},
    {"error": {**NO_CHANNEL, "data": {"task": {"id": TASK_ID}}}},
    {"error": {**REFUSAL, "metadata": {"upstream": {"task-id": TASK_ID}}}},
    {"error": {**REFUSAL, "message": f"{TASK_ID} was created, slow down"}},
    {"message": f"see {TASK_ID}"},
    [{"id": TASK_ID}],
    cut({"id": TASK_ID, "status": "pending"}),
    cut({"error": {**REFUSAL, "task_id": TASK_ID}}),
    f'{{"id": "{TASK_ID}", "id": "{TASK_ID}", "status": "pending"}}'.encode(),
    json.dumps({"id": TASK_ID}).encode("utf-16"),
    f"<html>{TASK_ID} is being made".encode(),
    f'<html><script>{{"task_id": "{TASK_ID}"}}'.encode(),
]


@pytest.mark.parametrize("resend_on_503", [True, False])
@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("body", NAMED)
def test_a_task_that_is_only_named_is_never_refused_and_named_to_the_user(
    status: int, body: object, *, resend_on_503: bool
) -> None:
    service = Service(says(status, body, retry_after="0"))
    with pytest.raises(PhotaSubmitAmbiguous, match=f"names PHOTA task {TASK_ID}") as caught:
        service.run(submit(EDIT, THRICE, resend_on_503=resend_on_503))
    assert caught.value.named_task_id == TASK_ID
    assert caught.value.saying("More.").named_task_id == TASK_ID
    assert not caught.value.retryable
    assert len(service.requests) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"x_task_id": TASK_ID},
        {"task_id": TASK_ID},
        {"location": f"https://api.foxapi.cc/v1/tasks/{TASK_ID}?x=1"},
    ],
)
@pytest.mark.parametrize("status", [202, 303, 425, 429, 503])
def test_a_header_names_a_task_too(status: int, headers: dict[str, str]) -> None:
    service = Service(says(status, **headers))
    with pytest.raises(PhotaSubmitAmbiguous, match=f"names PHOTA task {TASK_ID}"):
        service.run(submit(EDIT, THRICE, resend_on_503=True))
    assert len(service.requests) == 1


@pytest.mark.parametrize("task_id", ["../x", 17, "t" * 500, " x\n"])
def test_an_id_that_cannot_be_used_is_no_refusal_either(task_id: object) -> None:
    service = Service(says(429, {**task_fields(task_id=task_id), "error": REFUSAL}))
    with pytest.raises(PhotaSubmitAmbiguous, match="names PHOTA task") as caught:
        service.run(submit(EDIT, THRICE))
    assert all(line.isprintable() for line in str(caught.value).split("\n"))
    assert len(service.requests) == 1


@pytest.mark.parametrize(
    "body",
    [
        {"error": REFUSAL},
        {"error": {**REFUSAL, "request_id": "r-1"}},
        {"id": None, "task_id": "", "data": None, "error": REFUSAL},
        {"id": True, "error": REFUSAL},
        {"error": {**REFUSAL, "metadata": {"user": {"id": "u-1"}, "account": [{"id": "a-1"}]}}},
        {"error": {**REFUSAL, "message": 'the id of "id": "x" is not known'}},
        b'<html><script>{"id": "cf-challenge"}',
        b"",
    ],
)
def test_what_names_no_task_is_a_refusal_as_before(body: object) -> None:
    service = Service(says(429, body), shows())
    assert service.run(submit(EDIT, THRICE)).id == TASK_ID
    assert len(service.requests) == 2


def test_a_refusal_that_repeats_the_url_of_an_earlier_tasks_picture_is_a_refusal() -> None:
    url = f"https://cdn.example/results/{TASK_ID}/0.png"
    service = Service(refuses(422, "invalid_image_url", f"cannot read {url}"))
    with pytest.raises(PhotaRefused, match="invalid_image_url"):
        service.run(submit(EditOrder("make it winter", (url,)), THRICE))


def test_a_question_that_names_its_own_task_is_answered_as_ever() -> None:
    body = {"error": {"message": f"no task {TASK_ID}", "type": "not_found", "task_id": TASK_ID}}
    with pytest.raises(PhotaNotFound):
        Service(says(404, body)).run(get_task_once(TASK_ID))


def nested(levels: int) -> Any:
    inner: Any = {"id": "t-1"}
    for _ in range(levels):
        inner = {"data": inner}
    return inner


def test_however_deep_an_id_may_stand_it_is_looked_for_within_reason() -> None:
    assert named_task_id(says(429, nested(8))) == "t-1"
    assert named_task_id(says(429, nested(9))) == ""


@given(body=st.binary() | st.text().map(str.encode), status=st.integers(100, 599))
def test_no_answer_crashes_the_search(body: bytes, status: int) -> None:
    answer = Response(status, {"location": body.decode("latin-1")}, body)
    assert named_task_id(answer).isprintable()
    accepted_task(answer)

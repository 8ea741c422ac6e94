"""The free questions: what they ask, what they read, and that they are asked again when it can help."""

from pathlib import Path

import pytest
from scripted import TASK_ID, Service, finished, refuses, says, shows

from airflow_provider_phota.api import protocol
from airflow_provider_phota.api.account import Usage
from airflow_provider_phota.api.errors import (
    MaybeSent,
    NotSent,
    PhotaAuthenticationError,
    PhotaConfigurationError,
    PhotaNotFound,
    PhotaRateLimited,
    PhotaRefused,
    PhotaUnreachable,
    TransportError,
)
from airflow_provider_phota.api.retry import Backoff
from airflow_provider_phota.api.tasks import Outcome
from airflow_provider_phota.api.wire import FileForm, Response

TWICE = Backoff(tries=2, first=1.0, chance=lambda: 1.0)
FORM = FileForm(b"head", Path("lake.jpg"), 3, b"tail", "multipart/form-data; boundary=b")


def test_a_task_is_asked_for_by_its_id() -> None:
    service = Service(finished())
    task = service.run(protocol.get_task(TASK_ID))
    assert task.outcome is Outcome.SUCCEEDED
    (request,) = service.requests
    assert (request.method, request.path, dict(request.query)) == ("GET", f"/v1/tasks/{TASK_ID}", {})
    assert not request.billed


def test_an_id_is_quoted_in_the_path() -> None:
    service = Service(shows(task_id="task:1"))
    service.run(protocol.get_task("task:1", sync_upstream=True))
    assert service.requests[0].path == "/v1/tasks/task%3A1"
    assert dict(service.requests[0].query) == {"sync_upstream": "true"}


def test_an_answer_about_another_task_is_no_answer() -> None:
    service = Service(shows(task_id="task-2"), shows())
    assert service.run(protocol.get_task(TASK_ID, backoff=TWICE)).id == TASK_ID
    with pytest.raises(PhotaUnreachable, match="another task"):
        Service(shows(task_id="task-2")).run(protocol.get_task(TASK_ID, backoff=TWICE))


HEALING = [
    pytest.param(NotSent("ConnectionRefusedError"), id="not sent"),
    pytest.param(MaybeSent("ConnectionResetError"), id="reset"),
    *(pytest.param(refuses(status), id=str(status)) for status in (408, 429, 500, 502, 503, 504, 520)),
    pytest.param(says(302), id="redirect"),
    pytest.param(says(200, b"<html>"), id="200 with HTML"),
    pytest.param(says(401, b"<html>"), id="401 of another shape"),
]


@pytest.mark.parametrize("answer", HEALING)
def test_a_question_without_a_usable_answer_is_asked_again(answer: Response | TransportError) -> None:
    service = Service(answer, shows())
    assert service.run(protocol.get_task(TASK_ID, backoff=TWICE)).id == TASK_ID
    assert len(service.requests) == 2
    assert service.sleeps == [1.0]


@pytest.mark.parametrize("answer", HEALING)
def test_after_the_last_try_it_counts_as_unreachable(answer: Response | TransportError) -> None:
    service = Service(answer)
    with pytest.raises((PhotaUnreachable, PhotaRateLimited)):
        service.run(protocol.get_task(TASK_ID, backoff=TWICE))
    assert len(service.requests) == 2


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refuses(401), PhotaAuthenticationError),
        (refuses(403), PhotaAuthenticationError),
        (refuses(404), PhotaNotFound),
        (refuses(400), PhotaRefused),
        (NotSent("the certificate is not trusted", permanent=True), PhotaConfigurationError),
    ],
)
def test_a_question_is_asked_once_if_asking_again_cannot_help(
    answer: Response | TransportError, error: type[Exception]
) -> None:
    service = Service(answer)
    with pytest.raises(error):
        service.run(protocol.get_task(TASK_ID, backoff=TWICE))
    assert len(service.requests) == 1


def test_a_503_says_when_to_come_back() -> None:
    service = Service(refuses(503, message="busy", retry_after="9"), shows())
    service.run(protocol.get_task(TASK_ID, backoff=TWICE))
    assert service.sleeps == [10.0]
    with pytest.raises(PhotaUnreachable, match="HTTP 503: busy") as caught:
        Service(refuses(503, message="busy", retry_after="9")).run(protocol.get_task_once(TASK_ID))
    assert caught.value.retry_after == 9.0


def test_an_upload_returns_where_the_file_is() -> None:
    url = "https://cdn.foxapi.cc/uploads/lake.jpg"
    service = Service(says(200, {"id": "f-1", "filename": "lake.jpg", "url": url, "size": 3, "created": 1}))
    upload = service.run(protocol.upload(FORM))
    assert (upload.id, upload.url, upload.size) == ("f-1", url, 3)
    (request,) = service.requests
    assert (request.method, request.path, request.body) == ("POST", "/v1/files/upload/stream", FORM)
    assert not request.billed


def test_an_upload_is_free_so_it_is_repeated() -> None:
    service = Service(MaybeSent("reset"), says(200, {"url": "https://cdn.foxapi.cc/x"}))
    service.run(protocol.upload(FORM, TWICE))
    assert len(service.requests) == 2


@pytest.mark.parametrize(
    "url", [None, 7, "", "lake.jpg", "/uploads/lake.jpg", "ftp://a/b", "https://", "https://a b/c"]
)
def test_an_upload_without_a_usable_url_is_no_answer(url: object) -> None:
    with pytest.raises(PhotaUnreachable, match="URL"):
        Service(says(200, {"url": url})).run(protocol.upload(FORM, TWICE))


def test_a_size_that_is_no_int_is_not_taken() -> None:
    service = Service(says(200, {"url": "https://a/b", "size": True}))
    assert service.run(protocol.upload(FORM)).size is None


def test_models_are_the_ids_of_the_list() -> None:
    service = Service(says(200, {"data": [{"id": "phota-image"}, {"id": 7}, "x", {"id": "gpt"}]}))
    assert service.run(protocol.get_models()) == ("phota-image", "gpt")
    assert service.requests[0].path == "/v1/models"


def test_models_without_a_list_are_no_answer() -> None:
    with pytest.raises(PhotaUnreachable, match="list of models"):
        Service(says(200, {"data": {}})).run(protocol.get_models(TWICE))


@pytest.mark.parametrize(
    ("data", "usage"),
    [
        (
            {"total_available": 750_000, "total_used": 5, "unlimited_quota": False},
            Usage(750_000.0, 5.0, unlimited=False),
        ),
        ({"unlimited_quota": True}, Usage(0.0, 0.0, unlimited=True)),
        (
            {"total_available": "much", "total_used": -1, "unlimited_quota": 1},
            Usage(0.0, 0.0, unlimited=False),
        ),
    ],
)
def test_usage_is_the_balance_of_the_key(data: dict[str, object], usage: Usage) -> None:
    service = Service(says(200, {"data": data}))
    assert service.run(protocol.get_usage()) == usage
    assert service.requests[0].path == "/api/usage/token/"


def test_usage_without_data_is_no_answer() -> None:
    with pytest.raises(PhotaUnreachable, match="account"):
        Service(says(200, {"data": None})).run(protocol.get_usage(TWICE))


def test_half_a_million_units_are_one_dollar() -> None:
    assert Usage(750_000.0, 0.0, unlimited=False).available_usd == 1.5

"""The paid POST: which answers are a task, a refusal or a doubt, and what may be sent again."""

import json
import pickle

import pytest
from scripted import TASK_ID, Service, refuses, says, shows, task_fields

from airflow_provider_phota.api.errors import (
    MaybeSent,
    Money,
    NotSent,
    PhotaAuthenticationError,
    PhotaConfigurationError,
    PhotaError,
    PhotaNoChannel,
    PhotaNotFound,
    PhotaQuotaError,
    PhotaRateLimited,
    PhotaRefused,
    PhotaSubmitAmbiguous,
    PhotaUnreachable,
    TransportError,
)
from airflow_provider_phota.api.orders.edit import EditOrder
from airflow_provider_phota.api.protocol import proves_refusal, submit
from airflow_provider_phota.api.retry import Backoff
from airflow_provider_phota.api.wire import Request, Response

EDIT = EditOrder("make it winter", ("https://pictures.example/lake.jpg",))
REQUEST = Request("POST", "/v1/images/generations", body=EDIT.body(), billed=True)
THRICE = Backoff(tries=3, first=1.0, chance=lambda: 1.0)


def test_an_accepted_edit_is_the_task_the_service_made() -> None:
    service = Service(shows("pending", task_info={"estimated_time": 45}, usage={"credits_reserved": 5}))
    task = service.run(submit(EDIT))
    assert (task.id, task.model, task.estimated_time) == (TASK_ID, "phota-image-edit", 45.0)
    assert task.usage == {"credits_reserved": 5}
    assert service.sleeps == []


def test_the_request_is_marked_as_billed_and_says_what_was_asked() -> None:
    service = Service(shows())
    service.run(submit(EDIT))
    (request,) = service.requests
    assert (request.method, request.path, request.billed) == ("POST", "/v1/images/generations", True)
    assert isinstance(request.body, bytes)
    assert json.loads(request.body) == {
        "model": "phota-image-edit",
        "prompt": "make it winter",
        "image_urls": ["https://pictures.example/lake.jpg"],
        "num_outputs": 1,
        "resolution": "1K",
    }


@pytest.mark.parametrize("status", [200, 201, 202])
def test_any_2xx_with_a_usable_id_is_accepted(status: int) -> None:
    assert Service(says(status, task_fields())).run(submit(EDIT)).id == TASK_ID


REFUSED = [
    (400, "", PhotaRefused),
    (401, "", PhotaAuthenticationError),
    (402, "", PhotaQuotaError),
    (403, "", PhotaAuthenticationError),
    (404, "", PhotaNotFound),
    (413, "", PhotaRefused),
    (422, "", PhotaRefused),
    (422, "invalid_param", PhotaRefused),
    (422, "model_not_found", PhotaRefused),
    (422, "invalid_image_url", PhotaRefused),
]


@pytest.mark.parametrize(("status", "code", "error"), REFUSED)
def test_a_documented_refusal_is_not_billed_and_not_sent_again(
    status: int, code: str, error: type[PhotaRefused]
) -> None:
    service = Service(refuses(status, code, "no such thing (request_id: r-1)"))
    with pytest.raises(PhotaRefused, match=f"HTTP {status}.*no such thing") as caught:
        service.run(submit(EDIT, THRICE))
    assert type(caught.value) is error
    assert caught.value.status == status
    assert caught.value.code == (code or "invalid_request_error")
    assert caught.value.money is Money.NOT_BILLED
    assert len(service.requests) == 1


HEALING = [
    pytest.param(refuses(429), PhotaRateLimited, id="429"),
    pytest.param(says(429, b"<html>slow down"), PhotaRateLimited, id="429 from a proxy"),
    pytest.param(says(429), PhotaRateLimited, id="429 without a body"),
    pytest.param(says(425), PhotaRateLimited, id="425"),
    pytest.param(refuses(422, "no_available_model"), PhotaNoChannel, id="422 no_available_model"),
    pytest.param(refuses(422, "no_compatible_channel"), PhotaNoChannel, id="422 no_compatible_channel"),
    pytest.param(
        refuses(422, "unsupported_advanced_options"), PhotaNoChannel, id="422 unsupported_advanced_options"
    ),
    pytest.param(NotSent("connection refused"), PhotaUnreachable, id="not sent"),
]


@pytest.mark.parametrize(("answer", "error"), HEALING)
def test_a_temporary_failure_that_provably_created_no_task_is_sent_again(
    answer: Response | TransportError, error: type[PhotaError]
) -> None:
    service = Service(answer, answer, shows())
    assert service.run(submit(EDIT, THRICE)).id == TASK_ID
    assert len(service.requests) == 3
    assert service.sleeps == [1.0, 2.0]


@pytest.mark.parametrize(("answer", "error"), HEALING)
def test_after_the_last_try_the_user_hears_why(
    answer: Response | TransportError, error: type[PhotaError]
) -> None:
    service = Service(answer)
    with pytest.raises(error) as caught:
        service.run(submit(EDIT, THRICE))
    assert caught.value.money is Money.NOT_BILLED
    assert caught.value.retryable
    assert len(service.requests) == 3


@pytest.mark.parametrize("status", [425, 429])
def test_a_refusal_of_the_input_is_not_sent_again_whatever_its_status(status: int) -> None:
    service = Service(refuses(status, "content_policy_violation"))
    with pytest.raises(PhotaRefused, match="content_policy_violation") as caught:
        service.run(submit(EDIT, THRICE))
    assert not caught.value.retryable
    assert len(service.requests) == 1


def test_a_certificate_that_is_not_trusted_is_a_matter_of_configuration() -> None:
    service = Service(NotSent("the certificate is not trusted", permanent=True))
    with pytest.raises(PhotaConfigurationError, match=r"Nothing was sent.*certificate is not trusted"):
        service.run(submit(EDIT, THRICE))
    assert len(service.requests) == 1


AMBIGUOUS = [
    pytest.param(MaybeSent("ConnectionResetError"), id="the connection broke"),
    *(
        pytest.param(says(status, b"<html>"), id=f"{status} of another shape")
        for status in (400, 401, 402, 403, 404, 413, 422)
    ),
    pytest.param(says(401, {"error": "no"}), id="401 with a string for an error"),
    pytest.param(says(401, {"error": None}), id="401 with a null for an error"),
    pytest.param(says(401, {"error": ["no"]}), id="401 with a list for an error"),
    pytest.param(says(401, {"error": {"type": "authentication_error"}}), id="401 without a message"),
    pytest.param(says(401, {"error": {"message": "no"}}), id="401 without a type or code"),
    *(
        pytest.param(refuses(status), id=str(status))
        for status in (408, 409, 410, 418, 500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526)
    ),
    pytest.param(refuses(503, retry_after="1"), id="503 with Retry-After"),
    *(pytest.param(refuses(status), id=str(status)) for status in (100, 102, 103, 301, 302, 303, 307, 308)),
    pytest.param(says(200), id="200 without a body"),
    pytest.param(says(204), id="204"),
    pytest.param(says(200, b"<!DOCTYPE html>"), id="200 with HTML"),
    pytest.param(says(200, b'{"id": "t'), id="200 cut"),
    pytest.param(says(200, []), id="200 with a list"),
    pytest.param(says(200, "task-1"), id="200 with a string"),
    pytest.param(says(200, {}), id="200 without an id"),
    pytest.param(shows(task_id=17), id="id is an int"),
    pytest.param(shows(task_id=None), id="id is null"),
    pytest.param(shows(task_id=""), id="id is empty"),
    pytest.param(shows(task_id="../x"), id="id is a path"),
    pytest.param(shows(task_id="task\n1"), id="id has a newline"),
    pytest.param(shows(task_id="t" * 10_000), id="id of 10 KB"),
    pytest.param(says(200, b'{"id": "a", "id": "b", "status": "pending"}'), id="two ids"),
    pytest.param(says(200, b'{"id": "a", "progress": NaN}'), id="NaN"),
    pytest.param(says(200, b"[" * 100_000), id="deep JSON"),
    pytest.param(says(200, b'{"id": "a", "n": ' + b"9" * 5000 + b"}"), id="a number of 5,000 digits"),
    pytest.param(says(200, json.dumps(task_fields()).encode("utf-16")), id="UTF-16"),
    pytest.param(says(200, b'{"id": "a", "model": "caf\xe9"}'), id="latin-1"),
]


@pytest.mark.parametrize("answer", AMBIGUOUS)
def test_any_other_answer_may_have_been_billed_and_is_never_sent_again(
    answer: Response | TransportError,
) -> None:
    service = Service(answer)
    with pytest.raises(PhotaSubmitAmbiguous, match="may have been created and billed") as caught:
        service.run(submit(EDIT, THRICE))
    assert caught.value.money is Money.UNKNOWN
    assert not caught.value.retryable
    assert len(service.requests) == 1
    assert service.sleeps == []


def test_a_doubt_ends_the_tries_that_a_refusal_began() -> None:
    service = Service(refuses(429), says(502, b"<html>"), shows())
    with pytest.raises(PhotaSubmitAmbiguous):
        service.run(submit(EDIT, THRICE))
    assert len(service.requests) == 2


def test_a_doubt_quotes_the_service_without_signatures() -> None:
    service = Service(refuses(500, message="cannot read https://a.example/in.png?sig=CANARY \x1b[31m!"))
    with pytest.raises(PhotaSubmitAmbiguous, match=r"HTTP 500: cannot read https://a\.example/in") as caught:
        service.run(submit(EDIT))
    assert "CANARY" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_retry_after_is_waited_for_on_top_of_the_back_off() -> None:
    service = Service(refuses(429, retry_after="7"), shows())
    service.run(submit(EDIT, THRICE))
    assert service.sleeps == [8.0]


def test_a_wish_beyond_our_patience_ends_the_tries() -> None:
    service = Service(refuses(429, retry_after="200"))
    with pytest.raises(PhotaRateLimited) as caught:
        service.run(submit(EDIT, THRICE))
    assert caught.value.retry_after == 200.0
    assert len(service.requests) == 1


def test_a_refusal_keeps_the_request_id_of_the_header() -> None:
    service = Service(refuses(400, "bad", "no", x_request_id="r-42"))
    with pytest.raises(PhotaRefused, match=r"HTTP 400, bad\): no \(request_id: r-42\)") as caught:
        service.run(submit(EDIT))
    assert caught.value.request_id == "r-42"
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_a_request_id_that_the_message_has_is_not_said_twice() -> None:
    service = Service(refuses(400, "bad", "no (request_id: r-42)", x_request_id="r-42"))
    with pytest.raises(PhotaRefused) as caught:
        service.run(submit(EDIT))
    assert str(caught.value).count("r-42") == 1


def test_a_driver_that_answers_a_request_with_nothing_is_a_bug() -> None:
    conversation = submit(EDIT)
    next(conversation)
    with pytest.raises(TypeError, match="Response"):
        conversation.send(None)


def test_a_503_is_a_doubt_unless_the_connection_says_that_it_is_a_refusal() -> None:
    doubted = Service(says(503))
    with pytest.raises(PhotaSubmitAmbiguous, match="HTTP 503"):
        doubted.run(submit(EDIT, THRICE))
    assert len(doubted.requests) == 1

    resent = Service(says(503, retry_after="2"), says(503), shows())
    assert resent.run(submit(EDIT, THRICE, resend_on_503=True)).id == TASK_ID
    assert resent.sleeps == [3.0, 2.0]


def test_a_503_that_stays_is_not_billed_where_it_counts_as_a_refusal() -> None:
    service = Service(says(503), says(503), says(503))
    with pytest.raises(PhotaUnreachable, match="HTTP 503"):
        service.run(submit(EDIT, THRICE, resend_on_503=True))


def test_every_request_carries_what_is_to_be_done_before_it_is_sent() -> None:
    def before_sending() -> None: ...

    service = Service(refuses(429, "rate_limit_error"), shows())
    service.run(submit(EDIT, THRICE, before_sending=before_sending))
    assert [request.before_sending for request in service.requests] == [before_sending, before_sending]


@pytest.mark.parametrize(
    "answer", [refuses(401), refuses(429), says(429), refuses(422, "no_available_model")]
)
def test_a_refusal_proves_that_no_task_was_created(answer: Response) -> None:
    assert proves_refusal(REQUEST, answer)


@pytest.mark.parametrize(
    "answer",
    [
        *(case.values[0] for case in AMBIGUOUS[1:]),
        shows(),
        says(401, {"error": {"type": "authentication_error", "message": "no", "task_id": TASK_ID}}),
        says(401, task_fields()),
    ],
)
def test_nothing_else_proves_that_no_task_was_created(answer: Response) -> None:
    assert not proves_refusal(REQUEST, answer)

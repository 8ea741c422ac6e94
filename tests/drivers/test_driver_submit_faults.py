"""A submit fails after it was sent: its error tells the user the truth, and the POST is not repeated."""

import pytest
from certificates import Certificates
from driving import KEY, Account, Run
from http_text import ACCEPTED, TASK, TASK_ID, answer, head, refusal
from raw_server import (
    Behaviour,
    RawServer,
    answers,
    breaks_tls_after_the_request,
    closes_in_the_body,
    closes_on_accept,
    drips,
    hangs_after,
    resets_after,
    resets_in_the_body,
    resets_on_accept,
    stalls,
)
from submitting import SHORT, edit, failure

from airflow_provider_phota.api.errors import (
    PhotaAuthenticationError,
    PhotaError,
    PhotaNoChannel,
    PhotaNotFound,
    PhotaQuotaError,
    PhotaRateLimited,
    PhotaRefused,
    PhotaSubmitAmbiguous,
    PhotaUnreachable,
)
from airflow_provider_phota.api.wire import MAX_ANSWER

BIG = "w" * 8_000_000

NOT_RECEIVED: list[object] = [
    pytest.param(closes_in_the_body, {}, id="FIN in the body"),
    pytest.param(resets_in_the_body, {}, id="RST in the body"),
    pytest.param(stalls, SHORT, id="the write stalls"),
]


@pytest.mark.parametrize(("behaviour", "limits"), NOT_RECEIVED)
def test_once_a_byte_was_sent_the_outcome_is_not_known(
    run: Run, account: Account, behaviour: Behaviour, limits: dict[str, float]
) -> None:
    with RawServer((behaviour,)) as server:
        error = failure(run, account(server.url, **limits), edit(BIG))
    assert type(error) is PhotaSubmitAmbiguous
    assert (server.connections, server.received) == (1, [])


@pytest.mark.parametrize("status", [422, 425, 429])
def test_a_refusal_that_shows_a_task_is_the_task_and_is_received_once(
    run: Run, account: Account, status: int
) -> None:
    with RawServer((answers(answer(status, TASK, "Retry-After: 0")), answers(ACCEPTED))) as server:
        assert run(edit(), account(server.url)).id == TASK_ID
    assert len(server.posts()) == 1


@pytest.mark.parametrize("status", [422, 425, 429])
def test_a_refusal_that_names_a_task_is_a_doubt_and_is_received_once(
    run: Run, account: Account, status: int
) -> None:
    error = {
        "message": "no",
        "type": "invalid_request_error",
        "code": "no_available_model",
        "task_id": TASK_ID,
    }
    with RawServer(
        (answers(answer(status, {"error": error}, "Retry-After: 0")), answers(ACCEPTED))
    ) as server:
        doubt = failure(run, account(server.url))
    assert type(doubt) is PhotaSubmitAmbiguous
    assert TASK_ID in str(doubt)
    assert len(server.posts()) == 1


@pytest.mark.parametrize("behaviour", [closes_on_accept, resets_on_accept])
def test_where_the_service_leaves_at_once_it_depends_on_whether_a_byte_had_left(
    run: Run, account: Account, behaviour: Behaviour
) -> None:
    with RawServer((behaviour,)) as server:
        error = failure(run, account(server.url))
    assert type(error) in (PhotaSubmitAmbiguous, PhotaUnreachable)
    assert server.connections <= 2
    assert server.received == []


DOUBTFUL: list[object] = [
    pytest.param(hangs_after(b""), SHORT, id="no answer"),
    pytest.param(answers(b""), {}, id="FIN after the request"),
    pytest.param(resets_after(b""), {}, id="RST after the request"),
    pytest.param(hangs_after(head(200, "Content-Length: 99")), SHORT, id="body hangs"),
    pytest.param(answers(head(200, "Content-Length: 999") + b'{"id": "t'), {}, id="body cut"),
    pytest.param(resets_after(head(200, "Content-Length: 999") + b'{"id": "t'), {}, id="body reset"),
    pytest.param(
        answers(head(200, "Transfer-Encoding: chunked") + b'9\r\n{"id": "t\r\n'), {}, id="chunks cut"
    ),
    pytest.param(
        answers(head(200, "Transfer-Encoding: chunked") + b'zz\r\n{"id": "t\r\n0\r\n\r\n'), {}, id="bad chunk"
    ),
    pytest.param(answers(head(200) + b'{"id": "t'), {}, id="body without a length cut"),
    pytest.param(answers(b"HTTP/1.1 200 OK\r\nContent-Ty"), {}, id="headers cut"),
    pytest.param(drips(head(200, "Content-Length: 9999")), SHORT, id="body drips"),
    pytest.param(drips(head(200, "Transfer-Encoding: chunked"), b"1\r\n \r\n"), SHORT, id="chunks drip"),
    pytest.param(drips(head(200)), SHORT, id="body without a length drips"),
    pytest.param(drips(b"HTTP/1.1 200 OK\r\n", b"X-Drop: 1\r\n"), SHORT, id="headers drip"),
    pytest.param(answers(b"HTTQ/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"), {}, id="bad status line"),
    pytest.param(answers(b"\x16\x03\x01 what\r\n\r\n"), {}, id="no HTTP at all"),
    pytest.param(answers(head(200, "Content-Length: 2", "Content-Length: 50") + b"{}"), {}, id="two lengths"),
    pytest.param(answers(answer(200, {}, f"X-Huge: {'x' * 100_000}")), {}, id="huge header"),
    pytest.param(
        answers(answer(200, {}, *(f"X-{n}: {'x' * 500}" for n in range(1000)))), {}, id="many headers"
    ),
    pytest.param(answers(answer(200, b"\x1f\x8b\x08bad", "Content-Encoding: gzip")), {}, id="gzip"),
    pytest.param(answers(answer(200, b" " * (MAX_ANSWER + 1))), {}, id="over-long"),
    pytest.param(drips(head(200), b" " * 65536), {"read_timeout": 5.0, "total_timeout": 20.0}, id="endless"),
    pytest.param(answers(answer(200, b"<!DOCTYPE html>", "Content-Type: text/html")), {}, id="HTML"),
    pytest.param(answers(answer(200)), {}, id="empty"),
    pytest.param(answers(head(204)), {}, id="204"),
    pytest.param(answers(answer(401, b"<html>")), {}, id="401 of a proxy"),
    pytest.param(answers(answer(408)), {}, id="408"),
    pytest.param(answers(answer(409, {})), {}, id="409"),
    *(
        pytest.param(answers(answer(status, {}, "Location: /elsewhere")), {}, id=f"{status}")
        for status in (301, 302, 303, 307, 308)
    ),
    *(
        pytest.param(answers(refusal(status)), {}, id=f"{status}")
        for status in (500, 502, 503, 504, 520, 521, 522, 524)
    ),
    pytest.param(answers(refusal(503, "", "busy", "Retry-After: 1")), {}, id="503 with Retry-After"),
]


@pytest.mark.parametrize(("behaviour", "limits"), DOUBTFUL)
def test_what_proves_nothing_is_received_once_and_never_sent_again(
    run: Run, account: Account, behaviour: Behaviour, limits: dict[str, float]
) -> None:
    with RawServer((behaviour, answers(ACCEPTED))) as server:
        error = failure(run, account(server.url, **limits))
    assert type(error) is PhotaSubmitAmbiguous
    assert (server.connections, len(server.received), len(server.posts())) == (1, 1, 1)


@pytest.mark.parametrize(
    "raw", [b"\x00" * 100, b"HTTP/1.1 200 OK\r\n\r\n", b"\x17\x03\x03\x00\x10" + b"x" * 16]
)
def test_tls_that_breaks_after_the_request_is_received_once(
    run: Run, account: Account, certificates: Certificates, raw: bytes
) -> None:
    tls = certificates.server("127.0.0.1")
    with RawServer((breaks_tls_after_the_request(raw),), tls, handshake=False) as server:
        error = failure(run, account(server.url))
    assert type(error) is PhotaSubmitAmbiguous
    assert (server.connections, len(server.posts())) == (1, 1)


@pytest.mark.parametrize("behaviour", [answers(b""), resets_after(b""), drips(head(200)), hangs_after(b"")])
def test_doubt_is_the_same_over_tls(
    run: Run, account: Account, certificates: Certificates, behaviour: Behaviour
) -> None:
    with RawServer((behaviour,), certificates.server("127.0.0.1")) as server:
        error = failure(run, account(server.url, **SHORT))
    assert type(error) is PhotaSubmitAmbiguous
    assert (server.connections, len(server.posts())) == (1, 1)


REFUSED: list[object] = [
    (refusal(400), PhotaRefused, 1),
    (refusal(401), PhotaAuthenticationError, 1),
    (refusal(402), PhotaQuotaError, 1),
    (refusal(403), PhotaAuthenticationError, 1),
    (refusal(404), PhotaNotFound, 1),
    (refusal(413), PhotaRefused, 1),
    (refusal(422, "invalid_param"), PhotaRefused, 1),
    (refusal(422, "no_available_model"), PhotaNoChannel, 2),
    (refusal(425), PhotaRateLimited, 2),
    (refusal(429), PhotaRateLimited, 2),
    (refusal(429, "", "slow down", "Retry-After: 0"), PhotaRateLimited, 2),
    (refusal(429, "", "slow down", "Retry-After: 200"), PhotaRateLimited, 1),
    (answer(429, b"<html>"), PhotaRateLimited, 2),
]


@pytest.mark.parametrize(("raw", "kind", "posts"), REFUSED)
def test_a_refusal_is_raised_and_only_a_temporary_one_is_sent_again(
    run: Run, account: Account, raw: bytes, kind: type[PhotaRefused], posts: int
) -> None:
    with RawServer((answers(raw),)) as server:
        error = failure(run, account(server.url))
    assert type(error) is kind
    assert len(server.posts()) == server.connections == posts


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(head(102) + ACCEPTED, id="102 first"),
        pytest.param(head(103, "Link: </x>") + ACCEPTED, id="103 first"),
        pytest.param(
            head(200, "Content-Length: 5", "Transfer-Encoding: chunked") + b"2\r\n{}\r\n0\r\n\r\n",
            id="a length and chunks",
        ),
    ],
)
def test_where_the_libraries_differ_it_is_accepted_or_in_doubt_but_never_refused(
    run: Run, account: Account, raw: bytes
) -> None:
    with RawServer((answers(raw),)) as server:
        try:
            run(edit(), account(server.url))
        except PhotaError as error:
            assert type(error) is PhotaSubmitAmbiguous  # noqa: PT017  # either will do
    assert len(server.posts()) == 1


def test_an_interim_100_is_passed_over(run: Run, account: Account) -> None:
    with RawServer((answers(head(100) + ACCEPTED),)) as server:
        assert run(edit(), account(server.url)).id == TASK_ID


def test_the_key_that_the_service_echoes_is_not_shown(run: Run, account: Account) -> None:
    echo = refusal(401, "bad", f"invalid key {KEY}", f"x-request-id: r-{KEY}")
    with RawServer((answers(echo),)) as server:
        error = failure(run, account(server.url))
    assert isinstance(error, PhotaAuthenticationError)
    assert "invalid key ***" in str(error)
    assert KEY not in repr(vars(error))


def test_a_key_that_json_spells_otherwise_is_recognised_too(run: Run, account: Account) -> None:
    key = 'sk-"0/1\\23456789'
    with RawServer((answers(refusal(401, "bad", f"invalid key {key}")),)) as server:
        error = failure(run, account(server.url, api_key=key))
    assert "invalid key ***" in str(error)

"""Waiting for a task, with a clock that only the conversation's own sleeps move."""

import logging
from typing import Any

import pytest
from scripted import TASK_ID, Service, finished, refuses, says, shows

from airflow_provider_phota.api.errors import (
    MaybeSent,
    Money,
    NotSent,
    PhotaLostSight,
    PhotaResultsMissing,
    PhotaTaskUnknown,
    PhotaWaitRefused,
    PhotaWaitTimeout,
    TransportError,
)
from airflow_provider_phota.api.tasks import Outcome, PhotaTask
from airflow_provider_phota.api.wire import Response
from airflow_provider_phota.polling.schedule import PollSchedule
from airflow_provider_phota.polling.state import Patience
from airflow_provider_phota.polling.wait import wait_for_task

STEADY = PollSchedule(10.0, 10.0, chance=lambda: 0.5)
PENDING_RESULTS = shows("completed", results=None, progress=50)


def wait(service: Service, seconds: float = 3600.0, **patience: float) -> PhotaTask:
    return service.run(
        wait_for_task(
            TASK_ID, seconds=seconds, schedule=STEADY, patience=Patience(**patience), clock=service.clock
        )
    )


def asked_upstream(service: Service) -> list[bool]:
    return ["sync_upstream" in request.query for request in service.requests]


def test_a_task_is_asked_about_until_it_is_completed() -> None:
    service = Service(shows("pending"), shows("processing"), finished())
    assert wait(service).outcome is Outcome.SUCCEEDED
    assert service.sleeps == [10.0, 10.0]


def test_it_is_told_each_time_that_the_task_is_running() -> None:
    service = Service(shows("pending"), PENDING_RESULTS, NotSent("no route"), shows("processing"), finished())
    told: list[int] = []
    service.run(
        wait_for_task(
            TASK_ID,
            seconds=3600.0,
            schedule=STEADY,
            patience=Patience(),
            on_running=lambda _: told.append(len(service.requests)),
            clock=service.clock,
        )
    )
    assert told == [1, 4]


@pytest.mark.parametrize("word", ["failed", "cancelled"])
def test_a_task_that_ended_badly_is_an_answer_and_not_an_error(word: str) -> None:
    task = wait(Service(shows(word, error={"code": "bad_face", "message": "no face", "type": "task_error"})))
    assert task.outcome is Outcome.FAILED
    assert task.failure is not None
    assert (task.failure.code, task.failure.message) == ("bad_face", "no face")


def test_a_created_profile_is_a_result() -> None:
    task = wait(Service(shows("completed", results=[{"result_type": "profile", "profile_id": "p-1"}])))
    assert task.profile_ids == ("p-1",)


def test_when_the_time_is_over_one_last_question_is_asked() -> None:
    service = Service(shows("processing"))
    with pytest.raises(PhotaWaitTimeout, match=f"{TASK_ID}.*not finished after waiting 25 s") as caught:
        wait(service, seconds=25.0)
    assert service.sleeps == [10.0, 10.0, 5.0]
    assert len(service.requests) == 4
    assert (caught.value.phota_task_id, caught.value.money) == (TASK_ID, Money.BILLED)
    assert caught.value.retryable


def test_the_last_question_can_still_bring_the_result() -> None:
    service = Service(shows("processing"), shows("processing"), finished())
    assert wait(service, seconds=15.0).outcome is Outcome.SUCCEEDED


def test_a_timeout_says_why_the_last_question_failed() -> None:
    service = Service(shows("processing"), refuses(503, message="down"))
    with pytest.raises(PhotaWaitTimeout, match=r"The last question failed: .*HTTP 503: down"):
        wait(service, seconds=25.0)


def test_no_time_at_all_is_one_question() -> None:
    service = Service(shows("processing"))
    with pytest.raises(PhotaWaitTimeout):
        wait(service, seconds=0.0)
    assert service.sleeps == []
    assert wait(Service(finished()), seconds=0.0).outcome is Outcome.SUCCEEDED


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(refuses(503), id="503"),
        pytest.param(refuses(429), id="429"),
        pytest.param(refuses(422, "no_available_model"), id="no channel"),
        pytest.param(says(200, b"<html>"), id="HTML"),
        pytest.param(shows(task_id="task-2"), id="another task"),
        pytest.param(MaybeSent("ConnectionResetError"), id="reset"),
        pytest.param(NotSent("ConnectionRefusedError"), id="refused"),
    ],
)
def test_a_question_that_fails_never_ends_a_wait(answer: Response | TransportError) -> None:
    service = Service(shows("processing"), answer, answer, finished())
    assert wait(service).outcome is Outcome.SUCCEEDED
    assert service.sleeps == [10.0, 20.0, 40.0]


def test_sight_is_lost_after_too_long_without_a_usable_answer() -> None:
    service = Service(shows("processing"), refuses(503, message="down"))
    with pytest.raises(
        PhotaLostSight, match=rf"(?s){TASK_ID}: no usable answer for 130 s\.\n.*HTTP 503: down"
    ) as caught:
        wait(service, unreachable=100.0)
    assert caught.value.phota_task_id == TASK_ID
    assert service.sleeps == [10.0, 20.0, 40.0, 60.0]


def test_an_answer_in_between_begins_the_patience_again() -> None:
    down = refuses(503)
    service = Service(down, down, down, shows("processing"), down, down, down, finished())
    assert wait(service, unreachable=100.0).outcome is Outcome.SUCCEEDED


def test_retry_after_is_waited_for_at_least() -> None:
    service = Service(refuses(503, retry_after="55"), finished())
    wait(service)
    assert service.sleeps == [55.0]


def test_retry_after_never_outlasts_the_wait() -> None:
    service = Service(refuses(503, retry_after="55"))
    with pytest.raises(PhotaWaitTimeout):
        wait(service, seconds=30.0)
    assert service.sleeps == [30.0]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(refuses(401, message="bad key"), id="401"),
        pytest.param(refuses(403, message="bad key"), id="403"),
        pytest.param(refuses(400, message="bad key"), id="400"),
    ],
)
def test_a_problem_that_asking_again_cannot_fix_ends_the_wait(answer: Response) -> None:
    service = Service(shows("processing"), answer)
    with pytest.raises(
        PhotaWaitRefused, match=rf"(?s)Cannot ask about PHOTA task {TASK_ID}\.\n.*bad key"
    ) as caught:
        wait(service)
    assert (caught.value.phota_task_id, caught.value.retryable) == (TASK_ID, False)
    assert len(service.requests) == 2


UNTRUSTED = NotSent("the certificate is not trusted: self-signed", permanent=True)
EXPIRED = NotSent("the certificate is not trusted: it has expired", permanent=True)


def warnings_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


def test_a_tls_failure_does_not_end_a_paid_wait() -> None:
    service = Service(UNTRUSTED, UNTRUSTED, finished())
    assert wait(service).outcome is Outcome.SUCCEEDED


def test_a_tls_failure_is_in_the_log_at_once_and_once(caplog: pytest.LogCaptureFixture) -> None:
    waiting = wait_for_task(TASK_ID, seconds=3600.0, schedule=STEADY, patience=Patience())
    next(waiting)
    waiting.throw(UNTRUSTED)
    first, second = warnings_in(caplog)
    assert "the certificate is not trusted: self-signed" in first
    assert second == f"PHOTA task {TASK_ID} is billed and may still be running; asking again."
    for _ in range(3):
        waiting.send(None)
        waiting.throw(UNTRUSTED)
    assert len(warnings_in(caplog)) == 2


def test_another_kind_of_tls_failure_is_in_the_log_again(caplog: pytest.LogCaptureFixture) -> None:
    wait(Service(UNTRUSTED, EXPIRED, UNTRUSTED, EXPIRED, NotSent("ConnectionRefusedError"), finished()))
    words = [line for line in warnings_in(caplog) if "not trusted" in line]
    assert [line.rpartition(": ")[2] for line in words] == ["self-signed.", "it has expired."]


def test_a_wait_that_never_had_a_tls_connection_ends_after_some_minutes() -> None:
    service = Service(UNTRUSTED, NotSent("ConnectionRefusedError"), UNTRUSTED)
    with pytest.raises(PhotaWaitRefused) as caught:
        wait(service)
    first, problem, *rest = str(caught.value).splitlines()
    assert first.startswith(f"Cannot ask about PHOTA task {TASK_ID}: no TLS connection for ")
    assert "self-signed" in problem
    assert "billed" in rest[0]
    assert 300.0 <= sum(service.sleeps) < 400.0
    assert (caught.value.phota_task_id, caught.value.retryable) == (TASK_ID, False)


def test_a_wait_without_tls_ends_no_later_than_one_without_any_answer() -> None:
    service = Service(UNTRUSTED)
    with pytest.raises(PhotaWaitRefused):
        wait(service, unreachable=20.0)
    assert sum(service.sleeps) == 20.0


@pytest.mark.parametrize("answer", [shows("processing"), refuses(404)])
def test_a_wait_that_had_an_answer_outlasts_the_rotation_of_a_certificate(answer: Response) -> None:
    service = Service(answer, *[UNTRUSTED] * 12, finished())
    assert wait(service).outcome is Outcome.SUCCEEDED
    assert sum(service.sleeps) > 300.0


def test_sight_is_lost_if_the_rotation_takes_too_long() -> None:
    with pytest.raises(PhotaLostSight, match="not trusted"):
        wait(Service(shows("processing"), UNTRUSTED))


def test_a_new_task_may_need_a_moment_to_be_known() -> None:
    service = Service(refuses(404), refuses(404), finished())
    assert wait(service, not_found=120.0).outcome is Outcome.SUCCEEDED


def test_a_task_that_stays_unknown_ends_the_wait() -> None:
    service = Service(refuses(404, message="no such task"))
    with pytest.raises(PhotaTaskUnknown, match=f"(?s){TASK_ID}.*no such task.*Is the ID right") as caught:
        wait(service, not_found=60.0)
    assert caught.value.money is Money.UNKNOWN
    assert service.sleeps == [20.0, 40.0]


def test_a_404_is_an_answer_so_sight_is_not_lost() -> None:
    service = Service(refuses(404), refuses(503), finished())
    assert wait(service, unreachable=50.0).outcome is Outcome.SUCCEEDED


def test_completed_without_results_is_asked_again_with_and_without_upstream() -> None:
    service = Service(
        shows("processing"), PENDING_RESULTS, PENDING_RESULTS, PENDING_RESULTS, PENDING_RESULTS, finished()
    )
    assert wait(service).outcome is Outcome.SUCCEEDED
    assert asked_upstream(service) == [False, False, True, False, True, False]


@pytest.mark.parametrize("results", [None, [], [{}], "soon", [{"url": ""}]])
def test_every_kind_of_missing_results_is_waited_through(results: object) -> None:
    service = Service(shows("completed", results=results), finished())
    assert wait(service).outcome is Outcome.SUCCEEDED


def test_results_that_stay_away_end_the_wait() -> None:
    service = Service(PENDING_RESULTS)
    with pytest.raises(PhotaResultsMissing, match=f"(?s){TASK_ID} is completed.*30 s.*billed") as caught:
        wait(service, results_missing=30.0)
    assert (caught.value.phota_task_id, caught.value.money) == (TASK_ID, Money.BILLED)
    assert service.sleeps == [10.0, 10.0, 10.0]


def test_an_unknown_status_word_is_warned_of_once_and_waited_through(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    wait(Service(shows("queueing"), shows("queueing"), shows("queueing"), finished()))
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert "'queueing'" in warnings[0]


def test_a_change_of_status_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    wait(Service(shows("pending"), shows("pending"), shows("processing"), finished()))
    assert [record.getMessage() for record in caplog.records] == [
        f"PHOTA task {TASK_ID} is {word}." for word in ("pending", "processing", "completed")
    ]


def test_every_question_is_one_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    service = Service(
        shows("processing", progress=10), Response(502, {}, b""), shows("processing"), finished()
    )
    wait(service)
    words = [record.getMessage() for record in caplog.records if record.name.endswith("polling.state")]
    assert len(words) == len(service.requests) == 4
    assert words[2] == f"PHOTA task {TASK_ID} is still processing (progress: 0)."


@pytest.mark.parametrize("word", [None, 7, ["completed"], {"a": 1}, "", "COMPLETED", "done", True])
def test_an_unknown_status_word_means_still_running(word: Any) -> None:
    service = Service(shows(word, results=[{"url": "https://a/b"}]), finished())
    wait(service)
    assert len(service.requests) == 2

"""A wait remembers how its task was last seen, limits its patience, and teaches the waits after it."""

import json
from dataclasses import replace

import pytest
from scripted import CREATED, TASK_ID, Clock, Service, date, finished, refuses, running, says, shows

from airflow_provider_phota.api.answers import read_task
from airflow_provider_phota.api.errors import (
    PhotaLostSight,
    PhotaNotFound,
    PhotaTaskUnknown,
    PhotaUnreachable,
    PhotaWaitTimeout,
)
from airflow_provider_phota.api.tasks import PhotaTask
from airflow_provider_phota.api.wire import Response
from airflow_provider_phota.polling.durations import Durations, Observation
from airflow_provider_phota.polling.schedule import PollSchedule
from airflow_provider_phota.polling.state import Memory, Patience, WaitState
from airflow_provider_phota.polling.wait import wait_for_task

MODEL = "phota-image-edit"


def read(answer: Response) -> PhotaTask:
    return read_task(answer)


def wait(
    service: Service,
    durations: Durations | None = None,
    seen: Observation | None = None,
    seconds: float = 7200.0,
) -> PhotaTask:
    schedule = PollSchedule(10.0, 10.0, durations or Durations(), chance=lambda: 0.5)
    conversation = wait_for_task(
        TASK_ID,
        seconds=seconds,
        schedule=schedule,
        patience=Patience(),
        seen=seen,
        clock=service.clock,
    )
    return service.run(conversation)


def expected(durations: Durations) -> float:
    return durations.forecast(Observation(0.0, MODEL, 45.0)).median


def test_the_age_of_a_task_is_by_the_services_own_clock() -> None:
    assert read(running(0)).age == 0.0
    assert read(running(64)).age == 64.0


@pytest.mark.parametrize("header", ["", "soon", "Sat, 06 Sep 2025", "Sat, 99 Sep 2025 13:23:51 GMT"])
def test_without_a_readable_date_the_age_is_not_known(header: str) -> None:
    assert read(says(200, {"id": TASK_ID, "status": "pending", "created": CREATED}, date=header)).age is None
    assert read(says(200, {"id": TASK_ID, "status": "pending"}, date=date(3))).age is None


def test_a_task_of_the_future_is_a_new_one() -> None:
    assert read(replace(shows(created=CREATED + 5), headers={"date": date(0)})).age == 0.0


def test_what_was_seen_a_moment_ago_is_not_asked_about_at_once() -> None:
    service = Service(finished())
    wait(service, seen=Observation(0.0, MODEL, 45.0))
    assert service.sleeps == [10.0]
    assert len(service.requests) == 1


def test_the_first_sleep_does_not_outlast_the_wait() -> None:
    service = Service(shows("processing"))
    with pytest.raises(PhotaWaitTimeout):
        wait(service, seen=Observation(0.0, MODEL, 45.0), seconds=4.0)
    assert service.sleeps == [4.0]


def test_the_observed_task_grows_older_and_keeps_what_a_later_answer_leaves_out() -> None:
    clock = Clock()
    state = WaitState(TASK_ID, Patience(), clock())
    assert state.last_seen(clock()) is None
    state.record_answer(read(running(20, progress=10, task_info={"estimated_time": 60})), clock())
    assert state.last_seen(clock() + 7.0) == Observation(27.0, MODEL, 60.0, 10, shown_since=20.0)
    state.record_answer(read(running(31, progress=30)), clock() + 10.0)
    # 30, by this clock, which knows parts of a second
    assert state.last_seen(clock() + 10.0) == Observation(30.0, MODEL, 60.0, 30, shown_since=30.0)


def test_an_answer_that_says_nothing_of_the_task_leaves_the_observation_as_it_was() -> None:
    clock = Clock()
    state = WaitState(TASK_ID, Patience(), clock(), Observation(5.0, MODEL, 45.0, 10))
    state.record_failure(PhotaUnreachable("away"), clock() + 10.0)
    state.record_answer(read(shows("completed", results=None)), clock() + 20.0)
    assert state.last_seen(clock() + 20.0) == Observation(25.0, MODEL, 45.0, 10, shown_since=5.0)


def test_a_finished_wait_teaches_how_long_its_task_took() -> None:
    durations = Durations()
    for _ in range(200):
        wait(Service(running(80, task_info={"estimated_time": 45}), finished()), durations)
    assert expected(durations) == pytest.approx(85.0, rel=0.1)  # it ended between 80 and 90 s


def test_a_task_that_was_finished_before_it_was_asked_about_teaches_nothing() -> None:
    durations = Durations()
    for _ in range(200):
        wait(Service(finished()), durations)
    assert expected(durations) == pytest.approx(45.0)


def test_a_task_that_ended_during_an_outage_teaches_next_to_nothing() -> None:
    """Half an hour of trouble says little about how long tasks take: longer than 10 s."""
    durations = Durations()
    for _ in range(200):
        wait(Service(running(10), *[refuses(503)] * 25, finished()), durations)
    assert expected(durations) == pytest.approx(45.0, rel=0.25)


def test_a_task_that_failed_teaches_nothing() -> None:
    durations = Durations()
    for _ in range(200):
        wait(Service(running(80), shows("failed")), durations)
    assert expected(durations) == pytest.approx(45.0)


def test_a_wait_teaches_while_it_goes_on_and_leaves_nothing_when_it_is_given_up() -> None:
    durations, service = Durations(), Service(running(200))
    schedule = PollSchedule(10.0, 10.0, durations, chance=lambda: 0.5)
    waiting = wait_for_task(
        TASK_ID, seconds=7200.0, schedule=schedule, patience=Patience(), clock=service.clock
    )
    next(waiting)
    waiting.send(running(200))
    assert expected(durations) > 45.0
    waiting.close()
    assert expected(durations) == pytest.approx(45.0)


def test_a_task_that_was_seen_running_after_trouble_teaches_again() -> None:
    durations = Durations()
    for _ in range(200):
        wait(Service(running(10), refuses(503), refuses(503), running(80), finished()), durations)
    assert expected(durations) == pytest.approx(85.0, rel=0.1)


def test_a_question_may_be_held_back_as_long_as_the_wait_tolerates_it() -> None:
    service = Service(shows("processing"), refuses(503))
    with pytest.raises(PhotaLostSight):
        wait(service)
    assert service.requests[0].within == 1800.0
    held = [request.within for request in service.requests[1:] if request.within is not None]
    assert held == sorted(held, reverse=True)
    assert held[-1] < 60.0


def test_the_last_question_may_be_held_back_for_a_moment_too() -> None:
    service = Service(shows("processing"))
    with pytest.raises(PhotaWaitTimeout):
        wait(service, seconds=0.0)
    assert [request.within for request in service.requests] == [30.0]


def test_another_process_goes_on_with_the_patience_that_is_left() -> None:
    unknown = PhotaNotFound("no such task", status=404)
    first, second = (WaitState(TASK_ID, Patience(), now) for now in (1000.0, 9000.0))
    first.record_failure(unknown, 1010.0)
    second.resume(first.memory)
    with pytest.raises(PhotaTaskUnknown):
        second.record_failure(unknown, 1140.0)
    assert second.memory == Memory(1000.0, 1140.0, not_found_since=1010.0, reached=True)


def test_a_memory_survives_being_written_down() -> None:
    memory = Memory(1.0, 2.0, 3.0, 4.0, reached=True, ask_upstream=True)
    assert Memory.from_dict(json.loads(json.dumps(memory.to_dict()))) == memory

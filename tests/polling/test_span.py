"""A wait asks at least once and says how long it really waited, whatever the clocks say."""

import pytest
from scripted import TASK_ID, Service, date, finished, refuses, running, shows

from airflow_provider_phota.api.endings import PhotaExecutionTimeout
from airflow_provider_phota.api.errors import MaybeSent, PhotaLostSight, PhotaWaitTimeout
from airflow_provider_phota.api.tasks import Outcome, PhotaTask
from airflow_provider_phota.api.wire import Response
from airflow_provider_phota.polling.durations import Observation
from airflow_provider_phota.polling.schedule import PollSchedule
from airflow_provider_phota.polling.span import Span
from airflow_provider_phota.polling.state import Patience
from airflow_provider_phota.polling.wait import wait_for_task

HOUR = 3600.0
MODEL = "phota-image-edit"


def wait(service: Service, span: Span, seen: Observation | None = None, **patience: float) -> PhotaTask:
    conversation = wait_for_task(
        TASK_ID,
        seconds=span,
        schedule=PollSchedule(10.0, 10.0, chance=lambda: 0.5),
        patience=Patience(**patience),
        seen=seen,
        clock=service.clock,
    )
    return service.run(conversation)


def timeout(service: Service, span: Span, seen: Observation | None = None, **patience: float) -> list[str]:
    """The lines of the error that ends a wait."""
    with pytest.raises(PhotaWaitTimeout) as caught:
        wait(service, span, seen, **patience)
    assert caught.value.phota_task_id == TASK_ID
    return str(caught.value).splitlines()


@pytest.mark.parametrize("gone", [HOUR, HOUR + 5.0, 10 * HOUR])
@pytest.mark.parametrize("seen", [None, Observation(0.0, MODEL, 45.0)])
def test_a_wait_whose_time_is_over_asks_once(gone: float, seen: Observation | None) -> None:
    assert wait(Service(finished()), Span(HOUR, gone), seen).outcome is Outcome.SUCCEEDED
    service = Service(shows("processing"))
    timeout(service, Span(HOUR, gone), seen)
    assert len(service.requests) == 1
    assert sum(service.sleeps) == 0.0


@pytest.mark.parametrize("trouble", [refuses(503), MaybeSent("reset")])
def test_it_asks_until_it_is_answered_but_not_for_long(trouble: Response | MaybeSent) -> None:
    service = Service(trouble, shows("processing"), finished())
    timeout(service, Span(HOUR, HOUR))
    assert len(service.requests) == 2
    service = Service(trouble)
    said = timeout(service, Span(HOUR, HOUR))
    assert sum(service.sleeps) == 30.0
    assert said[2].startswith("The last question failed: ")
    assert said[3].startswith("It may still be running and is billed.")


def test_no_wait_is_longer_than_it_was_given() -> None:
    service = Service(refuses(503))
    timeout(service, Span(12.0, 12.0))
    assert sum(service.sleeps) == 12.0
    timeout(service := Service(refuses(503)), Span(0.0))
    assert service.sleeps == []


def test_it_is_still_lost_sight_of_before_that() -> None:
    with pytest.raises(PhotaLostSight):
        wait(Service(refuses(503)), Span(HOUR, HOUR), unreachable=20.0)


def test_the_rest_of_its_time_is_waited() -> None:
    service = Service(shows("processing"))
    assert timeout(service, Span(100.0, 30.0))[0].endswith("was not finished after waiting 100 s.")
    assert sum(service.sleeps) == 70.0


def test_a_wait_that_went_on_elsewhere_says_how_long_it_took_here() -> None:
    said = timeout(Service(shows("processing")), Span(HOUR, 3000.0))
    assert said[:2] == [
        f"PHOTA task {TASK_ID} was not finished at its deadline.",
        "The wait took 600 s here.",
    ]


def test_a_clock_that_may_be_ahead_is_told_of() -> None:
    said = timeout(Service(shows("processing")), Span(HOUR, HOUR + 7.0))
    assert said[:2] == [
        f"PHOTA task {TASK_ID} was not finished at its deadline.",
        "By this machine's clock that was 7 s before the wait began here; it took 0 s. Is the clock right?",
    ]


def test_the_services_clock_shows_a_clock_that_is_ahead() -> None:
    """The task was 5 s old when the wait began, and is 8 s old now: 3 s are over, whatever is said here."""
    service = Service(running(8))
    said = timeout(service, Span(100.0, used=5000.0, age=5.0))
    assert sum(service.sleeps) == 97.0
    assert said[0].endswith("was not finished after waiting 100 s.")


def test_a_clock_that_is_ahead_by_less_takes_no_time_away_either() -> None:
    service = Service(running(8))
    timeout(service, Span(100.0, used=60.0, age=5.0))
    assert sum(service.sleeps) == 97.0


def test_the_services_clock_grants_a_restarted_wait_no_new_time() -> None:
    service = Service(running(95))
    timeout(service, Span(100.0, used=90.0, age=5.0))
    assert sum(service.sleeps) == 10.0
    timeout(service := Service(running(200)), Span(100.0, used=200.0, age=5.0))
    assert sum(service.sleeps) == 0.0


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(shows("processing"), id="no date"),
        pytest.param(shows("processing", created=None), id="never created"),
        pytest.param(running(8, created=1), id="created in 1970"),
        pytest.param(shows("processing", created=4_000_000_000), id="created in the future"),
    ],
)
def test_without_the_services_clock_the_wall_clock_decides(answer: Response) -> None:
    service = Service(answer)
    timeout(service, Span(100.0, used=60.0, age=5.0))
    assert sum(service.sleeps) == 40.0


def test_a_task_of_the_future_gives_no_more_than_the_whole_time() -> None:
    answer = Response(200, {"date": date(0)}, shows("processing", created=4_000_000_000).body)
    service = Service(answer)
    timeout(service, Span(100.0, used=60.0, age=0.0))
    assert sum(service.sleeps) == 100.0


def test_an_answer_out_of_a_cache_does_not_hold_the_time_up() -> None:
    service = Service(running(65))
    timeout(service, Span(100.0, used=70.0, age=5.0))
    assert sum(service.sleeps) == 40.0


def test_an_age_that_was_not_known_when_the_wait_began_says_nothing_later() -> None:
    service = Service(running(8))
    timeout(service, Span(100.0, used=60.0))
    assert sum(service.sleeps) == 40.0


def test_execution_timeout_ends_it_in_words_of_its_own() -> None:
    service = Service(shows("processing"))
    with pytest.raises(PhotaExecutionTimeout) as caught:
        wait(service, Span(12.0, execution_timeout=20.0))
    assert sum(service.sleeps) == 12.0
    assert str(caught.value).splitlines() == [
        f"execution_timeout of 20 s passed: PHOTA task {TASK_ID} is billed.",
        "If it is not finished yet, it goes on. Its results live 24 hours.",
    ]

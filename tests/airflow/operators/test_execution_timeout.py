"""execution_timeout ends a wait in the triggerer as it does on a worker, and in the same words."""

from __future__ import annotations

import asyncio
import signal
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowTaskTimeout, TaskDeferred
from airflow_runs import TaskInstance
from attempt_by_hand import Accessor

from airflow_provider_phota.emulator import Fault
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.operators.phota import PhotaImageEditOperator
from airflow_provider_phota.retrying import RESUMES
from airflow_provider_phota.sensors.phota import PhotaTaskSensor
from airflow_provider_phota.triggers.events import WaitEnd, WaitEvent
from airflow_provider_phota.waiting import Intervals, Wait

pytestmark = pytest.mark.usefixtures("metadata_database", "at_once")

MINUTE = timedelta(minutes=1)


class Started(TaskInstance):
    """An attempt that began so many seconds ago."""

    def __init__(self, seconds=0.0, next_method=None):
        super().__init__()
        self.start_date = datetime.now(UTC) - timedelta(seconds=seconds)
        self.next_method = next_method

    def xcom_pull(self, key, **_):
        return self.pushed.get(key)


@pytest.fixture
def slow(emulator, picture_url):
    emulator.add_faults(Fault(on="submit", kind="latency", seconds=600.0))
    return lambda: PhotaHook().submit_edit("a beach", picture_url).id


def operator(picture_url, ledger, **arguments):
    return PhotaImageEditOperator(
        task_id="edit",
        prompt="a beach",
        image_urls=picture_url,
        wait_for_completion=True,
        poll_interval=0.05,
        **({"ledger_path": f"file://{ledger}"} if ledger else {}),
        **arguments,
    )


def sensor(phota_task_id, **arguments):
    return PhotaTaskSensor(task_id="wait", phota_task_id=phota_task_id, poke_interval=0.05, **arguments)


def deferral(task, context):
    with pytest.raises(TaskDeferred) as caught:
        task.execute(context)
    return caught.value


def event_of(trigger):
    async def collect():
        return [event.payload async for event in trigger.run()]

    (payload,) = asyncio.run(collect())
    return payload


@pytest.mark.parametrize(
    ("execution_timeout", "begun", "timeout", "left"),
    [
        (MINUTE, 0.0, 3600.0, 60.0),
        (MINUTE, 45.0, 3600.0, 15.0),
        (MINUTE, 90.0, 3600.0, 0.0),
        (MINUTE, -500.0, 3600.0, 60.0),  # a clock that was set back
    ],
)
def test_a_wait_is_deferred_for_what_is_left_of_it(slow, execution_timeout, begun, timeout, left):
    waiting = sensor(slow(), deferrable=True, timeout=timeout, execution_timeout=execution_timeout)
    now = time.time()
    deferred = deferral(waiting, {"ti": Started(begun)})
    assert deferred.trigger.deadline == pytest.approx(now + left, abs=10.0)
    assert deferred.trigger.timeout == pytest.approx(left, abs=10.0)
    assert deferred.trigger.execution_timeout == 60.0
    assert deferred.timeout.total_seconds() == pytest.approx(left + 300.0, abs=10.0)


@pytest.mark.parametrize("execution_timeout", [None, timedelta(hours=2)])
def test_a_shorter_timeout_of_its_own_goes_before_it(slow, execution_timeout):
    waiting = sensor(slow(), deferrable=True, timeout=3600.0, execution_timeout=execution_timeout)
    trigger = deferral(waiting, {"ti": Started(5.0)}).trigger
    assert (trigger.timeout, trigger.execution_timeout) == (3600.0, 0.0)


def test_an_attempt_that_does_not_say_when_it_began_has_it_whole():
    wait = Wait("phota_default", 3600.0, Intervals(), 1800.0)
    for context in (None, {}, {"ti": object()}):
        assert wait.within(MINUTE, context).timeout == 60.0


def test_a_sensor_that_starts_in_the_triggerer_has_it_from_its_start():
    wait = Wait("phota_default", 3600.0, Intervals(), 1800.0).within(MINUTE)
    trigger = wait.trigger_from_the_start("task-1")
    assert (trigger.deadline, trigger.timeout, trigger.execution_timeout) == (None, 60.0, 60.0)


def words(phota_task_id, seconds, then=RESUMES):
    return [
        f"execution_timeout of {seconds} s passed: PHOTA task {phota_task_id} is billed.",
        "If it is not finished yet, it goes on. Its results live 24 hours.",
        then,
    ]


@contextmanager
def on_a_worker(execution_timeout):
    """What Airflow does there: raise, by an alarm, in the middle of whatever is being done."""

    def ring(*_):
        raise AirflowTaskTimeout("Timeout, PID: 7")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, execution_timeout.total_seconds())
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def run_out(task, context):
    """Run a task's attempt to its end, wherever it waits."""
    with on_a_worker(task.execution_timeout):
        try:
            task.execute(context)
        except TaskDeferred as deferred:
            trigger = deferred.trigger
    event = event_of(trigger)
    assert WaitEvent.from_dict(event).end is WaitEnd.EXECUTION_TIMED_OUT
    with on_a_worker(task.execution_timeout):
        task.execute_complete(context, event)


WHERE = pytest.mark.parametrize("deferrable", [False, True], ids=["worker", "triggerer"])


@WHERE
def test_an_operator_says_the_same_on_a_worker_and_after_a_deferral(
    emulator, picture_url, tmp_path, deferrable
):
    emulator.add_faults(Fault(on="submit", kind="latency", seconds=600.0))
    edit = operator(picture_url, tmp_path, deferrable=deferrable, execution_timeout=timedelta(seconds=3))
    with pytest.raises(AirflowTaskTimeout) as caught:
        run_out(edit, {"ti": Started()})
    (entry,) = emulator.ledger()
    assert str(caught.value).splitlines() == words(entry.id, 3)


@WHERE
def test_without_a_ledger_it_is_not_retried_since_that_would_pay_again(emulator, picture_url, deferrable):
    emulator.add_faults(Fault(on="submit", kind="latency", seconds=600.0))
    edit = operator(picture_url, None, deferrable=deferrable, execution_timeout=timedelta(seconds=3))
    with pytest.raises(AirflowFailException) as caught:
        run_out(edit, {"ti": Started()})
    (entry,) = emulator.ledger()
    *said, last = str(caught.value).splitlines()
    then = "Airflow does not retry this, since without a ledger a retry would pay for a new order."
    assert said == words(entry.id, 3, then)
    assert last == f"Fetch the result with PhotaTaskSensor(phota_task_id='{entry.id}')."


def sending(picture_url, ledger, try_number, **more):
    """An attempt that runs out of time while a submit of its edit has no answer."""
    edit = operator(picture_url, ledger, execution_timeout=timedelta(seconds=2))
    instance = Started()
    instance.try_number = try_number
    with on_a_worker(edit.execution_timeout):
        edit.execute({"ti": instance, **more})


@pytest.mark.parametrize("kept", ["task state", "object storage"])
def test_an_attempt_that_runs_out_of_time_before_the_answer_says_what_may_be_paid(
    emulator, picture_url, tmp_path, kept
):
    """Its own submit's answer, and, in the retry, that of the submit before: no attempt may come further."""
    emulator.add_faults(Fault(on="submit", kind="hang", seconds=20.0, created=True))
    more = {"task_state_store": Accessor()} if kept == "task state" else {}
    ledger = None if more else tmp_path
    for try_number in (1, 2):
        with pytest.raises(AirflowTaskTimeout) as caught:
            sending(picture_url, ledger, try_number, **more)
        first, second, third, *_ = str(caught.value).splitlines()
        assert first == "execution_timeout passed before a submit of this order got its answer."
        assert "may have been created and billed" in second
        assert third.startswith("First look for 'Submitted PHOTA task' in the log of try 1")
    assert len(emulator.ledger()) == 1


@WHERE
def test_a_sensor_says_the_same_on_a_worker_and_after_a_deferral(slow, deferrable):
    phota_task_id = slow()
    waiting = sensor(phota_task_id, deferrable=deferrable, execution_timeout=timedelta(seconds=3))
    with pytest.raises(AirflowTaskTimeout) as caught:
        run_out(waiting, {"ti": Started()})
    assert str(caught.value).splitlines() == words(phota_task_id, 3)


def test_a_task_that_is_finished_in_time_is_delivered(emulator, picture_url, tmp_path):
    context = {"ti": Started()}
    edit = operator(picture_url, tmp_path, deferrable=True, execution_timeout=MINUTE)
    event = event_of(deferral(edit, context).trigger)
    assert edit.execute_complete(context, event)["status"] == "completed"


def test_an_attempt_that_comes_back_too_late_on_airflow_2_has_the_same_words(emulator, picture_url, tmp_path):
    """Airflow 2 would end it without any, and without a ledger retry it."""
    emulator.add_faults(Fault(on="submit", kind="latency", seconds=600.0))
    instance = Started()
    edit = operator(picture_url, tmp_path, deferrable=True, execution_timeout=MINUTE)
    deferral(edit, {"ti": instance})
    (entry,) = emulator.ledger()
    late = Started(61.0, "execute_complete")
    late.pushed = instance.pushed
    for task, error in (
        (operator(picture_url, tmp_path, execution_timeout=MINUTE), AirflowTaskTimeout),
        (operator(picture_url, None, execution_timeout=MINUTE), AirflowFailException),
        (sensor(entry.id, execution_timeout=MINUTE), AirflowTaskTimeout),
    ):
        with pytest.raises(error) as caught:
            task.pre_execute({"ti": late})
        assert str(caught.value).splitlines()[:2] == words(entry.id, 60)[:2]
    for in_time in (Started(61.0), Started(5.0, "execute_complete")):
        operator(picture_url, tmp_path, execution_timeout=MINUTE).pre_execute({"ti": in_time})
        sensor(entry.id, execution_timeout=MINUTE).pre_execute({"ti": in_time})

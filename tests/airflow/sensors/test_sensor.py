"""PhotaTaskSensor: the same outcomes in every mode."""

from __future__ import annotations

from datetime import timedelta

import pytest
from airflow.providers.common.compat.sdk import (
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
    TaskDeferred,
)
from airflow_runs import run

from airflow_provider_phota.api.errors import PhotaLostSight
from airflow_provider_phota.emulator import Fault
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.sensors.phota import PhotaTaskSensor
from airflow_provider_phota.triggers.events import WaitEnd, WaitEvent

pytestmark = pytest.mark.usefixtures("metadata_database", "at_once")

MODES = ("poke", "reschedule", "deferred")


@pytest.fixture
def submitted(picture_url):
    """Submit an edit; the ID of its PHOTA task."""
    return lambda prompt="a beach": PhotaHook().submit_edit(prompt, picture_url).id


def sensor(phota_task_id, **arguments):
    return PhotaTaskSensor(
        task_id="wait", phota_task_id=phota_task_id, **{"poke_interval": 0.05, **arguments}
    )


@pytest.mark.parametrize("mode", MODES)
def test_it_returns_the_finished_task(emulator, submitted, mode):
    phota_task_id = submitted()
    done = run(f"sensor_{mode}", phota_task_id=phota_task_id)
    result = done.xcom("wait")
    assert result["phota_task_id"] == phota_task_id
    assert result["status"] == "completed"
    assert len(result["images"]) == 1


@pytest.mark.parametrize("mode", MODES)
def test_a_failed_phota_task_fails_it(emulator, submitted, mode):
    emulator.add_faults(Fault(on="submit", kind="fail_task"))
    assert run(f"sensor_{mode}", phota_task_id=submitted()).states == {"wait": ["failed"]}


@pytest.mark.parametrize("mode", MODES)
def test_soft_fail_skips(emulator, submitted, mode):
    emulator.add_faults(Fault(on="submit", kind="fail_task"))
    assert run(f"sensor_{mode}_soft", phota_task_id=submitted()).states == {"wait": ["skipped"]}


@pytest.mark.parametrize("mode", MODES)
def test_it_fails_when_its_time_is_over(emulator, submitted, mode):
    emulator.add_faults(Fault(on="submit", kind="latency", seconds=60.0))
    assert run(f"sensor_{mode}_short", phota_task_id=submitted()).states == {"wait": ["failed"]}


@pytest.mark.parametrize("mode", MODES)
def test_failing_polls_do_not_end_it(emulator, submitted, mode):
    phota_task_id = submitted()
    emulator.add_faults(
        Fault(on="task", kind="status", status=503, times=2),
        Fault(on="task", kind="reset_before"),
        Fault(on="task", kind="html", status=502),
        Fault(on="task", kind="truncated_body"),
        Fault(on="task", kind="status", status=429, headers={"Retry-After": "0"}),
    )
    assert run(f"sensor_{mode}", phota_task_id=phota_task_id).states == {"wait": ["success"]}
    assert emulator.faults() == []


@pytest.mark.parametrize("mode", MODES)
def test_completed_without_results_is_asked_again(emulator, submitted, mode):
    phota_task_id = submitted()
    emulator.add_faults(Fault(on="task", kind="no_results", times=3))
    assert len(run(f"sensor_{mode}", phota_task_id=phota_task_id).xcom("wait")["images"]) == 1


@pytest.mark.parametrize("mode", MODES)
def test_an_unknown_status_word_is_waited_through(emulator, submitted, mode):
    phota_task_id = submitted()
    emulator.add_faults(Fault(on="task", kind="status_word", word="moderating", times=3))
    assert run(f"sensor_{mode}", phota_task_id=phota_task_id).states == {"wait": ["success"]}


def test_a_failure_says_code_message_and_request_id_and_is_not_retried(emulator, submitted):
    emulator.add_faults(
        Fault(on="submit", kind="fail_task", code="upstream_error", message="The model gave up.")
    )
    phota_task_id = submitted()
    with pytest.raises(AirflowFailException) as caught:
        sensor(phota_task_id).execute({})
    for words in (phota_task_id, "upstream_error", "The model gave up.", "request_id", "does not retry"):
        assert words in str(caught.value)


def test_what_is_finished_already_is_not_deferred(emulator, submitted):
    phota_task_id = submitted()
    sensor(phota_task_id).execute({})
    result = sensor(phota_task_id, deferrable=True).execute({})
    assert result["phota_task_id"] == phota_task_id


def test_a_failure_found_before_the_deferral_is_soft_too(emulator, submitted):
    emulator.add_faults(Fault(on="task", kind="fail_task"))
    with pytest.raises(AirflowSkipException):
        sensor(submitted(), deferrable=True, soft_fail=True).execute({})


def test_its_trigger_has_ids_and_seconds_only(emulator, submitted):
    emulator.add_faults(Fault(on="submit", kind="latency", seconds=60.0))
    phota_task_id = submitted("a secret beach")
    with pytest.raises(TaskDeferred) as caught:
        sensor(phota_task_id, deferrable=True, timeout=100.0).execute({})
    path, arguments = caught.value.trigger.serialize()
    assert path == "airflow_provider_phota.triggers.phota.PhotaTaskTrigger"
    assert arguments.pop("phota_task_id") == phota_task_id
    assert arguments.pop("phota_conn_id") == "phota_default"
    assert arguments.pop("model") == "phota-image-edit"
    assert all(isinstance(value, float) for value in arguments.values())
    assert caught.value.timeout.total_seconds() > 100.0


@pytest.mark.parametrize(
    ("end", "error", "words"),
    [
        (WaitEnd.TIMED_OUT, AirflowSensorTimeout, "too late"),
        (WaitEnd.LOST_SIGHT, PhotaLostSight, "too late"),
        (WaitEnd.TASK_UNKNOWN, AirflowFailException, "too late\nAirflow does not retry this"),
        (WaitEnd.REFUSED, AirflowFailException, "too late\nAirflow does not retry this"),
    ],
)
def test_each_end_of_a_deferred_wait_has_its_error(emulator, end, error, words):
    event = WaitEvent(end, "task-1", "too late").to_dict()
    with pytest.raises(error, match=words):
        sensor("task-1", deferrable=True).execute_complete({}, event)


def test_a_timeout_in_poke_mode_names_the_task_that_goes_on(emulator, submitted):
    emulator.add_faults(Fault(on="submit", kind="latency", seconds=60.0))
    phota_task_id = submitted()
    with pytest.raises(AirflowSensorTimeout, match=f"{phota_task_id} goes on and is billed"):
        sensor(phota_task_id, timeout=0.2).execute({})


def test_a_service_out_of_reach_for_too_long_is_lost_sight_of(emulator, submitted):
    phota_task_id = submitted()
    emulator.add_faults(Fault(on="task", kind="status", status=503, times=None))
    with pytest.raises(PhotaLostSight, match=phota_task_id):
        sensor(phota_task_id, max_unreachable=0.2).execute({})


def test_a_revoked_key_ends_it_and_keeps_the_id(emulator, submitted):
    phota_task_id = submitted()
    emulator.add_faults(Fault(on="task", kind="status", status=401, code="authentication_error"))
    with pytest.raises(AirflowFailException, match=f"Cannot ask about PHOTA task {phota_task_id}"):
        sensor(phota_task_id).execute({})


@pytest.mark.parametrize(
    ("poke_interval", "in_poke", "in_trigger"),
    [
        (None, 5.0, (2.0, 30.0)),
        (7, 7.0, (7.0, 7.0)),
        ((3.0, 40.0), 3.0, (3.0, 40.0)),
        (timedelta(seconds=9), 9.0, (9.0, 9.0)),
    ],
)
def test_a_pause_is_steady_in_a_worker_and_within_its_bounds_in_the_triggerer(
    emulator, submitted, poke_interval, in_poke, in_trigger
):
    emulator.add_faults(Fault(on="submit", kind="latency", seconds=60.0))
    assert sensor("task-1", poke_interval=poke_interval).poke_interval == in_poke
    with pytest.raises(TaskDeferred) as caught:
        sensor(submitted(), poke_interval=poke_interval, deferrable=True).execute({})
    trigger = caught.value.trigger
    assert (trigger.poll_interval, trigger.longest_interval) == in_trigger


def test_what_it_saw_goes_with_the_deferral(emulator, submitted):
    emulator.add_faults(Fault(on="submit", kind="latency", seconds=60.0))
    phota_task_id = submitted()
    with pytest.raises(TaskDeferred) as caught:
        sensor(phota_task_id, deferrable=True).execute({})
    trigger = caught.value.trigger
    assert trigger.model == "phota-image-edit"
    assert trigger.estimated_time > 30.0
    # whole seconds, and a busy machine
    assert abs(trigger.since - emulator.ledger()[0].created) < 30.0


def test_a_deferral_after_a_failed_first_question_knows_nothing_and_asks_at_once(emulator, submitted):
    phota_task_id = submitted()
    emulator.add_faults(Fault(on="task", kind="status", status=503, times=None))
    with pytest.raises(TaskDeferred) as caught:
        sensor(phota_task_id, deferrable=True).execute({})
    assert caught.value.trigger.since is None

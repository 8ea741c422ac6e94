"""PhotaImageEditOperator: what it submits, pushes, returns and raises."""

from __future__ import annotations

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow_runs import TaskInstance, run

from airflow_provider_phota.api.errors import PhotaTaskFailed, PhotaUnreachable
from airflow_provider_phota.emulator import Fault
from airflow_provider_phota.operators.phota import PhotaImageEditOperator
from airflow_provider_phota.triggers.events import WaitEnd, WaitEvent

pytestmark = pytest.mark.usefixtures("metadata_database", "at_once")


def execute(**arguments):
    operator = PhotaImageEditOperator(
        task_id="edit", **{"prompt": "a beach", "poll_interval": 0.05, **arguments}
    )
    instance = TaskInstance()
    try:
        return operator.execute({"ti": instance}), instance.pushed
    except Exception as error:
        error.pushed = instance.pushed
        raise


def test_it_submits_and_pushes_the_id_twice(emulator, picture_url):
    done = run("submit_only", image_urls=[picture_url], prompt="a beach", num_outputs=2, resolution="4K")
    (entry,) = emulator.ledger()
    assert done.xcom("edit") == done.xcom("edit", "phota_task_id") == entry.id
    assert entry.request == {
        "model": "phota-image-edit",
        "prompt": "a beach",
        "image_urls": [picture_url],
        "num_outputs": 2,
        "resolution": "4K",
    }


@pytest.mark.parametrize("dag_id", ["wait_in_worker", "wait_deferred"])
def test_a_waiting_one_returns_the_finished_task(emulator, picture_url, dag_id):
    done = run(dag_id, image_urls=picture_url, num_outputs=2)
    result = done.xcom("edit")
    (entry,) = emulator.ledger()
    assert result["phota_task_id"] == done.xcom("edit", "phota_task_id") == entry.id
    assert result["model"] == "phota-image-edit"
    assert len(result["images"]) == 2
    assert result["created"] < result["expires_at"]
    assert result["usage"]


@pytest.mark.parametrize("dag_id", ["no_time_in_worker", "no_time_deferred"])
def test_a_wait_that_runs_out_of_time_fails_and_keeps_the_id(emulator, picture_url, dag_id):
    emulator.add_faults(Fault(on="submit", kind="latency", seconds=60.0))
    done = run(dag_id, image_urls=picture_url)
    assert done.states == {"edit": ["failed"]}
    assert [done.xcom("edit", "phota_task_id")] == [entry.id for entry in emulator.ledger()]


def test_a_wait_that_runs_out_of_time_says_what_goes_on_and_is_not_retried(emulator, picture_url):
    emulator.add_faults(Fault(on="submit", kind="latency", seconds=60.0))
    with pytest.raises(AirflowFailException) as caught:
        execute(image_urls=picture_url, wait_for_completion=True, timeout=0.3)
    (entry,) = emulator.ledger()
    for words in (
        entry.id,
        "goes on",
        "billed",
        "pay for a new order",
        f"PhotaTaskSensor(phota_task_id='{entry.id}')",
    ):
        assert words in str(caught.value)


def test_a_failed_phota_task_says_why_and_what_a_retry_costs(emulator, picture_url):
    emulator.add_faults(
        Fault(on="submit", kind="fail_task", code="out_of_memory", message="No such luck, please.")
    )
    with pytest.raises(PhotaTaskFailed) as caught:
        execute(image_urls=picture_url, wait_for_completion=True)
    (entry,) = emulator.ledger()
    for words in (
        entry.id,
        "failed",
        "out_of_memory",
        "No such luck, please.",
        "A retry submits a new order",
    ):
        assert words in str(caught.value)


REFUSALS = [
    ("content_policy_violation", "no"),
    ("moderation_blocked", "no"),
    ("nsfw_content", "no"),
    ("invalid_image_url", "no"),
    ("task_error", "The prompt violates our content policy."),
]


def waits(picture_url):
    execute(image_urls=picture_url, wait_for_completion=True)


def comes_back_from_a_deferral(picture_url):
    phota_task_id, _ = execute(image_urls=picture_url)
    operator = PhotaImageEditOperator(
        task_id="edit", prompt="a", image_urls=picture_url, wait_for_completion=True, deferrable=True
    )
    event = WaitEvent(WaitEnd.FINISHED, phota_task_id).to_dict()
    operator.execute_complete({"ti": TaskInstance()}, event)


@pytest.mark.parametrize("act", [waits, comes_back_from_a_deferral])
@pytest.mark.parametrize(("code", "message"), REFUSALS)
def test_an_edit_whose_input_is_refused_is_not_paid_for_again(emulator, picture_url, code, message, act):
    emulator.add_faults(Fault(on="submit", kind="fail_task", code=code, message=message, times=None))
    with pytest.raises(AirflowFailException) as caught:
        act(picture_url)
    (entry,) = emulator.ledger()
    for words in (
        entry.id,
        code,
        message,
        "refuses the prompt or a picture",
        "does not retry",
        "clear this task: that submits another order, which is billed",
    ):
        assert words in str(caught.value)


def test_a_submit_without_an_answer_is_not_sent_again(emulator, picture_url):
    emulator.add_faults(Fault(on="submit", kind="reset_after"))
    with pytest.raises(AirflowFailException, match="may have been created and billed"):
        execute(image_urls=picture_url)
    assert len(emulator.ledger()) == 1


def test_a_lost_answer_with_a_created_task_is_never_repeated_for_any_server_error(emulator, picture_url):
    for status in (500, 502, 503, 504):
        emulator.reset()
        emulator.add_faults(Fault(on="submit", kind="billed_status", status=status, times=None))
        with pytest.raises(AirflowFailException, match=f"HTTP {status}"):
            execute(image_urls="http://127.0.0.1:1/picture.png")
        assert len(emulator.ledger()) == 1


def test_a_rate_limited_submit_waits_and_is_billed_once(emulator, picture_url):
    emulator.add_faults(Fault(on="submit", kind="status", status=429, headers={"Retry-After": "0"}, times=2))
    phota_task_id, pushed = execute(image_urls=picture_url)
    assert [entry.id for entry in emulator.ledger()] == [phota_task_id]
    assert pushed["phota_task_id"] == phota_task_id
    assert emulator.counts()["POST /v1/images/generations"] == 3


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (401, "authentication_error", "key"),
        (402, "insufficient_quota", "balance"),
        (422, "invalid_param", "prompt"),
    ],
)
def test_a_refusal_says_what_the_service_says_and_is_not_retried(emulator, picture_url, status, code, words):
    emulator.add_faults(
        Fault(
            on="submit",
            kind="status",
            status=status,
            code=code,
            message=f"The {words} is not good. (request_id: r1)",
        )
    )
    with pytest.raises(AirflowFailException) as caught:
        execute(image_urls=picture_url)
    for part in (
        str(status),
        code,
        f"The {words} is not good.",
        "r1",
        "Nothing was billed",
        "does not retry",
    ):
        assert part in str(caught.value)
    assert emulator.ledger() == []


def test_a_service_that_is_down_can_be_retried(emulator, monkeypatch):
    monkeypatch.setenv(
        "AIRFLOW_CONN_PHOTA_DEFAULT",
        '{"conn_type": "phota", "password": "emu-0123456789", "host": "http://127.0.0.1:1"}',
    )
    with pytest.raises(
        PhotaUnreachable, match=r"could not be reached(?s:.*)Nothing was billed. A retry submits"
    ):
        execute(image_urls="http://127.0.0.1:1/picture.png")

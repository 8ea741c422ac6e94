"""What a failed attempt pushes to XCom, for people who do not read its log: why, and never a secret."""

from __future__ import annotations

import json

import pytest
from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
    AirflowTaskTimeout,
)
from airflow_runs import TaskInstance, run

from airflow_provider_phota.api.errors import PhotaError, PhotaInputError, PhotaTaskFailed, PhotaUnreachable
from airflow_provider_phota.emulator import Fault
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.operators.phota import PhotaImageEditBatchOperator, PhotaImageEditOperator
from airflow_provider_phota.retrying import as_airflow_errors, note_problem, noting_problems
from airflow_provider_phota.sensors.phota import PhotaTaskSensor
from airflow_provider_phota.transfers.phota_to_object_storage import PhotaToObjectStorageOperator

pytestmark = pytest.mark.usefixtures("metadata_database", "at_once")
SIGNED = "https://cdn.example/a.png?Expires=1&Signature=0123456789abcdef"


def noted(error):
    """What is pushed about an error."""
    instance = TaskInstance()
    note_problem({"ti": instance}, error)
    return instance.pushed.get("phota_problem")


def noted_by(operator):
    instance = TaskInstance()
    with pytest.raises((PhotaError, AirflowException)):
        operator.execute({"ti": instance})
    return instance.pushed["phota_problem"]


def edit(**arguments):
    usual = {"task_id": "edit", "prompt": "a beach", "poll_interval": 0.05, "wait_for_completion": True}
    return PhotaImageEditOperator(**usual | arguments)


def test_a_failed_phota_task_is_named_with_its_reason(emulator, picture_url):
    emulator.add_faults(
        Fault(on="submit", kind="fail_task", code="content_policy", message="It is too dark.")
    )
    problem = noted_by(edit(image_urls=picture_url))
    assert problem["error"] == "PhotaInputRefused"
    assert "It is too dark." in problem["message"]
    assert problem["phota_task_id"] == emulator.ledger()[0].id


def test_an_argument_that_is_wrong_is_named(emulator):
    problem = noted_by(edit(image_urls="not a picture"))
    assert (problem["error"], problem["phota_task_id"]) == ("PhotaInputError", None)
    assert problem["message"].startswith("image_urls: ")


@pytest.mark.parametrize("kind", ["sensor", "land", "batch"])
def test_whatever_waits_or_lands_says_why_it_fails(emulator, picture_url, kind, tmp_path):
    emulator.add_faults(Fault(on="submit", kind="fail_task"))
    phota_task_id = PhotaHook().submit_edit("a beach", picture_url).id
    operator = {
        "sensor": lambda: PhotaTaskSensor(task_id="wait", phota_task_id=phota_task_id, poke_interval=0.1),
        "land": lambda: PhotaToObjectStorageOperator(
            task_id="land", result="task-of-nobody", destination=tmp_path.as_uri()
        ),
        "batch": lambda: PhotaImageEditBatchOperator(
            task_id="edit", edits=f"{tmp_path.as_uri()}/nothing", destination=tmp_path.as_uri(), prompt="x"
        ),
    }[kind]()
    problem = noted_by(operator)
    assert problem["error"].startswith(("Phota", "NoItems"))
    assert problem["message"]


def test_a_deferred_wait_says_why_it_fails(emulator, picture_url):
    emulator.add_faults(Fault(on="submit", kind="fail_task", message="It is too dark."))
    done = run("wait_deferred", image_urls=picture_url)
    assert done.states == {"edit": ["failed"]}
    problem = done.xcom("edit", "phota_problem")
    assert "It is too dark." in problem["message"]
    assert problem["phota_task_id"] == done.xcom("edit", "phota_task_id")


def test_an_attempt_that_succeeds_has_no_problem(emulator, picture_url):
    done = run("wait_deferred", image_urls=picture_url)
    assert ("edit", "phota_problem") not in done.pushed


@pytest.mark.parametrize("error", [AirflowSkipException("not today"), AirflowSkipException()])
def test_a_task_that_is_skipped_has_no_problem(error):
    assert noted(error) is None


@pytest.mark.parametrize("error", [AirflowTaskTimeout("after 10 s"), AirflowSensorTimeout("after 10 s")])
def test_a_timeout_of_airflows_is_a_problem(error):
    assert noted(error) == {"error": type(error).__name__, "message": "after 10 s", "phota_task_id": None}


def test_the_class_of_an_error_outlives_its_way_through_airflow():
    instance = TaskInstance()

    class Operator:
        @noting_problems
        def execute(self, context):
            with as_airflow_errors():
                raise PhotaTaskFailed("It failed.", "task-1")

    with pytest.raises(AirflowFailException):
        Operator().execute({"ti": instance})
    problem = instance.pushed["phota_problem"]
    assert (problem["error"], problem["phota_task_id"]) == ("PhotaTaskFailed", "task-1")
    assert problem["message"] == "It failed.\nAirflow does not retry this."


def test_the_words_of_another_library_are_not_passed_on():
    problem = noted(RuntimeError(f"GET {SIGNED} with Bearer sk-0123456789abcdef"))
    assert problem == {"error": "RuntimeError", "message": "", "phota_task_id": None}


def test_the_words_of_airflow_are_passed_on_without_secrets():
    problem = noted(AirflowException(f"lost\nGET {SIGNED}\nsecret_key=0123456789abcdef"))
    assert problem["message"].splitlines()[0] == "lost"
    assert "0123456789abcdef" not in json.dumps(problem)


def test_no_key_and_no_signed_url_is_in_a_problem(emulator, picture_url, tmp_path):
    secrets = (emulator.key, "0123456789abcdef")
    echo = f"Bearer {emulator.key} may not read {SIGNED}"
    problems = []
    for status in (401, 402, 422, 429, 500):
        emulator.add_faults(
            Fault(on="submit", kind="status", status=status, message=echo, code="invalid_param")
        )
        problems.append(noted_by(edit(image_urls=f"{picture_url}?Signature=0123456789abcdef")))
        emulator.clear_faults()
    emulator.add_faults(Fault(on="submit", kind="fail_task", message=echo))
    problems.append(noted_by(edit(image_urls=picture_url)))
    emulator.clear_faults()
    emulator.add_faults(Fault(on="result", kind="html", times=None))
    problems.append(noted_by(edit(image_urls=picture_url, destination=tmp_path.as_uri())))
    for problem in problems:
        for secret in secrets:
            assert secret not in json.dumps(problem), problem


def test_a_long_message_is_cut():
    assert len(noted(PhotaUnreachable("long " * 10_000))["message"]) == 4_000


@pytest.mark.parametrize("context", [{}, {"ti": None}])
def test_where_nothing_can_be_pushed_the_error_itself_is_raised(context):
    class Operator:
        @noting_problems
        def execute(self, context):
            raise PhotaInputError("prompt", "is empty.")

    with pytest.raises(PhotaInputError, match="is empty"):
        Operator().execute(context)

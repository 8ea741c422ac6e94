"""Tasks as data, files as forms, errors as a tree."""

import os
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from airflow_provider_phota.api import errors
from airflow_provider_phota.api.errors import (
    Money,
    NotSent,
    PhotaError,
    PhotaInputError,
    PhotaNotBilled,
    PhotaTaskError,
    PhotaUnreachable,
    PhotaWaitTimeout,
    TransportError,
)
from airflow_provider_phota.api.forms import file_form
from airflow_provider_phota.api.tasks import Image, Outcome, PhotaTask, TaskStatus
from airflow_provider_phota.api.types import PhotaCost

TASK = PhotaTask(
    id="task-1",
    model="phota-image-edit",
    status=TaskStatus.COMPLETED,
    status_word="completed",
    created=1757165031,
    images=(Image("https://cdn.example/out.png?sig=CANARY", "image/png"),),
    usage={"credits": 5},
)


def test_a_finished_task_is_plain_data_for_the_next_airflow_task() -> None:
    assert TASK.to_dict() == {
        "phota_task_id": "task-1",
        "model": "phota-image-edit",
        "status": "completed",
        "images": [{"url": "https://cdn.example/out.png?sig=CANARY", "content_type": "image/png"}],
        "created": "2025-09-06T13:23:51Z",
        "expires_at": "2025-09-07T13:23:51Z",
        "usage": {"credits": 5},
        "cost": {"usd": None, "credits": None, "is_estimate": True},
    }
    cost: PhotaCost = {"usd": 0.05, "credits": 5.0, "is_estimate": False}
    assert TASK.to_dict(cost) == {**TASK.to_dict(), "cost": cost}


def test_a_finished_task_names_the_profiles_that_it_made() -> None:
    made = replace(TASK, images=(), profile_ids=("profile-1",))
    assert made.to_dict() == {**TASK.to_dict(), "images": [], "profile_ids": ["profile-1"]}


def test_without_a_creation_time_it_is_not_known_when_results_expire() -> None:
    task = PhotaTask("task-1", "m", TaskStatus.PENDING, "pending")
    assert (task.to_dict()["created"], task.to_dict()["expires_at"]) == (None, None)


def test_a_result_url_is_a_bearer_link_and_stays_out_of_the_repr() -> None:
    assert "CANARY" not in repr(TASK)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (TaskStatus.PENDING, Outcome.RUNNING),
        (TaskStatus.PROCESSING, Outcome.RUNNING),
        (TaskStatus.UNKNOWN, Outcome.RUNNING),
        (TaskStatus.COMPLETED, Outcome.RESULTS_PENDING),
        (TaskStatus.FAILED, Outcome.FAILED),
        (TaskStatus.CANCELLED, Outcome.FAILED),
    ],
)
def test_what_a_status_without_results_means(status: TaskStatus, outcome: Outcome) -> None:
    task = PhotaTask("task-1", "m", status, status.value)
    assert task.outcome is outcome
    assert status.is_terminal == (outcome in (Outcome.FAILED, Outcome.RESULTS_PENDING))


def test_a_form_has_the_size_it_says(tmp_path: Path) -> None:
    picture = tmp_path / "lake.jpg"
    picture.write_bytes(b"picture")
    form = file_form(picture)
    assert form.length == len(form.head + b"picture" + form.tail)
    assert b'name="file"; filename="lake.jpg"\r\nContent-Type: image/jpeg\r\n\r\n' in form.head
    boundary = form.content_type.removeprefix("multipart/form-data; boundary=").encode()
    assert form.head.startswith(b"--" + boundary + b"\r\n")
    assert form.tail == b"\r\n--" + boundary + b"--\r\n"


@pytest.mark.parametrize(
    ("name", "sent_as"),
    [
        ('a"b\r\nX-Evil: 1.png', "a-b-X-Evil-1.png"),
        ("..hidden", "hidden"),
        ("\U0001f328", "picture"),
        ("x" * 200 + ".png", "x" * 96 + ".png"),
        ("no-extension", "no-extension"),
    ],
)
def test_a_file_gets_a_harmless_name(tmp_path: Path, name: str, sent_as: str) -> None:
    (tmp_path / name).write_bytes(b"picture")
    head = file_form(tmp_path / name).head.decode("ascii")
    assert f'filename="{sent_as}"\r\n' in head
    assert head.count("\r\n") == 4


def test_only_a_readable_file_with_something_in_it_can_be_uploaded(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    os.mkfifo(tmp_path / "pipe")
    for path, problem in [
        (tmp_path / "missing", "No such file"),
        (tmp_path / "empty", "is empty"),
        (tmp_path / "pipe", "not a regular file"),
        (tmp_path, "is a directory"),
        (tmp_path / "nul\x00", "null byte"),
    ]:
        with pytest.raises(PhotaInputError, match=f"^path: .*{problem}") as caught:
            file_form(path)
        assert repr(str(path)) in str(caught.value)


TREE = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, PhotaError)]


@pytest.mark.parametrize("error", [error for error in TREE if error is not PhotaError])
def test_every_error_knows_what_it_means_for_the_money(error: type[PhotaError]) -> None:
    assert isinstance(error.money, Money)
    if issubclass(error, PhotaNotBilled):
        assert error.money is Money.NOT_BILLED
    assert error.__name__ in str(errors.__doc__)


@pytest.mark.parametrize("status", list(TaskStatus))
def test_a_task_is_finished_when_there_is_nothing_more_to_wait_for(status: TaskStatus) -> None:
    with_results, without = (replace(TASK, status=status, images=images) for images in (TASK.images, ()))
    assert with_results.is_finished == status.is_terminal
    assert without.is_finished == (status in (TaskStatus.FAILED, TaskStatus.CANCELLED))


def test_an_error_can_say_more_and_stays_what_it_is() -> None:
    error = PhotaUnreachable("away.", 7.0)
    told = error.saying("Nothing was billed.")
    assert (type(told), str(told), told.retry_after) == (
        PhotaUnreachable,
        "away.\nNothing was billed.",
        7.0,
    )
    assert str(error) == "away."


def test_errors_survive_a_process_boundary() -> None:
    for error in (
        PhotaWaitTimeout("gone", "task-1"),
        PhotaUnreachable("away", 7.0),
        NotSent("no", permanent=True),
    ):
        copy = pickle.loads(pickle.dumps(error))
        assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))


def test_what_a_driver_throws_is_no_error_for_users() -> None:
    assert not issubclass(TransportError, PhotaError)
    assert issubclass(PhotaWaitTimeout, PhotaTaskError)


def test_the_api_is_pure_python_without_airflow_or_a_network_library() -> None:
    program = (
        "import pkgutil, sys, airflow_provider_phota.api as api\n"
        "for module in pkgutil.iter_modules(api.__path__): __import__(f'{api.__name__}.{module.name}')\n"
        "print(sorted({'airflow', 'aiohttp', 'requests', 'urllib3', 'httpx', 'PIL'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"

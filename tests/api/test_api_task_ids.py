"""A PHOTA task ID is checked wherever it comes from, so that nothing else gets into a URL."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from scripted import Service, shows

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.protocol import get_task
from airflow_provider_phota.api.task_ids import checked_task_id

TASK_IDS = [
    (None, "got None"),
    (17, "got 17"),
    (["task-1"], "got ['task-1']"),
    ("None", "the template found no value"),
    ("['task-1']", "is the text of a list or a dict"),
    ("{'phota_task_id': 'task-1'}", "is the text of a list or a dict"),
    ({"phota_task_id": 7}, "got 7"),
    ({"phota_task_id": None}, "got None"),
    ({"task_id": "task-1"}, "must be a PHOTA task ID"),
    ({"phota_task_id": None, "files": [{"path": "s3://b/x.png"}]}, "nothing was submitted"),
    ("", "is not a PHOTA task ID: ''"),
    ("task/1", "'task/1'"),
    ("task-1?x=CANARY", "'task-1?…'"),
    ("..", "'..'"),
    ("../usage", "'../usage'"),
    ("task-1\n", r"'task-1\n'"),
    ("task 1", "'task 1'"),
    (".", "'.'"),
    ("...:", "'...:'"),
    ("-task:1", "'-task:1'"),
    ("t~a:b", "'t~a:b'"),
    ("~" * 257, "'~~~"),
    ("~/x", "'~/x'"),
    ("tásk", "'tásk'"),
    ("t" * 500, "'ttt"),
]


@pytest.mark.parametrize(("value", "problem"), TASK_IDS)
def test_what_is_no_task_id_never_gets_into_a_url(value: object, problem: str) -> None:
    with pytest.raises(PhotaInputError) as caught:
        checked_task_id(value, "adopt_task_id")
    assert str(caught.value).startswith("adopt_task_id: ")
    assert problem in str(caught.value)
    assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize("value", ["task-unified-1757165031-uyujaw3d", "7", "a:b.c_d-e", "t" * 256])
def test_a_task_id_is_opaque(value: str) -> None:
    assert checked_task_id(value) == value


def test_a_task_id_is_called_phota_task_id() -> None:
    with pytest.raises(PhotaInputError, match=r"^phota_task_id: "):
        checked_task_id(None)


def test_a_task_id_is_read_from_the_dict_of_a_finished_task() -> None:
    assert checked_task_id({"phota_task_id": "task-1", "images": []}) == "task-1"


@pytest.mark.parametrize(
    "task_id",
    [
        "t",
        "task:1",
        ".task",
        "_task",
        "-task",
        "~task",
        "task~",
        "...",
        "..task",
        "7",
        "t" * 256,
        "~" * 256,
        "a:" * 128,
    ],
)
def test_what_any_client_of_the_vendors_takes_is_a_task_id(task_id: str) -> None:
    assert checked_task_id(task_id) == task_id
    assert quote(task_id, safe=":") == task_id
    service = Service(shows(task_id=task_id))
    assert service.run(get_task(task_id)).id == task_id
    assert service.requests[0].path == f"/v1/tasks/{task_id.replace(':', '%3A')}"

"""What an author gives as a plain value: checked when the DAG is parsed, and sent as it was written."""

from __future__ import annotations

import pytest
from airflow.providers.common.compat.sdk import DAG, AirflowFailException, ObjectStoragePath
from airflow_runs import TaskInstance, run

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.operators.phota import (
    PhotaCreateProfileOperator,
    PhotaImageEditOperator,
    PhotaImageEnhanceOperator,
    PhotaImageGenerateOperator,
)
from airflow_provider_phota.sensors.phota import PhotaTaskSensor
from airflow_provider_phota.transfers.object_storage_to_phota import ObjectStorageToPhotaOperator
from airflow_provider_phota.transfers.phota_to_object_storage import PhotaToObjectStorageOperator

pytestmark = pytest.mark.usefixtures("metadata_database", "at_once")

PICTURE = "https://example.com/a.png"


def edit(**arguments):
    return PhotaImageEditOperator(task_id="edit", **{"prompt": "a", "image_urls": PICTURE, **arguments})


def landing_edit(**arguments):
    return edit(wait_for_completion=True, **{"destination": "s3://bucket/edits", **arguments})


def generate(**arguments):
    return PhotaImageGenerateOperator(**{"task_id": "generate", "prompt": "a", **arguments})


def enhance(**arguments):
    return PhotaImageEnhanceOperator(**{"task_id": "enhance", "image_url": PICTURE, **arguments})


def create(**arguments):
    return PhotaCreateProfileOperator(**{"task_id": "create", "photos": "s3://bucket/anna/", **arguments})


def landing_generate(**arguments):
    return generate(wait_for_completion=True, **{"destination": "s3://bucket/edits", **arguments})


def landing_enhance(**arguments):
    return enhance(wait_for_completion=True, **{"destination": "s3://bucket/edits", **arguments})


def sensor(**arguments):
    return PhotaTaskSensor(task_id="wait", **{"phota_task_id": "task-1", **arguments})


def landing_sensor(**arguments):
    return sensor(**{"destination": "s3://bucket/edits", **arguments})


def land(**arguments):
    return PhotaToObjectStorageOperator(
        task_id="land", **{"result": "task-1", "destination": "s3://bucket/edits", **arguments}
    )


def publish(**arguments):
    return ObjectStorageToPhotaOperator(task_id="publish", **{"path": "s3://bucket/a.png", **arguments})


ORDERS = (edit, generate, enhance, create)
IMAGES = (edit, generate, enhance)
ALL = (*ORDERS, sensor, land, publish)
LANDING = (landing_edit, landing_generate, landing_enhance, landing_sensor, land)

WRONG = [
    *((make, {"phota_conn_id": "{{ var.value.conn }}"}, "not a templated field") for make in ALL),
    *((make, {"phota_conn_id": None}, "must be the ID") for make in ALL),
    *((make, {"phota_conn_id": "phota://:sk-CANARY@h"}, "not a URI") for make in ALL),
    *(
        (make, {"if_exists": "keep"}, "must be 'skip', 'overwrite' or 'fail'")
        for make in (*LANDING, *IMAGES, sensor)
    ),
    *((make, {"if_exists": "{{ params.x }}"}, "not a templated field") for make in LANDING),
    *((make, {"destination": "bucket/edits"}, "must be an object-storage URL") for make in LANDING),
    *((make, {"destination": 7}, "must be an object-storage URL") for make in LANDING),
    *((make, {"destination": "file://edits"}, "names a host") for make in LANDING),
    *((make, {"destination": "s3://bucket/../x"}, "leads upwards") for make in LANDING),
    *((make, {"destination": "s3://bucket/out.png"}, "ends like a picture (.png)") for make in LANDING),
    *((make, {"destination": "s3://bucket/OUT.JPEG/"}, "ends like a picture (.JPEG)") for make in LANDING),
    *(
        (make, {"destination": ObjectStoragePath("file:///data/a.webp")}, "like a picture")
        for make in LANDING
    ),
    *((make, {"filename": "{phota_task_id}.png"}, "leave out .png") for make in LANDING),
    *((make, {"filename": "{phota_task_id}-{index}.JPG"}, "leave out .JPG") for make in LANDING),
    *((make, {"filename": "{prompt}"}, "fields index, phota_task_id") for make in LANDING),
    *((make, {"filename": "x-{index}"}, "must have {phota_task_id}") for make in LANDING),
    *((make, {"filename": 7}, "must be a string, got 7. Native rendering") for make in LANDING),
    *((make, {"filename": "{phota_task_id}-x"}, "needs a destination") for make in (*IMAGES, sensor)),
    *((make, {"if_exists": "fail"}, "needs a destination") for make in (*IMAGES, sensor)),
    *(
        (make, {"filename": "{phota_task_id}", "num_outputs": 2}, "needs {index}")
        for make in (landing_edit, landing_generate)
    ),
    (land, {"max_bytes": 0}, "at least 1"),
    (land, {"max_bytes": "{{ params.x }}"}, "not a templated field"),
    *(
        (make, {"num_outputs": value}, "must be")
        for make in (edit, generate)
        for value in (0, -1, "2", 1.0, True, None)
    ),
    *(
        (make, {"resolution": value}, "must be '1K' or '4K'")
        for make in IMAGES
        for value in ("2K", "1k", None, 4)
    ),
    *((generate, {"aspect_ratio": value}, "must be '1:1', '2:3'") for value in ("16:10", None, 1.5)),
    *(
        (enhance, {name: value}, "from 0.0 to 1.0")
        for name in ("creativity", "resemblance")
        for value in (-0.1, 2, "0.5", True)
    ),
    *(
        (make, {name: "maybe"}, "must be 'fail'")
        for make in ORDERS
        for name in ("on_ambiguous", "on_missing", "on_expired", "on_discarded")
    ),
    *((make, {"publish": "sign"}, "must be 'presign' or 'upload'") for make in (*ORDERS, publish)),
    *((make, {"ledger_path": "s3://bucket/{{ ds }}"}, "not a templated field") for make in ORDERS),
    *((make, {"wait_for_completion": "{{ params.wait }}"}, "not a templated field") for make in ORDERS),
    *((make, {"wait_for_completion": "no"}, "must be True or False") for make in ORDERS),
    (edit, {"skip_existing_edits": 1}, "must be True or False"),
    *((make, {"skip_existing": 1}, "must be True or False") for make in (generate, enhance)),
    *((make, {"deferrable": True}, "needs wait_for_completion=True") for make in IMAGES),
    (create, {"deferrable": True, "wait_for_completion": False}, "needs wait_for_completion=True"),
    *((make, {"deferrable": "yes", "wait_for_completion": True}, "must be True or False") for make in ORDERS),
    (create, {"profiles_path": "s3://bucket/{{ ds }}"}, "not a templated field"),
    (
        create,
        {"profiles_path": "s3://bucket/x", "wait_for_completion": False},
        "needs wait_for_completion=True",
    ),
    (sensor, {"deferrable": "yes"}, "must be True or False"),
    (sensor, {"start_from_trigger": "yes"}, "must be True or False"),
]


@pytest.mark.parametrize(("make", "arguments", "words"), WRONG)
def test_a_wrong_plain_value_fails_the_parsing_of_the_dag(make, arguments, words):
    with pytest.raises(PhotaInputError) as caught:
        make(**arguments)
    assert words in str(caught.value)
    assert str(caught.value).startswith(f"{next(iter(arguments))}: ")
    assert "CANARY" not in str(caught.value)


def test_another_tasks_output_is_refused_where_it_would_never_be_read():
    with DAG("outputs", schedule=None):
        output = edit().output
    for make in ALL:
        with pytest.raises(PhotaInputError, match=r"^phota_conn_id: is not a templated field"):
            make(phota_conn_id=output)
    for make in LANDING:
        with pytest.raises(PhotaInputError, match=r"^if_exists: is not a templated field"):
            make(if_exists=output)


def test_templates_and_outputs_are_left_for_when_they_are_rendered():
    with DAG("templates", schedule=None):
        output = edit().output
        for value in ("{{ params.x }}", output):
            PhotaToObjectStorageOperator(
                task_id=f"land_{type(value).__name__}", result=value, destination=value, filename=value
            )
            PhotaTaskSensor(
                task_id=f"wait_{type(value).__name__}", phota_task_id=value, destination=value, filename=value
            )
            PhotaImageEditOperator(
                task_id=f"edit_{type(value).__name__}",
                prompt=value,
                image_urls=value,
                num_outputs=value,
                resolution=value,
                profile_ids=value,
                wait_for_completion=True,
                destination=value,
                filename=value,
                edition=value,
                adopt_phota_task_id=value,
            )
            generate(
                task_id=f"generate_{type(value).__name__}",
                prompt=value,
                num_outputs=value,
                resolution=value,
                aspect_ratio=value,
                profiles={"anna": value},
                edition=value,
            )
            enhance(
                task_id=f"enhance_{type(value).__name__}",
                image_url=value,
                resolution=value,
                creativity=value,
                resemblance=value,
                profile_ids=value,
            )
            create(task_id=f"create_{type(value).__name__}", photos=value, adopt_phota_task_id=value)


def test_a_template_that_renders_to_something_wrong_is_refused_before_anything_is_sent(emulator, tmp_path):
    for name, value, words in (
        ("resolution", "2K", "'1K' or '4K'"),
        ("destination", f"file://{tmp_path}/out.png", "ends like a picture"),
        ("filename", "{phota_task_id}.png", "leave out .png"),
    ):
        operator = landing_edit(**{"destination": f"file://{tmp_path}", name: "{{ params.x }}"})
        setattr(operator, name, value)  # as Airflow does when it renders
        with pytest.raises(AirflowFailException, match=words):
            operator.execute({"ti": TaskInstance()})
    assert emulator.requests() == []


def test_defaults_of_a_whole_dag_are_not_meant_for_a_task_that_has_no_use_for_them(monkeypatch):
    defaults = {"deferrable": True, "if_exists": "fail", "filename": "{phota_task_id}"}
    with DAG("defaults", schedule=None, default_args=defaults):
        assert edit().deferrable is True
        assert sensor().deferrable is True
    monkeypatch.setenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", "True")
    assert edit().deferrable is True
    assert sensor().deferrable is True
    assert edit(deferrable=False).deferrable is False


@pytest.mark.parametrize(
    ("dag_id", "prompt"), [("as_written_quoted", "'a neon sign'"), ("as_written_number", "2024")]
)
def test_native_rendering_leaves_a_plain_prompt_as_it_was_written(emulator, picture_url, dag_id, prompt):
    done = run(dag_id, image_urls=picture_url)
    assert done.state == "success"
    (entry,) = emulator.ledger()
    assert entry.request["prompt"] == prompt
    assert entry.request["profile_ids"] == ["12", "'p'"]


def test_native_rendering_leaves_a_mapped_plain_prompt_as_it_was_written(emulator, picture_url):
    assert run("as_written_mapped", image_urls=picture_url).state == "success"
    assert sorted(entry.request["prompt"] for entry in emulator.ledger()) == ["'a neon sign'", "2024"]


def test_a_template_is_quoted_as_the_message_says(emulator, picture_url):
    assert run("as_written_quoting", image_urls=picture_url, prompt="2024").state == "success"
    assert run("as_written_template", image_urls=picture_url, prompt="2024").state == "failed"
    (entry,) = emulator.ledger()
    assert entry.request["prompt"] == "2024"


def test_a_mapped_task_with_a_wrong_value_is_not_retried(emulator, picture_url):
    done = run("as_written_mapped_wrong", image_urls=picture_url)
    assert done.states == {"edit": ["failed"]}
    assert emulator.ledger() == []


def test_what_a_subclass_sets_is_sent(emulator, picture_url):
    class Louder(PhotaImageEditOperator):
        def execute(self, context):
            self.prompt = f"{self.prompt}!"
            return super().execute(context)

    Louder(task_id="edit", prompt="2024", image_urls=picture_url).execute({"ti": TaskInstance()})
    assert [entry.request["prompt"] for entry in emulator.ledger()] == ["2024!"]


@pytest.mark.parametrize("dag_id", ["dict_to_sensor", "dict_to_deferred_sensor", "dict_to_everything"])
def test_the_dict_of_a_waiting_operator_is_taken_for_its_task(emulator, picture_url, dag_id):
    done = run(dag_id, image_urls=picture_url)
    assert done.state == "success", done.states
    assert done.xcom("wait")["phota_task_id"] == done.xcom("edit")["phota_task_id"]
    assert len(emulator.ledger()) == 1

"""What may start in a triggerer: what Airflow renders there without hanging, and nothing else."""

from __future__ import annotations

from importlib.metadata import version

import pytest
from airflow.providers.common.compat.sdk import DAG

from airflow_provider_phota.operators.phota import PhotaImageEditOperator
from airflow_provider_phota.sensors.phota import PhotaTaskSensor
from airflow_provider_phota.sensors.start import OnWorker, starting_id

pytestmark = pytest.mark.usefixtures("metadata_database")

NEW = version("apache-airflow") >= "3.3"
needs_airflow_3_3 = pytest.mark.skipif(not NEW, reason="Airflow starts nothing in the triggerer before 3.3")


@pytest.fixture
def outputs():
    """The outputs of a task, of a mapped one, and of another key."""
    with DAG("starting", schedule=None):
        plain = PhotaImageEditOperator(task_id="plain", prompt="a", image_urls="https://example.com/a.png")
        mapped = PhotaImageEditOperator.partial(
            task_id="mapped", image_urls="https://example.com/a.png"
        ).expand(prompt=["a", "b"])
        return plain.output, mapped.output


@needs_airflow_3_3
def test_the_output_of_a_task_becomes_a_template_of_one_map_index(outputs):
    plain, _ = outputs
    pull = "ti.xcom_pull(task_ids='plain', key='return_value', map_indexes=-1)"
    assert starting_id(plain) == starting_id(starting_id(plain))
    assert pull in starting_id(plain)
    assert starting_id(f"{{{{ {pull} }}}}") == f"{{{{ {pull} }}}}"


@needs_airflow_3_3
@pytest.mark.parametrize(
    "text",
    [
        "task-unified-1757165031-uyujaw3d",
        "{{ run_id }}",
        "{{ params.phota_task_id }}",
        "{{ dag_run.conf['phota_task_id'] }}",
        "{{ task_instance.xcom_pull(task_ids='a', map_indexes=-1) }}",
        "{% if params.a %}{{ params.a }}{% else %}{{ params.b }}{% endif %}",
    ],
)
def test_what_is_known_to_render_in_a_triggerer_starts_there(text):
    assert starting_id(text) == text


@needs_airflow_3_3
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{{ ti.xcom_pull(task_ids='a') }}", "pulls an XCom without map_indexes"),
        ("{{ ti.xcom_pull('a', map_indexes=-1) ~ ti.xcom_pull('b') }}", "pulls an XCom without map_indexes"),
        ("{{ ti.get_previous_dagrun() }}", "pulls an XCom without map_indexes"),
        ("{{ var.value.phota_task_id }}", "uses var"),
        ("{{ conn.phota.password }}", "uses conn"),
        ("{{ macros.uuid() }}", "uses macros"),
        ("{{ broken", "template that Airflow must judge"),
        (None, "is not text"),
        (["a"], "is not text"),
    ],
)
def test_what_may_hang_there_starts_on_a_worker(text, why):
    found = starting_id(text)
    assert isinstance(found, OnWorker)
    assert why in found.why


@needs_airflow_3_3
def test_outputs_of_several_tasks_start_on_a_worker(outputs):
    plain, mapped = outputs
    for output in (mapped, plain.zip(mapped)):
        assert isinstance(starting_id(output), OnWorker)


@needs_airflow_3_3
def test_a_starting_sensor_has_the_arguments_of_its_trigger_and_a_net_behind_them():
    sensor = PhotaTaskSensor(task_id="wait", phota_task_id="task-1", start_from_trigger=True, timeout=100)
    assert sensor.start_from_trigger is True
    arguments = sensor.start_trigger_args.trigger_kwargs
    assert arguments["phota_task_id"] == "task-1"
    assert (arguments["timeout"], arguments["deadline"]) == (100.0, None)
    assert sensor.start_trigger_args.next_method == "execute_complete"
    assert sensor.start_trigger_args.timeout.total_seconds() > 100


def test_one_that_cannot_start_there_defers_instead(emulator):
    sensor = PhotaTaskSensor(
        task_id="wait", phota_task_id="{{ var.value.phota_task_id }}", start_from_trigger=True
    )
    assert sensor.deferrable is True
    assert not sensor.start_from_trigger
    assert not sensor.start_trigger_args


@pytest.mark.skipif(NEW, reason="Airflow 3.3 and later do start tasks in the triggerer")
def test_before_airflow_3_3_every_sensor_starts_on_a_worker():
    assert starting_id("task-1") == OnWorker("that needs Airflow 3.3 or later")

"""`@task.phota_edit` and its siblings: what their functions return is ordered, once."""

from __future__ import annotations

import pytest
from airflow.providers.common.compat.sdk import DAG, task
from airflow_runs import TaskInstance, run

from airflow_provider_phota.api.errors import PhotaInputError

pytestmark = pytest.mark.usefixtures("metadata_database", "at_once")


def test_a_text_is_the_prompt_and_is_not_rendered(emulator, picture_url):
    done = run("decorated_prompt", image_urls=picture_url)
    (entry,) = emulator.ledger()
    assert entry.request["prompt"] == "a beach {{ not_a_template }}"
    assert entry.request["image_urls"] == [picture_url]
    assert done.xcom("prompt_only") == done.xcom("prompt_only", "phota_task_id") == entry.id


def test_a_list_is_the_pictures_where_the_prompt_is_given(emulator, picture_url):
    run("decorated_pictures", image_urls=picture_url)
    (entry,) = emulator.ledger()
    assert entry.request["image_urls"] == [picture_url]
    assert entry.request["prompt"] == "a beach at noon"


def test_a_dict_is_the_whole_order_and_its_size_counts_after_the_wait(emulator, picture_url, tmp_path):
    done = run("decorated_dict", image_urls=picture_url, destination=f"file://{tmp_path}")
    (entry,) = emulator.ledger()
    assert entry.request["num_outputs"] == 2
    result = done.xcom("whole_order")
    assert len(result["files"]) == len(list(tmp_path.glob("*.png"))) == 2
    assert done.xcom("whole_order", "status") == result["status"]  # multiple_outputs
    assert done.xcom("whole_order", "phota_task_id") == entry.id


def test_an_order_of_the_api_is_the_whole_order_and_the_task_can_be_overridden(emulator, picture_url):
    done = run("decorated_order", image_urls=picture_url)
    (entry,) = emulator.ledger()
    assert entry.request["resolution"] == "4K"
    assert done.xcom("renamed") == entry.id


def test_mapped_each_item_has_an_order_of_its_own(emulator, picture_url, tmp_path):
    done = run("decorated_mapped", image_urls=picture_url, destination=f"file://{tmp_path}")
    assert done.states["in_each"] == ["success", "success"]
    prompts = sorted(entry.request["prompt"] for entry in emulator.ledger())
    assert prompts == ["a beach at noon", "a forest at noon"]
    assert len(list(tmp_path.glob("*.png"))) == 2


def test_the_other_models_and_batches(emulator, picture_url, tmp_path):
    done = run("decorated_others", image_urls=picture_url, destination=f"file://{tmp_path}")
    assert done.state == "success", done.states
    ordered = sorted((entry.request["model"], entry.request.get("prompt")) for entry in emulator.ledger())
    assert ordered == [
        ("phota-image", "a lighthouse"),
        ("phota-image", "a lighthouse"),
        ("phota-image", "a mill"),
        ("phota-image-edit", "a beach"),
        ("phota-image-enhance", None),
    ]  # the two items of one batch ask for the same, and share it
    assert done.xcom("batch")["total"] == done.xcom("described")["total"] == 2


@pytest.mark.parametrize(
    ("decorated", "returned", "words"),
    [
        ({}, "a beach", "order: must return a dict"),
        ({}, {"prompt": "a beach"}, "did not return image_urls"),
        ({}, {"prompt": "a beach", "image_url": "x"}, "'image_url', which is not an argument of an order"),
        ({"prompt": "a", "image_urls": "https://example.com/a.png"}, "a beach", "must return a dict"),
        ({"prompt": "a"}, None, "image_urls"),
        ({"prompt": "a"}, [], "image_urls"),
        ({"image_urls": "https://example.com/a.png"}, ["a beach"], "prompt"),
    ],
)
def test_what_cannot_be_meant_is_an_error_before_anything_is_sent(emulator, decorated, returned, words):
    with DAG("wrong", schedule=None):

        @task.phota_edit(**decorated)
        def order():
            return returned

        operator = order().operator
    with pytest.raises(Exception, match=words):
        operator.execute({"ti": TaskInstance()})
    assert emulator.ledger() == []


def test_what_the_decorator_is_given_is_checked_when_the_dag_is_parsed():
    with DAG("wrong", schedule=None):

        @task.phota_edit(num_outputs=0)
        def order():
            return {}

        with pytest.raises(PhotaInputError, match="num_outputs"):
            order()


def test_multiple_outputs_need_a_result():
    with DAG("wrong", schedule=None):

        @task.phota_edit(multiple_outputs=True)
        def order():
            return {}

        with pytest.raises(PhotaInputError, match="wait_for_completion"):
            order()


def test_a_batch_of_no_such_model():
    with pytest.raises(PhotaInputError, match="phota-image-enhance"):

        @task.phota_batch(model="phota-create-profile")
        def order():
            return []

"""The page of a task instance that asks a person about pictures."""

from __future__ import annotations

import json
from contextlib import contextmanager

import pytest
from airflow_runs import PICTURE
from conftest import address

pytestmark = pytest.mark.usefixtures("metadata_database")


@pytest.fixture(scope="module")
def batch(order, tmp_path_factory):
    rows = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    lines = [{"image_urls": PICTURE.as_uri(), "prompt": f"snow {at}", "key": f"<b>{at}"} for at in range(3)]
    rows.write_text("\n".join(map(json.dumps, lines)))
    run, folder = order("snow", dag_id="gallery_batch", edits=f"file://{rows}", max_failures=5)
    return run.run_id, folder


@contextmanager
def asking(run_id, state, **pushed):
    """The task instance of a batch asks about its own pictures for a while."""
    from airflow.models.taskinstance import TaskInstance
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session
    from sqlalchemy import update

    names = {"dag_id": "gallery_batch", "run_id": run_id, "task_id": "edit"}

    def stand(state):
        with create_session() as session:
            session.execute(update(TaskInstance).filter_by(**names).values(state=state))

    with create_session() as session:
        for key, value in pushed.items():
            XComModel.set(key=key, value=value, **names, session=session)
    stand(state)
    try:
        yield
    finally:
        stand("success")


def test_the_items_of_a_batch_are_chosen_by_check_boxes(look, batch):
    run_id, folder = batch
    question = {"digest": "x", "batch": f"file://{folder}/results.jsonl", "phota_task_ids": []}
    with asking(run_id, "deferred", phota_review=question):
        page = look(f"/phota/task/{address('gallery_batch', run_id)}").text
    assert page.count('type="checkbox"') == 3
    assert 'data-key="&lt;b&gt;1"' in page
    assert "<b>" not in page
    assert "/taskInstances/edit/-1/hitlDetails" in page
    assert "Asks a person" in page


def test_nothing_can_be_chosen_once_it_is_decided(look, batch):
    run_id, folder = batch
    question = {"digest": "x", "batch": f"file://{folder}/results.jsonl", "phota_task_ids": []}
    with asking(run_id, "success", phota_review=question):
        page = look(f"/phota/task/{address('gallery_batch', run_id)}").text
    assert "checkbox" not in page
    assert page.count('class="tile') == 3


@pytest.mark.parametrize(
    "question", [17, "x", {"batch": 7, "phota_task_ids": "all"}, {"phota_task_ids": [None]}]
)
def test_a_question_that_somebody_else_has_pushed_shows_nothing(look, batch, question):
    run_id, _ = batch
    with asking(run_id, "deferred", phota_review=question):
        page = look(f"/phota/task/{address('gallery_batch', run_id)}")
    assert page.status == 200
    assert "checkbox" not in page.text

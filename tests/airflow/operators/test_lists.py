"""Outputs of several tasks, each of which returns a list, are the pictures of one edit."""

from __future__ import annotations

import pytest
from airflow_runs import run
from PIL import Image

from airflow_provider_phota.transfers.object_storage_to_phota import ObjectStorageToPhotaOperator

pytestmark = pytest.mark.usefixtures("metadata_database")


@pytest.fixture
def pictures(tmp_path):
    """Two pictures of a disk, by the names of the run's conf."""
    for name, colour in (("a", "red"), ("b", "blue")):
        Image.new("RGB", (64, 64), colour).save(tmp_path / f"{name}.png")
    return {name: f"file://{tmp_path}/{name}.png" for name in ("a", "b")}


@pytest.mark.parametrize("dag_id", ["two_publishers", "mapped_publisher"])
def test_the_pictures_of_several_publishers_are_one_edit(emulator, pictures, dag_id):
    done = run(dag_id, **pictures)
    (entry,) = emulator.ledger()
    published = [
        url
        for (task_id, _), lists in done.pushed.items()
        if task_id != "edit"
        for urls in lists
        for url in urls
    ]
    assert entry.request["image_urls"] == published
    assert len(set(published)) == 2


@pytest.mark.parametrize("shape", [lambda a, b: [[a], [b]], lambda a, b: ([a, b],), lambda a, b: [a, (b,)]])
def test_a_publisher_takes_the_lists_of_several_tasks(emulator, pictures, shape):
    urls = ObjectStorageToPhotaOperator(task_id="publish", path=shape(*pictures.values())).execute({})
    assert len(urls) == len(set(urls)) == 2

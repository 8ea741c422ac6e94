"""Items of a mapped task that have names of their own, and iterations of a loop."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow_runs import TaskInstance

from airflow_provider_phota.ledger.instances import instance_name_of
from airflow_provider_phota.ledger.records import InstanceName
from airflow_provider_phota.operators.phota import PhotaImageEditOperator

pytestmark = pytest.mark.usefixtures("metadata_database")


@pytest.fixture
def run(emulator, picture_url, tmp_path):
    """Execute one item of a mapped task, at its place in the list."""

    def execute(key, map_index, *, clears=0, try_number=1, prompt=None):
        ti = TaskInstance()
        ti.map_index, ti.try_number = map_index, try_number
        operator = PhotaImageEditOperator(
            task_id="edit",
            prompt=prompt or f"edit {key}",
            image_urls=picture_url,
            ledger_path=f"file://{tmp_path}",
            ledger_key=key,
        )
        return operator.execute({"ti": ti, "dag_run": SimpleNamespace(clear_number=clears)})

    return execute


def test_an_item_keeps_its_edit_when_the_list_changes_between_a_run_and_its_clear(run, emulator):
    first = {key: run(key, index) for index, key in enumerate(["a", "b", "c"])}
    again = {
        key: run(key, index, clears=1, try_number=1 if index == 3 else 2)
        for index, key in enumerate(["x", "a", "b", "c"])
    }
    assert {key: again[key] for key in first} == first
    assert len(emulator.ledger()) == 4


def test_two_items_of_one_name_are_refused_before_money(run, emulator):
    run("a", 0)
    with pytest.raises(
        AirflowFailException, match=r"^ledger_key: is 'a' for two items .*map_index=0.*map_index=1"
    ):
        run("a", 1)
    with pytest.raises(AirflowFailException, match=r"^ledger_key: "):
        run("a", 1, prompt="another prompt")
    assert len(emulator.ledger()) == 1


def test_a_retry_of_the_same_item_goes_on(run, emulator):
    assert run("a", 0) == run("a", 0, try_number=2)
    assert len(emulator.ledger()) == 1


@pytest.mark.parametrize("key", ["", " ", "None", True, 1.5, ["a"]])
def test_a_key_names_something(run, emulator, key):
    with pytest.raises(AirflowFailException, match=r"^ledger_key: must be a text"):
        run(key, 0)
    assert emulator.ledger() == []


def test_a_key_takes_a_ledger_in_object_storage(emulator, picture_url):
    operator = PhotaImageEditOperator(task_id="edit", prompt="a", image_urls=picture_url, ledger_key="a")
    with pytest.raises(AirflowFailException, match=r"^ledger_key: needs a ledger_path"):
        operator.execute({"ti": TaskInstance()})
    assert emulator.ledger() == []


def test_the_names_of_records_are_those_of_the_version_before():
    """A record that is found no more is paid for again."""
    plain = InstanceName("dag", "manual__2026-11-26T08:00:00+00:00", "edit", -1)
    assert plain.digest == "ca9782811c914d0186c8cc18a7b1c432"
    assert InstanceName("dag", "run", "edit", 3).digest == "5e1a127cbe2b8d9281b28a75d0327e6b"


def test_iterations_of_a_loop_are_apart():
    context = {"ti": TaskInstance()}
    digests = {
        instance_name_of(context | {"loop": loop}).digest
        for loop in (None, SimpleNamespace(index=0), SimpleNamespace(index=1))
    }
    assert len(digests) == 3

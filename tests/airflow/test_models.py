"""The four models: each is submitted, waited for, landed and remembered in the same way."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, TaskDeferred
from airflow_runs import PICTURE, run
from landed_names import names_below as names
from model_orders import MODELS, PROFILE, SUBMIT, UPLOADS, Model, context, every_image_model, every_model

from airflow_provider_phota.emulator import Fault
from airflow_provider_phota.sensors.phota import PhotaTaskSensor
from airflow_provider_phota.transfers.phota_to_object_storage import PhotaToObjectStorageOperator

pytestmark = pytest.mark.usefixtures("metadata_database", "at_once")

DAGS = {"phota-image-edit": "edit", "phota-image": "generate", "phota-image-enhance": "enhance"}
every_dag = pytest.mark.parametrize("name", [*DAGS.values(), "profile"])


@pytest.fixture
def conf(picture: Path) -> dict[str, str]:
    return {"picture": f"file://{picture}", "photos": f"file://{picture.parent}/"}


# in a DAG ---------------------------------------------------------------------------------------------------


@every_dag
def test_it_submits_and_pushes_the_id_twice(emulator, conf, name):
    done = run(f"model_{name}_submit", **conf)
    (entry,) = emulator.ledger()
    assert done.xcom("order") == done.xcom("order", "phota_task_id") == entry.id
    assert DAGS.get(entry.model, "profile") == name


@every_dag
@pytest.mark.parametrize("mode", ["worker", "deferred"])
def test_a_waiting_one_returns_the_result(emulator, conf, name, mode):
    done = run(f"model_{name}_{mode}", **conf)
    (entry,) = emulator.ledger()
    (model,) = (model for model in MODELS if model.name == entry.model)
    assert DAGS.get(entry.model, "profile") == name
    assert done.xcom("order", "phota_task_id") == entry.id
    assert model.is_result(done.xcom("order"), entry.id)


@every_dag
@pytest.mark.parametrize("mode", ["worker", "deferred"])
def test_a_failed_phota_task_fails_it(emulator, conf, name, mode):
    emulator.add_faults(Fault(on="submit", kind="fail_task"))
    assert run(f"model_{name}_{mode}", **conf).states == {"order": ["failed"]}
    assert len(emulator.ledger()) == 1


@pytest.mark.parametrize("name", DAGS.values())
def test_pictures_land_after_a_deferral(emulator, conf, tmp_path, name):
    done = run(f"model_{name}_landing", destination=f"file://{tmp_path}/out", **conf)
    result = done.xcom("order")
    (file,) = result["files"]
    assert file["path"] == f"file://{tmp_path}/out/{result['phota_task_id']}-0.png"
    assert names(tmp_path / "out") == [f"{result['phota_task_id']}-0.png"]


@every_dag
def test_a_mapped_task_places_an_order_for_each_item(emulator, conf, name, tmp_path):
    if name == "profile":
        other = tmp_path / "ben"
        other.mkdir()
        shutil.copy(PICTURE, other / "another name.jpg")
        items = [conf["photos"], f"file://{other}/"]
    else:
        items = ["a lake", "a hill"] if name == "generate" else [conf["picture"]] * 2
    done = run(f"model_{name}_mapped", items=json.dumps(items), **conf)
    assert done.states["order"] == ["success", "success"]
    assert sorted(done.pushed["order", "phota_task_id"]) == sorted(entry.id for entry in emulator.ledger())
    assert len(emulator.ledger()) == 2


@pytest.mark.parametrize("dag_id", ["profile_of_operator", "profile_of_sensor"])
def test_a_new_profile_goes_straight_into_the_orders_of_other_models(emulator, conf, dag_id):
    done = run(dag_id, **conf)
    assert done.state == "success", done.states
    told = done.xcom("create" if dag_id == "profile_of_operator" else "wait")
    profile_id = told if isinstance(told, str) else told["profile_ids"][0]
    requests = {entry.model: entry.request for entry in emulator.ledger()}
    assert len(requests) == 4
    assert requests["phota-image-edit"]["profile_ids"] == [profile_id]
    assert requests["phota-image-enhance"]["profile_ids"] == [profile_id]
    assert requests["phota-image"]["prompt"] == f"[[{profile_id}]] at the sea"


# by hand ----------------------------------------------------------------------------------------------------


@every_model
def test_a_deferral_waits_in_the_triggerer_and_comes_back_to_the_result(emulator, picture, model):
    emulator.add_faults(Fault(on="submit", kind="latency", seconds=0.5))
    here = context()
    with pytest.raises(TaskDeferred) as deferred:
        model.order(picture, deferrable=True).execute(here)

    async def events() -> list[Any]:
        return [event.payload async for event in deferred.value.trigger.run()]

    (event,) = asyncio.run(events())
    result = model.order(picture, deferrable=True).execute_complete(here, event)
    (entry,) = emulator.ledger()
    assert model.is_result(result, entry.id)


@every_image_model
def test_pictures_land_under_their_names(emulator, picture, tmp_path, model):
    result = model.order(picture, destination=f"file://{tmp_path}/out").execute(context())
    (file,) = result["files"]
    assert file["phota_task_id"] == result["phota_task_id"]
    assert names(tmp_path / "out") == [f"{result['phota_task_id']}-0.png"]


@every_image_model
def test_what_has_landed_before_is_neither_uploaded_nor_paid_for(emulator, picture, tmp_path, model):
    how = {"destination": f"file://{tmp_path}/out", model.skip: True}
    first = model.order(picture, **how).execute(context())
    counts = emulator.counts()
    other = context()
    other["ti"].run_id = "another run"
    second = model.order(picture, **how).execute(other)
    assert emulator.counts() == counts
    assert (second["phota_task_id"], second["status"], second["model"]) == (None, "existing", model.name)
    assert second["files"] == first["files"]
    model.order(picture, edition="2", **how).execute(other)
    assert len(emulator.ledger()) == 2


def test_a_profile_on_record_is_neither_uploaded_nor_paid_for(emulator, picture, tmp_path):
    (tmp_path / "profiles").mkdir()
    how = {"profiles_path": f"file://{tmp_path}/profiles"}
    first = PROFILE.order(picture, **how).execute(context())
    counts = emulator.counts()
    other = context()
    other["ti"].dag_id, other["ti"].run_id = "another DAG", "another run"
    assert PROFILE.order(picture, **how).execute(other) == first
    assert emulator.counts() == counts
    assert (counts[UPLOADS], counts[SUBMIT]) == (1, 1)
    assert PROFILE.order(picture, edition="2", **how).execute(other) != first
    assert len(emulator.ledger()) == 2


# the sensor and the landing operator ------------------------------------------------------------------------


@pytest.fixture(params=MODELS, ids=lambda model: model.name)
def submitted(request, emulator, picture) -> tuple[Model, str]:
    """A model and a PHOTA task of it."""
    return request.param, request.param.order(picture, wait_for_completion=False).execute(context())


def sensed(phota_task_id: object, **more: Any) -> Any:
    sensor = PhotaTaskSensor(task_id="wait", phota_task_id=phota_task_id, poke_interval=0.05, **more)
    return sensor.execute(context())


def landed(result: object, folder: Path) -> Any:
    land = PhotaToObjectStorageOperator(task_id="land", result=result, destination=f"file://{folder}")
    return land.execute(context())


def test_the_sensor_returns_the_result_of_every_model(submitted):
    model, phota_task_id = submitted
    result = sensed(phota_task_id)
    assert (result["phota_task_id"], result["model"]) == (phota_task_id, model.name)
    made = "profile_ids" if model is PROFILE else "images"
    assert len(result[made]) == 1
    assert sensed(result) == result


@every_model
def test_an_error_that_names_a_paid_task_says_how_to_fetch_its_result(emulator, picture, tmp_path, model):
    """In a way that works for every model: a profile is not a file that could land."""
    how = {"ledger_path": f"file://{tmp_path}", "wait_for_completion": False}
    phota_task_id = model.order(picture, **how).execute(context())
    changed = model.order(picture, edition="{{ params.edition }}", **how)
    changed.edition = []  # as Airflow does when it renders
    with pytest.raises(AirflowFailException, match=f"(?s)edition: .*has paid for {phota_task_id}") as caught:
        changed.execute(context())
    assert "with PhotaTaskSensor(phota_task_id=<that ID>)" in str(caught.value)
    assert sensed(phota_task_id)["phota_task_id"] == phota_task_id


def test_what_every_model_has_made_lands_or_says_that_it_is_not_a_file(submitted, tmp_path):
    model, phota_task_id = submitted
    result = sensed(phota_task_id)
    for given in (result, phota_task_id):
        if model is PROFILE:
            with pytest.raises(
                AirflowFailException, match=r"made the profile \['profile_\w+'\], which is not a file"
            ):
                landed(given, tmp_path / "out")
        else:
            (file,) = landed(given, tmp_path / "out")
            assert file["path"] == f"file://{tmp_path}/out/{phota_task_id}-0.png"
    assert (tmp_path / "out").exists() is not (model is PROFILE)


def test_a_sensor_that_is_to_land_says_that_a_profile_is_not_a_file(emulator, picture, tmp_path, monkeypatch):
    said: list[str] = []

    def say(words: str, *values: object) -> None:
        said.append(words % values)

    log = SimpleNamespace(info=say, warning=say)
    monkeypatch.setattr(PhotaTaskSensor, "log", property(lambda _: log))
    phota_task_id = PROFILE.order(picture, wait_for_completion=False).execute(context())
    result = sensed(phota_task_id, destination=f"file://{tmp_path}/out")
    assert result["profile_ids"]
    assert "files" not in result
    assert f"PHOTA task {phota_task_id} has made a profile; there is nothing to land." in said

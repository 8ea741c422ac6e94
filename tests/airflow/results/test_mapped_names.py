"""Instances of a mapped task never land on one another: the second one is refused, and pays nothing."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from airflow_runs import TaskInstance, run

from airflow_provider_phota.api.errors import PhotaLandingError
from airflow_provider_phota.emulator import Fault
from airflow_provider_phota.operators.phota import PhotaImageEditOperator
from airflow_provider_phota.polling.schedule import PollSchedule
from airflow_provider_phota.polling.state import Patience
from airflow_provider_phota.polling.wait import wait_for_task
from airflow_provider_phota.results.cards import CARDS_FOLDER
from airflow_provider_phota.results.claims import CLAIMS

pytestmark = pytest.mark.usefixtures("metadata_database")


@pytest.fixture(params=["disk", "S3"])
def destination(request, tmp_path):
    if request.param == "disk":
        return f"file://{tmp_path}/out"
    s3 = request.getfixturevalue("s3")
    name = f"mapped-{abs(hash(request.node.name)) % 10**8}"
    s3.create_bucket(Bucket=name)
    return f"s3://aws_ledger@{name}/out"


def landed(destination):
    """Names of pictures, without those of claims and of small copies."""
    from airflow.providers.common.compat.sdk import ObjectStoragePath

    path = ObjectStoragePath(destination)
    found = path.fs.find(path.path)
    return sorted(
        name.rpartition("/")[2] for name in found if not {CLAIMS, CARDS_FOLDER} & set(name.split("/"))
    )


def instance(map_index, try_number=1, run_id="run"):
    made = TaskInstance()
    made.map_index, made.try_number, made.run_id = map_index, try_number, run_id
    return made


def cleared(map_index):
    """The attempt after somebody has cleared the run, whose list may be another one by now."""
    return instance(map_index, try_number=2), SimpleNamespace(clear_number=1)


def edit(picture_url, destination, ti, loop=None, **more):
    ti, dag_run = ti if isinstance(ti, tuple) else (ti, None)
    arguments = {"filename": "latest", "if_exists": "overwrite", "prompt": f"a beach {ti.map_index}", **more}
    context = {"ti": ti, "dag_run": dag_run}
    if loop is not None:
        context["loop"] = SimpleNamespace(index=loop)
    return PhotaImageEditOperator(
        task_id="edit",
        image_urls=picture_url,
        wait_for_completion=True,
        poll_interval=0.05,
        destination=destination,
        **arguments,
    ).execute(context)


@pytest.mark.parametrize("dag_id", ["mapped_pictures", "mapped_group"])
@pytest.mark.parametrize("filename", ["latest", "latest-{index}"])
def test_mapped_pictures_with_a_constant_name(emulator, picture_url, destination, dag_id, filename):
    done = run(
        dag_id, destination=destination, filename=filename, pictures=json.dumps([picture_url, picture_url])
    )
    ((states, _),) = [(states, name) for name, states in done.states.items() if name.endswith("edit")]
    assert sorted(states) == ["failed", "success"]
    assert len(emulator.ledger()) == len(landed(destination)) == 1


def test_mapped_pictures_with_names_of_their_own(emulator, picture_url, destination):
    pictures = json.dumps([picture_url, picture_url])
    assert run("mapped_by_index", destination=destination, pictures=pictures).state == "success"
    assert landed(destination) == ["0.png", "1.png"]
    named = {"destination": destination, "filename": "{phota_task_id}"}
    assert run("mapped_pictures", pictures=pictures, **named).state == "success"
    assert len(emulator.ledger()) == len(landed(destination)) == 4


def test_one_instance_alone_may_have_a_constant_name(emulator, picture_url, destination):
    for _ in range(2):  # and each run may replace what the run before has made
        done = run(
            "mapped_pictures",
            destination=destination,
            filename="latest",
            pictures=json.dumps([picture_url]),
        )
        assert done.state == "success"
    assert landed(destination) == ["latest.png"]


def test_a_list_of_names_in_which_one_is_twice(emulator, picture_url, destination):
    done = run(
        "mapped_filenames",
        destination=destination,
        picture=picture_url,
        filenames=json.dumps(["a", "b", "a", "a"]),
    )
    assert sorted(done.states["edit"]) == ["failed", "failed", "success", "success"]
    assert landed(destination) == ["a.png", "b.png"]
    assert len(emulator.ledger()) == 2


def test_directories_of_which_one_is_twice_in_another_spelling(emulator, picture_url, tmp_path):
    destinations = [f"file://{tmp_path}/a", f"file://{tmp_path}/a/", f"file://{tmp_path}/b"]
    done = run("mapped_destinations", picture=picture_url, destinations=json.dumps(destinations))
    assert sorted(done.states["edit"]) == ["failed", "success", "success"]
    assert len(emulator.ledger()) == 2


@pytest.mark.parametrize("dag_id", ["mapped_landing", "mapped_sensors"])
def test_what_was_paid_for_before_is_not_overwritten_either(emulator, picture_url, destination, dag_id):
    from airflow_provider_phota.hooks.phota import PhotaHook

    hook = PhotaHook()
    ids = [hook.submit_edit(prompt, picture_url).id for prompt in ("a beach", "a forest")]
    steady = PollSchedule(0.05, 0.05)
    for phota_task_id in ids:
        hook.run(wait_for_task(phota_task_id, seconds=30.0, schedule=steady, patience=Patience()))
    done = run(dag_id, destination=destination, ids=json.dumps(ids))
    ((states, _),) = [(states, name) for name, states in done.states.items() if name in ("land", "wait")]
    assert sorted(states) == ["failed", "success"]
    assert landed(destination) == ["latest.png"]


def test_names_meet_where_the_path_is_split_elsewhere(emulator, picture_url, destination):
    edit(picture_url, destination, instance(0), filename="a/latest")
    with pytest.raises(AirflowFailException, match=r"(?s)^filename: .*map index 0 and map index 1.*Nothing"):
        edit(picture_url, f"{destination}/a", instance(1), filename="latest")
    assert len(emulator.ledger()) == 1


def test_names_meet_by_their_index(emulator, picture_url, destination):
    edit(picture_url, destination, instance(0), filename="a-{index}", num_outputs=2)
    with pytest.raises(AirflowFailException, match="one upon the other"):
        edit(picture_url, destination, instance(1), filename="a-1")
    assert len(emulator.ledger()) == 1


def test_retries_and_clears_of_the_same_instance_pass(emulator, picture_url, destination, tmp_path):
    emulator.add_faults(Fault(on="submit", kind="status", status=402, times=1))
    with pytest.raises(AirflowFailException):
        edit(picture_url, destination, instance(0))
    for try_number in (2, 3):
        edit(picture_url, destination, instance(0, try_number), edition=str(try_number))
    assert len(emulator.ledger()) == 2
    edit(picture_url, destination, instance(1, run_id="another run"))
    assert landed(destination) == ["latest.png"]


def test_iterations_of_a_loop_are_instances_too(emulator, picture_url, destination):
    edit(picture_url, destination, instance(-1), loop=0)
    with pytest.raises(AirflowFailException, match="iteration 0 and map index -1, iteration 1"):
        edit(picture_url, destination, instance(-1), loop=1)
    assert len(emulator.ledger()) == 1


def test_an_item_with_a_key_keeps_its_name_when_the_list_has_changed(emulator, picture_url, tmp_path):
    ledger = tmp_path / "ledger"
    ledger.mkdir()
    more = {"ledger_path": f"file://{ledger}", "prompt": "a beach"}
    destination = f"file://{tmp_path}/out"
    edit(picture_url, destination, instance(1), ledger_key="garden", edition="1", **more)
    edit(picture_url, destination, cleared(0), ledger_key="garden", edition="2", **more)
    with pytest.raises(AirflowFailException, match="ledger_key 'garden' and ledger_key 'lake'"):
        edit(picture_url, destination, instance(2), ledger_key="lake", **more)
    assert len(emulator.ledger()) == 2


def test_a_paid_picture_is_not_landed_upon_another_one(emulator, picture_url, destination, tmp_path):
    """Its claim may have gone to another instance since; the message says what to do."""
    more = {"ledger_path": f"file://{tmp_path}"}
    emulator.add_faults(Fault(on="result", kind="status", status=500, times=None))
    with pytest.raises(PhotaLandingError):
        edit(picture_url, destination, instance(0), filename="one", **more)
    emulator.clear_faults()
    edit(picture_url, destination, instance(1), filename="two", **more)
    with pytest.raises(PhotaLandingError, match=r"(?s)cannot land.*map index 1 and map index 0.*billed"):
        edit(picture_url, destination, instance(0, 2), filename="two", **more)
    edit(picture_url, destination, instance(0, 3), filename="one", **more)
    assert landed(destination) == ["one.png", "two.png"]
    assert len(emulator.ledger()) == 2

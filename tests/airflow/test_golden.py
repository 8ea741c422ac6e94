"""What is in flight or on record survives an upgrade: request bodies, fingerprints, file names and triggers.

The files in `golden/` were written by the first version that has what they are of, and are never written again.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from airflow.providers.common.compat.sdk import ObjectStoragePath

from airflow_provider_phota.api.costs import Cost
from airflow_provider_phota.api.orders.edit import EditOrder
from airflow_provider_phota.api.tasks import PhotaTask, TaskStatus
from airflow_provider_phota.budget.limits import Budget
from airflow_provider_phota.budget.log import name_of, number_in
from airflow_provider_phota.budget.state import BudgetState
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.inputs.prepared import PreparedOrder
from airflow_provider_phota.inputs.publisher import Publisher
from airflow_provider_phota.ledger.object_storage import ObjectStorageStore
from airflow_provider_phota.ledger.records import Entry, InstanceName, Record, fingerprint
from airflow_provider_phota.ledger.stores import TaskStateStore
from airflow_provider_phota.operators.phota import (
    PhotaCreateProfileOperator,
    PhotaImageEnhanceOperator,
    PhotaImageGenerateOperator,
)
from airflow_provider_phota.triggers.budget import PhotaBudgetTrigger
from airflow_provider_phota.triggers.events import WaitEnd, WaitEvent
from airflow_provider_phota.waiting import Intervals, Wait

GOLDEN = Path(__file__).parent / "golden"
PICTURES = Path(__file__).parents[2] / "example_dags" / "pictures"
ORDERS = json.loads((GOLDEN / "orders_v1.json").read_text())
MODELS = json.loads((GOLDEN / "orders_of_other_models_v1.json").read_text())
TRIGGERS = json.loads((GOLDEN / "triggers_v1.json").read_text())
EVENTS = json.loads((GOLDEN / "events_v1.json").read_text())
BUDGET = json.loads((GOLDEN / "budget_v1.json").read_text())
#: The second file was written by the first version that records models, costs and whose a file is.
LEDGERS_BEFORE, LEDGERS = (json.loads((GOLDEN / f"ledger_v{number}.json").read_text()) for number in (1, 2))

pytestmark = pytest.mark.usefixtures("metadata_database")


@pytest.fixture
def hook(monkeypatch):
    connection = {"conn_type": "phota", "password": "sk-golden", "host": "https://api.foxapi.cc"}
    monkeypatch.setenv("AIRFLOW_CONN_PHOTA_GOLDEN", json.dumps(connection))
    return PhotaHook("phota_golden")


def prepared(hook, arguments: dict) -> PreparedOrder:
    """The order of arguments in which `{pictures}` stands for the folder of the example pictures."""
    named = json.loads(json.dumps(arguments).replace("{pictures}", f"file://{PICTURES}"))
    edition = named.pop("edition", "")
    return PreparedOrder.of(EditOrder.checked(**named, stored_inputs=True), Publisher(hook), edition)


@pytest.mark.parametrize("golden", ORDERS, ids=lambda golden: golden["name"])
def test_an_order_is_recognised(hook, golden):
    order = prepared(hook, golden["arguments"])
    body = order.identity
    assert body.decode() == golden["body"]
    assert (
        fingerprint(body, hook.phota_conn_id, hook.settings.base_url, order.edition) == golden["fingerprint"]
    )
    assert order.digest == golden["digest"]


OPERATORS = {
    "phota-image": PhotaImageGenerateOperator,
    "phota-image-enhance": PhotaImageEnhanceOperator,
    "phota-create-profile": PhotaCreateProfileOperator,
}


@pytest.mark.parametrize("golden", MODELS, ids=lambda golden: f"{golden['model']}, {golden['name']}")
def test_an_order_of_another_model_is_recognised(hook, golden):
    arguments = json.loads(json.dumps(golden["arguments"]).replace("{pictures}", f"file://{PICTURES}"))
    operator = OPERATORS[golden["model"]](task_id="order", phota_conn_id=hook.phota_conn_id, **arguments)
    order = operator._prepare()
    named = fingerprint(order.identity, hook.phota_conn_id, hook.settings.base_url, order.edition)
    assert order.identity.decode() == golden["body"]
    assert (named, order.digest) == (golden["fingerprint"], golden["digest"])


def seen(fields: dict | None) -> PhotaTask | None:
    return PhotaTask("task-1", status=TaskStatus.PENDING, status_word="pending", **fields) if fields else None


@pytest.mark.parametrize("golden", TRIGGERS, ids=lambda golden: golden["name"])
def test_a_trigger_has_the_same_class_and_arguments(monkeypatch, golden):
    monkeypatch.setattr("airflow_provider_phota.waiting.time.time", lambda: 1757165031.25)
    wait = Wait("phota_default", 3600.0, Intervals(2.0, 30.0), 1800.0)
    trigger = wait.trigger("task-1", seen(golden["seen"]))
    assert [*trigger.serialize()] == golden["serialized"]


@pytest.mark.parametrize("golden", EVENTS, ids=lambda golden: golden["end"])
def test_an_event_is_read_and_written_alike(golden):
    event = WaitEvent(WaitEnd(golden["end"]), golden["phota_task_id"], golden["message"])
    assert event.to_dict() == golden
    assert WaitEvent.from_dict(golden) == event


def test_every_event_is_golden():
    assert {golden["end"] for golden in EVENTS} == {end.value for end in WaitEnd}


def written(folder: Path) -> dict[str, object]:
    """The files of a ledger, but for its marker and the clocks."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {
        str(path.relative_to(folder)): json.loads(path.read_text())
        for path in files
        if path.name != "phota-ledger.json" and not path.name.startswith("clock-")
    }


def entry_of(golden: dict) -> Entry:
    return Entry(**{**golden, "cost": Cost.from_dict(golden.get("cost"))})


@pytest.mark.parametrize("golden", [*LEDGERS_BEFORE, *LEDGERS], ids=lambda golden: golden["name"])
def test_a_ledger_is_read_and_written_alike(tmp_path, golden):
    instance, entries = InstanceName(**golden["identity"]), [entry_of(each) for each in golden["entries"]]
    new, old = tmp_path / "new", tmp_path / "old"
    new.mkdir()
    store = ObjectStorageStore(ObjectStoragePath(f"file://{new}"), instance, may_begin=True)
    for entry in entries:
        store.put(entry)
    files = written(new)
    assert {name: {**files[name], **content} for name, content in golden["files"].items()} == files
    if golden in LEDGERS:
        assert files == golden["files"]
        assert {InstanceName.from_dict(each["instance"]) for each in files.values()} == {instance}
    for name, content in golden["files"].items():
        (old / name).parent.mkdir(parents=True, exist_ok=True)
        (old / name).write_text(json.dumps(content))
    shutil.copy(new / "phota-ledger.json", old)
    record = ObjectStorageStore(ObjectStoragePath(f"file://{old}"), instance, may_begin=False).read()
    known = Record().merged(Record(tuple(entries)))
    assert record == known
    assert [entry.cost for entry in record.entries] == [entry.cost for entry in known.entries]


def test_an_airflow_task_state_is_read_and_written_alike():
    for golden in [*LEDGERS_BEFORE, *LEDGERS]:
        kept: dict[str, object] = {}
        store = TaskStateStore(SimpleNamespace(get=kept.get, set=kept.__setitem__))
        for fields in golden["entries"]:
            store.put(entry_of(fields))
        assert kept == {"airflow_provider_phota": golden["state"]}
        assert store.read() == Record().merged(Record(tuple(map(entry_of, golden["entries"]))))


def test_a_budget_is_counted_alike_by_all_versions_that_share_it():
    """Installations of different versions may share one log: each reads what the others write."""
    path, arguments = BUDGET["trigger"]
    made_path, made = PhotaBudgetTrigger(**arguments).serialize()
    assert made_path == path
    assert made == {**arguments, "deferred_at": None}
    at = 1795777634.25
    windows = {text: Budget.checked(text).window(at, "dag\nrun").name for text in BUDGET["folders"]}
    assert windows == BUDGET["folders"]
    assert {str(number): name_of(number) for number in map(int, BUDGET["names"])} == BUDGET["names"]
    assert {number_in(name) for name in BUDGET["names"].values()} == {*map(int, BUDGET["names"])}
    assert BudgetState.from_dict(BUDGET["entry"]).to_dict() == BUDGET["entry"]

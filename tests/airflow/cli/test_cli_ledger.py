"""What is on record and how it stands, and how a task that a person has found gets there."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cli_orders import context, edit

from airflow_provider_phota.compat import HAS_TASK_STATE
from airflow_provider_phota.emulator import Emulator, Fault
from airflow_provider_phota.ledger.stores import TASK_STATE_KEY


def states(done: Any) -> dict[str, str]:
    """How each order stands, by its DAG."""
    return {each["dag_id"]: each["state"] for each in done.json["payments"]}


def lose(emulator: Emulator, dag_id: str = "losing", **more: Any) -> str:
    """Places an order whose answer is lost, and returns the ID of its task."""
    emulator.add_faults(Fault(on="submit", kind="reset_after"))
    before = {entry.id for entry in emulator.ledger()}
    edit(dag_id, **more)
    (phota_task_id,) = {entry.id for entry in emulator.ledger()} - before
    return phota_task_id


def wait_until_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the time pass in which a sender may still be at work."""
    import time

    now = time.time
    monkeypatch.setattr("airflow_provider_phota.cli.adopt.time.time", lambda: now() + 100)


@pytest.fixture
def various(emulator: Emulator, ledger: str) -> Emulator:
    """Orders that stand in different ways."""
    edit("ready")
    emulator.add_faults(Fault(on="submit", kind="fail_task"))
    edit("failed")
    refusal = {"code": "content_policy_violation", "message": "refused by the content policy"}
    emulator.add_faults(Fault(on="submit", kind="fail_task", **refusal))
    edit("refused")
    lose(emulator)
    emulator.add_faults(Fault(on="submit", kind="latency", seconds=600))
    edit("open", wait_for_completion=False)
    return emulator


def test_the_list_shows_what_calls_for_action(various, phota):
    assert states(phota("ledger", "list", "--json")) == {
        "ready": "ready",
        "refused": "refused",
        "losing": "being sent",
        "open": "open",
    }


def test_all_that_is_on_record_is_listed_on_request(various, phota):
    assert states(phota("ledger", "list", "--all", "--json"))["failed"] == "failed"


def test_without_the_service_the_record_alone_is_shown(various, phota):
    assert set(states(phota("ledger", "list", "--offline", "--json")).values()) == {"paid", "being sent"}


def test_what_expires_soon_is_marked(emulator, ledger, phota, monkeypatch):
    edit("ready")
    later(monkeypatch, hours=20)
    done = phota("ledger", "list", "--json")
    assert states(done) == {"ready": "expiring soon"}
    assert "expiring soon: clear its Airflow task" in phota("ledger", "list").out
    later(monkeypatch, hours=25)
    assert states(phota("ledger", "list", "--json")) == {}
    assert states(phota("ledger", "list", "--all", "--json")) == {"ready": "expired"}


def later(monkeypatch: pytest.MonkeyPatch, hours: float) -> None:
    """Moves the clock of the command line."""
    from datetime import datetime, timedelta

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(tz) + timedelta(hours=hours)

    monkeypatch.setattr("airflow_provider_phota.cli.ledger.datetime", Later)


def test_one_airflow_task_is_shown(various, phota):
    done = phota("ledger", "show", "ready", "run", "edit", "--json")
    (payment,) = done.json["payments"]
    assert payment["phota_task_id"] in {entry.id for entry in various.ledger()}
    assert (payment["state"], payment["model"], payment["cost"]["usd"]) == ("ready", "phota-image-edit", 0.05)
    assert "ready.edit run" in phota("ledger", "show", "ready", "run", "edit").out
    assert phota("ledger", "show", "ready", "another run", "edit", "--json").json["payments"] == []


def test_a_task_that_the_service_has_forgotten_is_not_known(emulator, ledger, phota):
    edit("ready")
    emulator.reset()
    done = phota("ledger", "list")
    assert "not known to the service: is the task of another connection?" in done.out


# adopt ------------------------------------------------------------------------------------------------------


def test_a_found_task_is_what_the_next_attempt_goes_on_with(emulator, ledger, phota, monkeypatch):
    phota_task_id = lose(emulator)
    wait_until_sent(monkeypatch)
    done = phota("adopt", "losing", "run", "edit", phota_task_id)
    assert done.code == 0, done.err
    assert "Clear the Airflow task" in done.out
    result = edit("losing")
    assert (result["phota_task_id"], len(emulator.ledger())) == (phota_task_id, 1)
    assert phota("spend", "--json").json["ambiguous"]["tasks"] == 0


def test_a_ledger_on_s3_is_read_and_written(emulator, connect, phota, monkeypatch, s3):
    bucket = s3.create_bucket(Bucket="ledger-of-the-command-line")
    connect(ledger_path=f"s3://aws_ledger@{bucket.name}/ledger")
    edit("ready")
    phota_task_id = lose(emulator)
    wait_until_sent(monkeypatch)
    assert states(phota("ledger", "list", "--json")) == {"ready": "ready", "losing": "being sent"}
    assert phota("adopt", "losing", "run", "edit", phota_task_id).code == 0
    assert edit("losing")["phota_task_id"] == phota_task_id
    total = phota("spend", "--json").json["total"]
    assert (total["tasks"], total["usd"]) == (2, 0.1)


def test_a_ledger_in_a_bucket_that_is_not_there_is_not_taken_for_an_empty_one(phota, connect, s3):
    connect(ledger_path="s3://aws_ledger@no-such-bucket-at-all/ledger")
    done = phota("ledger", "list", "--json")
    assert (done.code, done.json["payments"]) == (1, [])
    assert "no-such-bucket-at-all/ledger: nothing was ever recorded there" in done.json["problems"][0]


def test_to_adopt_again_changes_nothing(emulator, ledger, phota, monkeypatch, tmp_path):
    phota_task_id = lose(emulator)
    wait_until_sent(monkeypatch)
    phota("adopt", "losing", "run", "edit", phota_task_id)
    files = sorted(path.name for path in tmp_path.rglob("*"))
    done = phota("adopt", "losing", "run", "edit", phota_task_id, "--json")
    assert (done.code, done.json["recorded_in"]) == (0, [])
    assert sorted(path.name for path in tmp_path.rglob("*")) == files


def test_the_map_index_is_told_from_the_id(emulator, ledger, phota, monkeypatch):
    here = context("losing")
    here["ti"].map_index = 3
    phota_task_id = lose(emulator, context=here)
    wait_until_sent(monkeypatch)
    assert phota("adopt", "losing", "run", "edit", phota_task_id).code == 2
    assert phota("adopt", "losing", "run", "edit", 3, phota_task_id).code == 0


def test_an_item_is_named_by_its_key(emulator, ledger, phota, monkeypatch):
    phota_task_id = lose(emulator, ledger_key="anna")
    wait_until_sent(monkeypatch)
    assert phota("adopt", "losing", "run", "edit", phota_task_id, "--key", "anna").code == 0
    assert edit("losing", ledger_key="anna")["phota_task_id"] == phota_task_id


def test_a_task_that_the_service_does_not_know_is_not_recorded(emulator, ledger, phota, monkeypatch):
    lose(emulator)
    wait_until_sent(monkeypatch)
    done = phota("adopt", "losing", "run", "edit", "task-unified-1-mistyped")
    assert done.code == 1
    assert "does not know PHOTA task task-unified-1-mistyped" in done.err
    assert phota("spend", "--json").json["ambiguous"]["tasks"] == 1


def test_a_task_of_another_model_is_not_recorded(emulator, ledger, phota, monkeypatch):
    from airflow_provider_phota.api.orders.generate import GenerateOrder
    from airflow_provider_phota.hooks.phota import PhotaHook

    lose(emulator)
    wait_until_sent(monkeypatch)
    other = PhotaHook().submit(GenerateOrder.checked(prompt="a beach"))
    done = phota("adopt", "losing", "run", "edit", other.id)
    assert done.code == 2
    assert "is a task of phota-image, and the order was one of phota-image-edit" in done.err


def test_what_may_still_be_on_its_way_is_not_adopted(emulator, ledger, phota):
    phota_task_id = lose(emulator)
    done = phota("adopt", "losing", "run", "edit", phota_task_id)
    assert done.code == 2
    assert "may still be sending" in done.err


def test_of_several_lost_orders_one_has_to_be_named(emulator, ledger, phota, monkeypatch):
    lose(emulator)
    phota_task_id = lose(emulator, prompt="a forest")
    wait_until_sent(monkeypatch)
    done = phota("adopt", "losing", "run", "edit", phota_task_id)
    assert (done.code, done.err.count("--fingerprint")) == (2, 2)
    (choice, *_) = (line for line in done.err.splitlines() if line.startswith("--fingerprint"))
    name = choice.split()[1].rstrip(":")
    assert phota("adopt", "losing", "run", "edit", phota_task_id, "--fingerprint", name).code == 0


@pytest.mark.parametrize(
    "words", [["adopt", "dag", "run", "edit"], ["adopt", "dag", "run", "edit", "x", "task-1"]]
)
def test_a_call_that_names_too_little_or_no_index_is_refused(phota, words):
    assert phota(*words).code == 2


@pytest.mark.parametrize("phota_task_id", ["", "../x", "a b"])
def test_what_is_not_a_task_id_is_refused(phota, phota_task_id):
    assert phota("adopt", "dag", "run", "edit", phota_task_id).code == 2


@pytest.mark.skipif(not HAS_TASK_STATE, reason="Airflow keeps no task state before 3.3")
def test_a_found_task_is_recorded_in_airflows_own_store(emulator, phota, monkeypatch):
    """As the attempt sees it: by the backend that the API server asks."""
    store = TaskState(new_run("losing"))
    here = context("losing", task_state_store=store)
    here["ti"].run_id = store.run_id
    phota_task_id = lose(emulator, context=here)
    wait_until_sent(monkeypatch)
    done = phota("adopt", "losing", store.run_id, "edit", phota_task_id)
    assert (done.code, "task state store" in done.out) == (0, True), done.err
    assert edit(context=here)["phota_task_id"] == phota_task_id
    assert len(emulator.ledger()) == 1


def new_run(dag_id: str) -> Any:
    """Returns a DAG run, which a task state needs."""
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from airflow.utils.types import DagRunType

    with create_session() as session:
        run = DagRun(dag_id=dag_id, run_id="by-hand", run_type=DagRunType.MANUAL)
        session.add(run)
        session.flush()
        return run.run_id


class TaskState:
    """What an attempt is given as `context["task_state_store"]`, without the API server in between."""

    def __init__(self, run_id: str) -> None:
        from airflow.state import TaskScope

        self.run_id = run_id
        self._scope = TaskScope(dag_id="losing", run_id=run_id, task_id="edit", map_index=-1)

    def get(self, key: str) -> Any:
        from airflow.state import get_state_backend

        value = get_state_backend().get(self._scope, key)
        return None if value is None else json.loads(value)

    def set(self, key: str, value: Any) -> None:
        from airflow.state import get_state_backend

        assert key == TASK_STATE_KEY
        get_state_backend().set(self._scope, key, json.dumps(value))

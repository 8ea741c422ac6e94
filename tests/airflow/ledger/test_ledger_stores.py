"""The ledger's stores, and the operator that relies on them."""

from __future__ import annotations

import time
from dataclasses import replace
from decimal import Decimal

import pytest
from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowFailException,
    ObjectStoragePath,
    TaskDeferred,
)
from airflow_runs import TaskInstance
from attempt_by_hand import Accessor, Clock, set_clock

from airflow_provider_phota.api.costs import Cost
from airflow_provider_phota.api.errors import PhotaLedgerError, PhotaSubmitAmbiguous, PhotaWaitTimeout
from airflow_provider_phota.api.orders.base import EDIT_MODEL
from airflow_provider_phota.api.orders.edit import EditOrder
from airflow_provider_phota.emulator import Fault
from airflow_provider_phota.hooks.phota import PhotaHook
from airflow_provider_phota.ledger.ledger import Ledger
from airflow_provider_phota.ledger.object_storage import ObjectStorageStore
from airflow_provider_phota.ledger.records import Entry, InstanceName, Record, UnreadableRecord, fingerprint
from airflow_provider_phota.ledger.stores import IntentExists, TaskStateStore
from airflow_provider_phota.operators.payment import NO_LEDGER
from airflow_provider_phota.operators.phota import PhotaImageEditOperator
from airflow_provider_phota.submitting.submission import Submission

pytestmark = pytest.mark.usefixtures("metadata_database")

INSTANCE = InstanceName("dag", "run", "task", -1)
INTENT = Entry("f" * 64, 1, 1, 100.0, 165.0)
PAID = replace(INTENT, phota_task_id="task-1")


@pytest.fixture(params=["task state", "object storage"])
def store(request, tmp_path):
    if request.param == "task state":
        return TaskStateStore(Accessor())
    return ObjectStorageStore(ObjectStoragePath(f"file://{tmp_path}"), INSTANCE)


def test_nothing_written_is_an_empty_record(store):
    assert store.read() == Record()


def test_an_intent_then_its_task(store):
    store.put(INTENT)
    assert store.read().entries == (INTENT,)
    store.put(PAID)
    assert store.read().entries == (PAID,)


def test_model_and_cost_are_kept(store):
    expected = Cost(Decimal(1) / 3)  # more digits than a file has
    intent = replace(INTENT, model=EDIT_MODEL, cost=expected)
    store.put(intent)
    (read,) = store.read().entries
    assert (read, read.cost.to_dict()) == (intent, expected.to_dict())
    store.remove(intent)
    assert store.read() == Record()
    reserved = Cost(Decimal("0.09"), 4.0, is_estimate=False)
    store.put(replace(PAID, model=EDIT_MODEL, cost=reserved))
    (read,) = store.read().entries
    assert (read.model, read.cost) == (EDIT_MODEL, reserved)


def test_a_cost_that_is_not_one_is_damage(store):
    record = Record((replace(INTENT, model=EDIT_MODEL),)).to_dict()
    for cost in ("much", {"usd": "much"}, {"credits": []}):
        record["entries"][0]["cost"] = cost
        with pytest.raises(UnreadableRecord):
            Record.from_dict(record)


def test_an_intent_can_be_taken_back(store):
    store.put(INTENT)
    store.remove(INTENT)
    assert store.read() == Record()


def test_taking_an_intent_back_never_loses_a_paid_task(store):
    store.put(INTENT)
    store.put(PAID)
    store.remove(INTENT)
    assert store.read().entries == (PAID,)


def test_a_late_intent_of_the_same_generation_does_not_hide_the_paid_task(store):
    store.put(PAID)
    store.put(replace(INTENT, sent_at=200.0))
    assert store.read().entries == (PAID,)


def test_generations_and_fingerprints_stand_beside_each_other(store):
    second = replace(INTENT, generation=2, sent_at=300.0)
    other = replace(PAID, fingerprint="e" * 64, phota_task_id="task-9")
    for entry in (PAID, other, second):
        store.put(entry)
    assert store.read().latest(INTENT.fingerprint) == second
    assert store.read().others(INTENT.fingerprint) == (other,)


DAMAGED = [b"", b"{", b"[]", b'{"version": 2, "entries": []}', b'{"version": 1, "entries": [{}]}']


def object_store(tmp_path, **more):
    return ObjectStorageStore(ObjectStoragePath(f"file://{tmp_path}"), INSTANCE, **more)


@pytest.mark.parametrize("content", DAMAGED)
@pytest.mark.parametrize("entry", [INTENT, PAID])
def test_what_cannot_be_read_is_not_an_empty_record_and_is_named(tmp_path, content, entry):
    store = object_store(tmp_path)
    store.put(entry)
    (path,) = (tmp_path / INSTANCE.digest).iterdir()
    path.write_bytes(content)
    with pytest.raises(UnreadableRecord):
        store.read()
    with pytest.raises(PhotaLedgerError, match="nothing was sent") as caught:
        Ledger([store]).read()
    assert str(path) in str(caught.value)
    assert "adopt_phota_task_id" in str(caught.value)


@pytest.mark.parametrize("content", DAMAGED)
def test_a_damaged_intent_does_not_block_the_whole_id_beside_it(tmp_path, content, caplog):
    store = object_store(tmp_path)
    store.put(INTENT)
    store.put(PAID)
    (path,) = (tmp_path / INSTANCE.digest).glob("*-intent.json")
    path.write_bytes(content)
    assert store.read().entries == (PAID,)
    assert str(path) in caplog.text


def test_one_intent_of_a_generation_is_created_and_the_other_process_learns_of_it(tmp_path):
    first, second = object_store(tmp_path), object_store(tmp_path)
    first.put(replace(INTENT, token="a"))
    with pytest.raises(IntentExists):
        second.put(replace(INTENT, token="b"))
    assert [entry.token for entry in second.read().entries] == ["a"]
    second.remove(replace(INTENT, token="b"))
    assert [entry.token for entry in second.read().entries] == ["a"]


def test_an_id_never_takes_the_place_of_another_one(tmp_path):
    store = object_store(tmp_path)
    another = replace(PAID, phota_task_id="task-2", token="b")
    for entry in (PAID, another, PAID, another):
        store.put(entry)
    assert store.read().phota_task_ids == {"task-1", "task-2"}


class FrozenLedger(Ledger):
    """Its process stands still between the check and the writing of the intent, while another one acts."""

    def intend(self, entry, known):
        (store,) = self._stores
        put, meanwhile = store.put, self.meanwhile

        def late_put(entry):
            while meanwhile:
                meanwhile.pop()()
            put(entry)

        store.put = late_put
        super().intend(entry, known)


def test_a_process_that_stands_still_after_its_check_does_not_pay_again(emulator, picture_url, tmp_path):
    frozen = FrozenLedger([object_store(tmp_path)])
    (tmp_path / "phota-ledger.json").write_text("{}")

    def submission(ledger, try_number):
        edit = EditOrder.checked(prompt="a beach", image_urls=picture_url, local_inputs=True)
        return Submission(PhotaHook(), ledger, edit.body(), lambda: edit, edit, try_number=try_number)

    paid = []
    frozen.meanwhile = [
        lambda: paid.append(submission(Ledger([object_store(tmp_path)]), 2).place().phota_task_id)
    ]
    assert [submission(frozen, 1).place().phota_task_id] == paid == [entry.id for entry in emulator.ledger()]


def test_a_half_written_object_is_not_read(tmp_path):
    store = ObjectStorageStore(ObjectStoragePath(f"file://{tmp_path}"), INSTANCE)
    store.put(INTENT)
    (tmp_path / INSTANCE.digest / "ffff-1-task.json.part").write_bytes(b"{")
    assert store.read().entries == (INTENT,)


def test_a_fingerprint_is_of_the_request_and_of_who_pays_and_of_no_secret():
    base = fingerprint(b"body", "phota_default", "https://api.foxapi.cc", "")
    others = {
        fingerprint(b"body2", "phota_default", "https://api.foxapi.cc", ""),
        fingerprint(b"body", "phota_other", "https://api.foxapi.cc", ""),
        fingerprint(b"body", "phota_default", "https://api.aihubmax.com", ""),
        fingerprint(b"body", "phota_default", "https://api.foxapi.cc", "2"),
        fingerprint(b"bodyphota_default", "", "https://api.foxapi.cc", ""),
    }
    assert len(others | {base}) == 6


def execute(context, picture_url, **arguments):
    how = {"prompt": "a beach", "image_urls": picture_url, "poll_interval": 0.05, **arguments}
    return PhotaImageEditOperator(task_id="edit", **how).execute(context)


def test_a_retry_takes_up_the_task_of_the_attempt_before(emulator, picture_url, remembering):
    context, arguments = remembering
    emulator.add_faults(Fault(on="submit", kind="latency", seconds=1.0))
    with pytest.raises(PhotaWaitTimeout, match="goes on"):
        execute(context, picture_url, wait_for_completion=True, timeout=0.2, **arguments)
    result = execute(context, picture_url, wait_for_completion=True, **arguments)
    assert [entry.id for entry in emulator.ledger()] == [result["phota_task_id"]]


def test_a_retry_that_finds_its_task_finished_returns_it_without_a_deferral(
    emulator, picture_url, remembering
):
    context, arguments = remembering
    deferring = {"wait_for_completion": True, "deferrable": True, **arguments}
    with pytest.raises(TaskDeferred):
        execute(context, picture_url, **deferring)
    emulator.advance(60.0)
    while emulator.ledger()[0].status != "completed":  # it reads the picture first
        time.sleep(0.01)
    result = execute(context, picture_url, **deferring)
    (entry,) = emulator.ledger()
    assert (result["phota_task_id"], result["status"]) == (entry.id, "completed")


def test_a_retry_that_finds_its_task_running_defers_and_tells_what_it_saw(emulator, picture_url, remembering):
    context, arguments = remembering
    emulator.add_faults(Fault(on="submit", kind="latency", seconds=3600.0))
    deferring = {"wait_for_completion": True, "deferrable": True, "poll_interval": (2, 30), **arguments}
    with pytest.raises(TaskDeferred) as first:
        execute(context, picture_url, **deferring)
    emulator.advance(600.0)
    with pytest.raises(TaskDeferred) as second:
        execute(context, picture_url, **deferring)
    triggers = [caught.value.trigger for caught in (first, second)]
    assert len(emulator.ledger()) == 1
    assert [(each.poll_interval, each.longest_interval) for each in triggers] == [(2.0, 30.0)] * 2
    assert {each.estimated_time > 1000.0 for each in triggers} == {True}
    # by the service's clock, which is 600 s further on
    assert triggers[0].since - triggers[1].since == pytest.approx(600.0, abs=30.0)


def test_an_edit_whose_answer_got_lost_is_held_and_says_what_to_do(
    emulator, picture_url, remembering, monkeypatch
):
    context, arguments = remembering
    emulator.add_faults(Fault(on="submit", kind="reset_after"))
    with pytest.raises(AirflowFailException, match="may have been created and billed"):
        execute(context, picture_url, **arguments)
    set_clock(monkeypatch, Clock(later=600.0))
    with pytest.raises(AirflowFailException) as caught:
        execute(context, picture_url, **arguments)
    for words in (
        "try 1 at 20",
        "never got its answer",
        "log of try 1",
        "adopt_phota_task_id",
        "on_ambiguous='resubmit'",
    ):
        assert words in str(caught.value)
    assert len(emulator.ledger()) == 1
    adopted = execute(context, picture_url, adopt_phota_task_id=emulator.ledger()[0].id, **arguments)
    assert adopted == emulator.ledger()[0].id == execute(context, picture_url, **arguments)


def test_resubmitting_is_left_to_a_retry_and_happens_once(emulator, picture_url, remembering, monkeypatch):
    context, arguments = remembering
    emulator.add_faults(Fault(on="submit", kind="reset_after", times=2))
    with pytest.raises(PhotaSubmitAmbiguous, match="a retry pays for it once more"):
        execute(context, picture_url, on_ambiguous="resubmit", **arguments)
    set_clock(monkeypatch, Clock())
    with pytest.raises(AirflowFailException):
        execute(context, picture_url, on_ambiguous="resubmit", **arguments)
    with pytest.raises(AirflowFailException):
        execute(context, picture_url, on_ambiguous="resubmit", **arguments)
    assert len(emulator.ledger()) == 2


def test_a_refused_edit_leaves_no_intent(emulator, picture_url, remembering):
    context, arguments = remembering
    emulator.add_faults(Fault(on="submit", kind="status", status=402, code="insufficient_quota"))
    with pytest.raises(AirflowFailException, match="402"):
        execute(context, picture_url, **arguments)
    assert execute(context, picture_url, **arguments) == emulator.ledger()[0].id


def test_an_edit_the_service_failed_is_made_anew_by_a_retry(emulator, picture_url, remembering):
    context, arguments = remembering
    emulator.add_faults(Fault(on="submit", kind="fail_task"))
    with pytest.raises(Exception, match="A retry submits a new order"):
        execute(context, picture_url, wait_for_completion=True, **arguments)
    assert execute(context, picture_url, wait_for_completion=True, **arguments)["status"] == "completed"
    assert len(emulator.ledger()) == 2


def test_expired_results_are_paid_for_again_only_when_asked(emulator, picture_url, remembering, monkeypatch):
    context, arguments = remembering
    execute(context, picture_url, wait_for_completion=True, **arguments)
    set_clock(monkeypatch, Clock(later=25 * 3600.0))
    with pytest.raises(AirflowFailException, match="on_expired='resubmit'"):
        execute(context, picture_url, **arguments)
    assert len(emulator.ledger()) == 1
    execute(context, picture_url, on_expired="resubmit", **arguments)
    assert len(emulator.ledger()) == 2


def test_another_prompt_is_another_edit_and_the_old_one_is_named(emulator, picture_url, remembering, caplog):
    context, arguments = remembering
    first = execute(context, picture_url, **arguments)
    with caplog.at_level("INFO"):
        execute(context, picture_url, prompt="a forest", **arguments)
    assert f"paid for a different order before: PHOTA task {first}" in caplog.text
    assert len(emulator.ledger()) == 2


def test_without_a_ledger_it_says_so_and_works(emulator, picture_url, monkeypatch):
    said = []
    monkeypatch.setattr(PhotaImageEditOperator, "log", property(lambda self: Log(said)))
    execute({"ti": TaskInstance()}, picture_url)
    assert NO_LEDGER in said
    assert len(emulator.ledger()) == 1


@pytest.mark.usefixtures("emulator")
@pytest.mark.parametrize("ledger", [True, False])
def test_a_broken_deferral_is_retried_only_where_a_ledger_remembers_the_paid_task(ledger):
    context = {"ti": TaskInstance()} | ({"task_state_store": Accessor()} if ledger else {})
    operator = PhotaImageEditOperator(
        task_id="edit", prompt="a beach", image_urls="https://example.com/a.png"
    )
    context["ti"].xcom_push("phota_task_id", "task-1")
    with pytest.raises(AirflowException) as caught:
        operator.resume_execution("__fail__", {"error": "Trigger timeout"}, context)
    assert isinstance(caught.value, AirflowFailException) is not ledger


class Log:
    def __init__(self, said):
        self.said = said

    def warning(self, words, *values):
        self.said.append(words % values if values else words)

    info = warning


@pytest.mark.parametrize(
    ("arguments", "argument"),
    [
        ({"ledger_path": "relative/path"}, "ledger_path"),
        ({"ledger_path": "s4://bucket"}, "ledger_path"),
        ({"adopt_phota_task_id": "../x"}, "adopt_phota_task_id"),
        ({"edition": None}, "edition"),
    ],
)
def test_bad_input_is_refused_before_anything_is_sent(emulator, picture_url, arguments, argument):
    with pytest.raises(AirflowFailException, match=f"^{argument}: "):
        execute({"ti": TaskInstance()}, picture_url, **arguments)
    assert emulator.ledger() == []


@pytest.mark.parametrize("argument", ["on_ambiguous", "on_missing", "on_expired"])
def test_a_policy_is_fail_or_resubmit(argument):
    with pytest.raises(ValueError, match=f"^{argument}: must be 'fail'(,| or) 'resubmit'"):
        PhotaImageEditOperator(
            task_id="edit", prompt="a", image_urls="https://x.y/z.png", **{argument: "again"}
        )

"""A store that hangs, refuses or forgets: the other one gets the ID at once, and nothing is sent on a guess."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, ObjectStoragePath
from airflow_runs import TaskInstance
from attempt_by_hand import Accessor

from airflow_provider_phota.api.errors import PhotaLedgerError
from airflow_provider_phota.emulator import Fault
from airflow_provider_phota.ledger import instances
from airflow_provider_phota.ledger.ledger import Ledger
from airflow_provider_phota.ledger.object_storage import ObjectStorageStore
from airflow_provider_phota.ledger.records import Entry, InstanceName, Record
from airflow_provider_phota.operators.phota import PhotaImageEditOperator

pytestmark = pytest.mark.usefixtures("metadata_database")

INSTANCE = InstanceName("dag", "run", "task", -1)
INTENT = Entry("f" * 64, 1, 1, time.time(), time.time() + 65.0, token="a")
PAID = replace(INTENT, phota_task_id="task-1")


class Hanging(ObjectStorageStore):
    """It answers when it is let go, and what it was asked for is done then."""

    def __init__(self, path):
        super().__init__(ObjectStoragePath(f"file://{path}"), INSTANCE)
        self.let_go = threading.Event()
        self.done = threading.Event()
        self.hangs_on = set()

    def read(self):
        return self._after("read", super().read)

    def put(self, entry):
        return self._after("put", lambda: ObjectStorageStore.put(self, entry))

    def remove(self, entry):
        super().remove(entry)
        self.done.set()

    def _after(self, name, act):
        if name in self.hangs_on:
            assert self.let_go.wait(60.0)
        return act()


@pytest.fixture
def hanging(tmp_path):
    (tmp_path / "hanging").mkdir()
    store = Hanging(tmp_path / "hanging")
    yield store
    store.let_go.set()


@pytest.fixture
def healthy(tmp_path):
    (tmp_path / "healthy").mkdir()
    return ObjectStorageStore(ObjectStoragePath(f"file://{tmp_path}/healthy"), INSTANCE)


def test_a_store_that_hangs_is_not_an_empty_one(hanging):
    hanging.hangs_on = {"read"}
    with pytest.raises(PhotaLedgerError, match="no answer in time"):
        Ledger([hanging], longest_call=0.2).read()


def test_an_intent_that_is_written_too_late_is_taken_back(hanging, healthy):
    hanging.hangs_on = {"put"}
    with pytest.raises(PhotaLedgerError, match="no answer in time"):
        Ledger([healthy, hanging], longest_call=0.2).intend(INTENT, None)
    assert healthy.read() == Record()
    hanging.done.clear()
    hanging.let_go.set()
    assert hanging.done.wait(30.0)
    assert hanging.read() == Record()


def test_an_id_reaches_the_store_that_answers_while_the_other_one_hangs(hanging, healthy):
    hanging.hangs_on = {"put"}
    noting = threading.Thread(target=Ledger([hanging, healthy]).note_task, args=[PAID])
    noting.start()
    deadline = time.monotonic() + 20.0
    while healthy.read().phota_task_ids != {"task-1"}:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert not hanging.let_go.is_set()
    hanging.let_go.set()
    noting.join(60.0)
    assert hanging.read().phota_task_ids == {"task-1"}


def test_a_paid_edit_goes_on_where_no_store_takes_its_id(hanging):
    hanging.hangs_on = {"put"}
    Ledger([hanging], longest_call=0.1, offering=0.0).note_task(PAID)
    assert hanging.read() == Record()


@pytest.mark.parametrize("ahead", [3600.0, -3600.0])
def test_a_living_sender_is_waited_for_whatever_this_clock_says(healthy, ahead):
    now = time.time()
    intent = replace(INTENT, sent_at=now, send_deadline=now + 65.0)
    healthy.put(intent)
    ledger = Ledger([healthy], clock=SimpleNamespace(time=lambda: now + ahead))
    assert 30.0 < ledger.seconds_left(intent) <= 65.0


def test_where_no_store_shows_a_clock_the_whole_span_is_waited_for():
    store = SimpleNamespace(age=lambda entry: None)
    assert Ledger([store]).seconds_left(replace(INTENT, sent_at=0.0, send_deadline=65.0)) == 65.0


@pytest.fixture
def discards(monkeypatch):
    monkeypatch.setattr(instances, "CLEAR_DISCARDS_STATE", True)


def attempt(picture_url, accessor, *, try_number=1, max_tries=0, clears=0, loop=None, **more):
    ti = TaskInstance()
    ti.try_number, ti.max_tries, ti.task = try_number, max_tries, SimpleNamespace(retries=0)
    context = {"ti": ti, "task_state_store": accessor, "dag_run": SimpleNamespace(clear_number=clears)}
    operator = PhotaImageEditOperator(task_id="edit", prompt="a beach", image_urls=picture_url, **more)
    return operator.execute(context | ({"loop": loop} if loop else {}))


@pytest.mark.usefixtures("discards")
def test_a_clear_that_threw_the_record_away_does_not_pay_again(emulator, picture_url):
    paid = attempt(picture_url, Accessor())
    cleared = {"try_number": 2, "max_tries": 1, "clears": 1}
    for _ in range(2):  # a retry of the attempt that was held is held as well
        with pytest.raises(AirflowFailException, match="on_discarded='resubmit'") as caught:
            attempt(picture_url, accessor := Accessor(), **cleared)
    assert "log of try 1" in str(caught.value)
    assert accessor.values == {}
    assert attempt(picture_url, accessor, **cleared, adopt_phota_task_id=paid) == paid
    assert attempt(picture_url, accessor, try_number=3, max_tries=1, clears=1) == paid
    assert [entry.id for entry in emulator.ledger()] == [paid]


@pytest.mark.usefixtures("discards")
def test_a_clear_that_kept_the_record_goes_on_and_an_edit_that_was_never_sent_is_sent(emulator, picture_url):
    accessor = Accessor()
    emulator.add_faults(Fault(on="submit", kind="status", status=402, code="insufficient_quota"))
    with pytest.raises(AirflowFailException, match="402"):
        attempt(picture_url, accessor)
    cleared = {"max_tries": 1, "clears": 1}
    paid = attempt(picture_url, accessor, try_number=2, **cleared)
    assert attempt(picture_url, accessor, try_number=3, **cleared) == paid
    assert [entry.id for entry in emulator.ledger()] == [paid]


@pytest.mark.usefixtures("discards")
def test_an_author_may_have_a_discarded_edit_paid_again(emulator, picture_url):
    attempt(picture_url, Accessor())
    attempt(picture_url, Accessor(), try_number=2, max_tries=1, clears=1, on_discarded="resubmit")
    assert len(emulator.ledger()) == 2


@pytest.mark.usefixtures("discards")
def test_a_ledger_path_remembers_what_a_clear_threw_away(emulator, picture_url, tmp_path):
    more = {"ledger_path": f"file://{tmp_path}"}
    paid = attempt(picture_url, Accessor(), **more)
    assert attempt(picture_url, Accessor(), try_number=2, max_tries=1, clears=1, **more) == paid
    assert len(emulator.ledger()) == 1


@pytest.mark.usefixtures("discards")
@pytest.mark.parametrize(
    ("more", "held"),
    [
        ({}, False),
        ({"try_number": 2, "max_tries": 0}, False),  # an automatic retry
        ({"loop": SimpleNamespace(index=0)}, False),
        ({"loop": SimpleNamespace(index=1), "clears": 1}, True),  # a clear of a loop counts no tries
    ],
)
def test_only_a_clear_may_have_thrown_a_record_away(emulator, picture_url, more, held):
    if held:
        with pytest.raises(AirflowFailException, match="may have paid"):
            attempt(picture_url, Accessor(), **more)
    else:
        attempt(picture_url, Accessor(), **more)
    assert len(emulator.ledger()) == (not held)

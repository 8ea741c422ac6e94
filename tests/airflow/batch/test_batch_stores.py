"""A batch whose stores fail: for a while, for too long, or for good."""

from __future__ import annotations

import shutil
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace
from uuid import uuid4

import pytest
from airflow.providers.common.compat.sdk import AirflowException

from airflow_provider_phota.api.errors import PhotaLedgerError
from airflow_provider_phota.emulator import Fault
from airflow_provider_phota.journal.patience import Patience
from airflow_provider_phota.triggers.batch_events import BatchWaitEvent, WakeUp

#: Seconds for which a store fails.
AWAY = 6.0


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    from tests.chaos.object_store import S3Server

    with S3Server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def bucket(server, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_AWS_STORES", server.connection)
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    name = f"shop-{uuid4().hex[:8]}"
    server.make_bucket(name)
    yield name
    server.set_gate(name, "open")


@pytest.fixture
def s3_shop(shop, server, bucket):
    """A shop whose pictures, journal and results are on S3."""
    shop.add_pictures(8)
    for path in (shop.folder / "inbox").iterdir():
        server.put(bucket, f"inbox/{path.name}", path.read_bytes())
    shop.destination = f"s3://aws_stores@{bucket}/out"
    shop.arguments = {"edits": f"s3://aws_stores@{bucket}/inbox/*.png", "in_flight": 4}
    return shop


@contextmanager
def away(server, bucket, mode, match, since, seconds=AWAY):
    """The store fails for what matches, from when that is true, for some seconds."""

    def close_and_open():
        while not since():
            time.sleep(0.01)
        server.set_gate(bucket, mode, match)
        time.sleep(seconds)
        server.set_gate(bucket, "open")

    thread = threading.Thread(target=close_and_open)
    thread.start()
    yield
    thread.join()


@pytest.mark.parametrize("mode", ["failing", "hanging"])
@pytest.mark.parametrize("match", ["/inbox/00", "/out/00", ".phota-batches"])
def test_a_store_that_fails_for_a_while_is_waited_for(s3_shop, server, bucket, mode, match):
    with away(server, bucket, mode, match, since=lambda: s3_shop.billed >= 2):
        s3_shop.run()
    assert (s3_shop.statuses, s3_shop.billed) == ({"landed": 8}, 8)
    landed = [name for name, _ in server.objects(bucket, "out/") if name.endswith(".png")]
    assert len(landed) == 8


@pytest.mark.slow
def test_a_journal_that_is_away_for_too_long_ends_the_batch_and_the_log_has_the_ids(
    s3_shop, server, bucket, monkeypatch, caplog
):
    monkeypatch.setattr("airflow_provider_phota.journal.writer.Patience", partial(Patience, seconds=2.0))
    s3_shop.emulator.add_faults(Fault("submit", "latency", seconds=2, times=None))
    with away(server, bucket, "failing", "segments", since=lambda: s3_shop.billed >= 2, seconds=40):
        error = s3_shop.fail()
    assert isinstance(error, PhotaLedgerError | AirflowException)
    assert "journal" in str(error)
    billed = s3_shop.billed
    assert billed < 8
    assert max(s3_shop.bills.values()) == 1
    for entry in s3_shop.emulator.ledger():
        assert entry.id in caplog.text
    s3_shop.run()
    # each order that was paid for while the journal was away is a row to look at, and no other
    assert s3_shop.statuses["landed"] + s3_shop.statuses["ambiguous"] == 8
    assert s3_shop.statuses["ambiguous"] <= 4
    assert max(s3_shop.bills.values()) == 1
    lost = {entry.request["prompt"][5:8]: entry.id for entry in s3_shop.emulator.ledger()}
    adopt = {key: lost[key[:3]] for key in s3_shop.keys_with("ambiguous") if key[:3] in lost}
    s3_shop.clear().run(adopt=adopt)
    assert s3_shop.statuses["landed"] == 8 - len(s3_shop.keys_with("ambiguous"))
    assert max(s3_shop.bills.values()) == 1


def journal_of(shop):
    (journal,) = (shop.folder / "out" / ".phota-batches").iterdir()
    return journal


@pytest.mark.parametrize("pattern", ["segments/*", "leases/*", "batch.json"])
@pytest.mark.parametrize("damage", [b"", b"{", b"\xff\xfe nonsense\n", b'{"e":"paid"}\n'])
def test_a_damaged_journal_is_an_error_and_nothing_is_sent(shop, pattern, damage):
    shop.add_pictures(3)
    shop.run(edits=f"file://{shop.folder}/inbox/00[01].png")
    path = sorted(journal_of(shop).glob(pattern))[0]
    path.write_bytes(damage)
    error = shop.fail(edits=f"file://{shop.folder}/inbox/00[01].png")
    assert path.name in str(error)
    assert shop.billed == 2


@pytest.mark.parametrize("name", ["plan.json", "00001.jsonl"])
@pytest.mark.parametrize("damage", [None, b"", b"{", b"\xff\xfe nonsense\n"])
def test_a_damaged_plan_is_written_again(shop, name, damage):
    shop.add_pictures(3)
    shop.run()
    (path,) = journal_of(shop).glob(f"plans/*/{name}")
    path.unlink() if damage is None else path.write_bytes(damage)
    assert shop.run()["counts"]["landed"] == shop.billed == 3


def test_a_plan_that_is_gone_after_a_pause_is_an_error_and_a_retry_writes_it_again(shop):
    shop.add_pictures(2)
    shop.run()
    for path in journal_of(shop).glob("plans/*/00001.jsonl"):
        path.unlink()
    event = BatchWaitEvent("", WakeUp.ENOUGH, 1, 1).to_dict()
    with pytest.raises(
        PhotaLedgerError, match=r"(?s)plan of this batch cannot be read.*retry writes it again"
    ):
        shop.operator().execute_complete(shop.context(), event)
    assert shop.run()["counts"]["landed"] == shop.billed == 2


def test_a_chunk_that_is_gone_while_orders_are_being_sent_breaks_off_none_of_them(shop, monkeypatch):
    monkeypatch.setattr("airflow_provider_phota.batch.items.spool._LINES", 2)
    monkeypatch.setattr("airflow_provider_phota.batch.pipeline._BESIDES", 0)
    shop.add_pictures(6)
    shop.emulator.add_faults(Fault("submit", "slow_body", times=None, seconds=1.0))

    def remove_the_last_chunk():
        while not shop.emulator.counts().get("POST /v1/images/generations"):
            time.sleep(0.01)
        (path,) = journal_of(shop).glob("plans/*/00003.jsonl")
        path.unlink()

    with ThreadPoolExecutor() as pool:
        removal = pool.submit(remove_the_last_chunk)
        error = shop.fail(in_flight=2)
        removal.result()
    assert "The plan of this batch cannot be read" in str(error)
    assert shop.billed < 6
    shop.emulator.clear_faults()
    assert shop.run()["counts"]["landed"] == shop.billed == 6  # so none was in doubt


def test_a_journal_of_another_batch_is_an_error_and_nothing_is_sent(shop):
    shop.add_pictures(2)
    shop.run()
    theirs = journal_of(shop)
    kept = shop.folder / "kept"
    shutil.copytree(theirs, kept)
    shutil.rmtree(theirs)
    shop.run_id = "another"
    shop.try_to_run(max_failures=0)
    own = journal_of(shop)
    shutil.rmtree(own)
    shutil.copytree(kept, own)
    billed = shop.billed
    error = shop.fail(edits=f"file://{shop.folder}/inbox/000.png", edition="b")
    assert "belongs to another batch" in str(error)
    assert "run run" in str(error)
    assert shop.billed == billed


def test_a_journal_that_is_gone_is_noticed_after_a_pause(shop):
    shop.add_pictures(2)
    shop.run()
    shutil.rmtree(journal_of(shop))
    event = {"version": 1, "waits": "", "ended": 0, "open": 0, "why": "enough"}
    with pytest.raises(PhotaLedgerError, match="journal of this batch is gone"):
        shop.operator().execute_complete(shop.context(), event)
    assert shop.billed == 2


def test_a_journal_that_is_gone_is_noticed_by_a_retry_where_airflow_keeps_state(shop):
    shop.state = {}
    shop.add_pictures(2)
    shop.run()
    shutil.rmtree(journal_of(shop))
    assert "missing or incomplete" in str(shop.fail())
    assert "trigger a new DAG run" in str(shop.fail())
    assert shop.billed == 2


def test_another_destination_does_not_pay_again_where_airflow_keeps_state(shop):
    shop.state = {}
    shop.add_pictures(2)
    shop.run()
    error = shop.fail(destination=f"file://{shop.folder}/elsewhere")
    assert "in another place than before" in str(error)
    assert f"{shop.folder}/out/" in str(error)
    assert shop.billed == 2
    shop.run_id, shop.state, shop.try_number = "another", {}, 0
    shop.run(destination=f"file://{shop.folder}/elsewhere")
    assert shop.billed == 4


def refused(*_):
    raise RuntimeError("emu-0123456789abcdef")


def run_with(shop, **store):
    context = shop.context()
    context["task_state_store"] = SimpleNamespace(**store)
    return shop.operator().execute(context)


def test_nothing_is_paid_for_while_it_is_not_known_whether_there_was_a_journal(shop, caplog):
    shop.add_pictures(2)
    with pytest.raises(PhotaLedgerError, match="not known whether this batch has paid") as caught:
        run_with(shop, get=refused, set=refused)
    assert caught.value.retryable
    assert shop.billed == 0
    assert "state store cannot be read (RuntimeError)" in caplog.text
    assert "emu-0123" not in caplog.text + "".join(traceback.format_exception(caught.value))
    assert run_with(shop, get={}.get, set=refused)["counts"]["landed"] == 2
    assert "state store cannot be written (RuntimeError)" in caplog.text


def test_a_state_store_that_fails_does_not_end_a_batch_that_has_its_journal(shop):
    shop.add_pictures(2)
    shop.run()
    shop.add_pictures(3)
    assert run_with(shop, get=refused, set=refused)["counts"]["landed"] == shop.billed == 3


@pytest.mark.parametrize("part", ["batch.json", "segments"])
def test_a_part_of_a_journal_that_is_gone_is_noticed(shop, part):
    shop.add_pictures(2)
    shop.run(in_flight=1)
    path = journal_of(shop) / part
    if path.is_dir():
        sorted(path.iterdir())[0].unlink()
    else:
        path.unlink()
    error = shop.fail()
    assert "missing" in str(error)
    assert shop.billed == 2

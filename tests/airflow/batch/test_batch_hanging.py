"""A batch of which something hangs: it is left behind, and neither the others nor the process wait for it.

Whoever opens a named pipe hangs until somebody writes to it, as with a file of a mount that is gone.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException
from PIL import Image

from airflow_provider_phota.api.errors import PhotaLedgerError
from airflow_provider_phota.batch import attempt, batch, so_far
from airflow_provider_phota.emulator import Fault
from airflow_provider_phota.inputs.accounts import account_digest
from airflow_provider_phota.journal.patience import Patience
from airflow_provider_phota.storage import calls

#: Seconds after which a call is left behind.
SOON = 3.0


@pytest.fixture
def pipes():
    """Makes named pipes, and ends at the end what hangs."""
    made = []

    def make(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(path)
        made.append(path)
        return path

    yield make
    for path in made:
        if path.is_fifo():
            release(path)


def release(path):
    """Whoever reads the pipe finds it empty, and may remove it."""
    os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK))
    path.unlink(missing_ok=True)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(attempt, "_LONGEST_LOOK", SOON)
    monkeypatch.setattr(attempt, "_LONGEST_TRANSFER", SOON)
    monkeypatch.setattr(calls, "LAST_SECONDS", SOON)


def items_of(shop, *hanging):
    return [
        {"key": path.stem, "image_urls": f"file://{path}"}
        for path in sorted([*(shop.folder / "inbox").iterdir(), *hanging])
    ]


def test_pictures_that_hang_are_rows_and_the_others_land(shop, pipes):
    """There are more of them than threads, and each thread goes on to another picture."""
    shop.add_pictures(24)
    hanging = [pipes(shop.folder / "gone" / f"{n:03d}-hangs.png") for n in range(3, 22, 3)]
    items = sorted(items_of(shop, *hanging), key=lambda item: item["key"])
    shop.run(edits=items, prompt="Make it shine", duplicates="pay")
    assert (shop.statuses, shop.billed) == ({"landed": 24, "failed": len(hanging)}, 24)
    row = shop.rows["003-hangs"]
    assert row["can_retry"]
    assert "could not be looked at: a store gave no answer within 3 s" in row["error"]
    assert "Nothing was paid for this order. Another attempt tries it again." in row["error"]
    for path in hanging:
        release(path)
        Image.new("RGB", (8, 8), (int(path.stem[:3]), 7, 7)).save(path)
    shop.run(edits=items, prompt="Make it shine", duplicates="pay")
    assert (shop.statuses, shop.billed) == ({"landed": 24 + len(hanging)}, 24 + len(hanging))


def test_pictures_that_all_hang_end_the_batch_at_once(shop, pipes):
    """Each would hang for as long, so those that wait for a thread are not even opened."""
    (shop.folder / "inbox").mkdir()
    hanging = [pipes(shop.folder / "gone" / f"{n:03d}.png") for n in range(40)]
    began = time.monotonic()
    error = shop.fail(edits=items_of(shop, *hanging))
    assert time.monotonic() - began < 10 * SOON
    assert isinstance(error, AirflowException)
    assert not isinstance(error, AirflowFailException)
    assert "The batch stopped: Pictures could not be looked at: a store gave no answer" in str(error)
    assert "Nothing was paid for." in str(error)
    assert (shop.statuses, shop.billed) == ({"not_sent": 40}, 0)


def test_a_picture_that_cannot_be_published_is_a_row(shop, pipes, monkeypatch):
    shop.add_pictures(8)
    url, ledger = shop.emulator.url, shop.folder / "ledger"
    extra = {"ledger_path": f"file://{ledger}"}
    connection = {"conn_type": "phota", "password": shop.emulator.key, "host": url, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_PHOTA_DEFAULT", json.dumps(connection))
    name = hashlib.sha256((shop.folder / "inbox" / "003.png").read_bytes()).hexdigest()
    pipe = pipes(ledger / "uploads" / account_digest(url, "phota_default") / f"{name}.json")
    shop.run()
    assert (shop.statuses, shop.billed) == ({"landed": 7, "failed": 1}, 7)
    assert "could not be published: a store gave no answer within 3 s" in shop.rows["003.png"]["error"]
    release(pipe)
    shop.run()
    assert (shop.statuses, shop.billed) == ({"landed": 8}, 8)


def test_a_picture_that_cannot_land_is_a_row_and_a_retry_lands_it_for_nothing(shop, pipes):
    shop.add_pictures(8)
    pipe = pipes(shop.folder / "out" / ".phota-parts" / "003-0.left.part")
    shop.run()
    assert (shop.statuses, shop.billed) == ({"landed": 7, "failed": 1}, 8)
    row = shop.rows["003.png"]
    assert row["can_retry"]
    assert f"PHOTA task {row['phota_task_id']} did not land: a store gave no answer" in row["error"]
    assert "It is finished and billed." in row["error"]
    release(pipe)
    shop.run()
    assert (shop.statuses, shop.billed) == ({"landed": 8}, 8)


def test_a_destination_that_hangs_stops_the_batch_and_a_retry_lands_what_is_paid(shop, pipes):
    shop.add_pictures(3)
    hanging = [pipes(shop.folder / "out" / ".phota-parts" / f"00{n}-0.left.part") for n in range(3)]
    error = shop.fail()
    assert isinstance(error, AirflowException)
    assert not isinstance(error, AirflowFailException)
    assert "The batch stopped: PHOTA task task-" in str(error)
    billed = shop.billed
    assert billed
    for path in hanging:
        release(path)
    shop.run()
    assert (shop.statuses, shop.billed) == ({"landed": 3}, 3)


def test_results_that_hang_are_an_error_and_a_retry_writes_them(shop, pipes, monkeypatch):
    monkeypatch.setattr(batch, "_LONGEST_REPORT", SOON)
    shop.add_pictures(2)
    pipe = pipes(shop.folder / "out" / ".phota-parts" / "results.jsonl.left.part")
    error = shop.fail()
    assert isinstance(error, PhotaLedgerError)
    assert error.retryable
    assert "could not be written down: a store gives no answer" in str(error)
    release(pipe)
    shop.run()
    assert (shop.statuses, shop.billed) == ({"landed": 2}, 2)


def test_rows_so_far_that_hang_do_not_end_the_batch(shop, pipes, monkeypatch, caplog):
    monkeypatch.setattr(so_far, "_LONGEST_WRITE", SOON)
    monkeypatch.setattr(so_far, "EVERY", 0.1)
    monkeypatch.setattr(so_far, "_RARELY", 0)
    shop.add_pictures(2)
    pipes(shop.folder / "out" / ".phota-parts" / "results.partial.jsonl.left.part")
    shop.emulator.add_faults(Fault("submit", "latency", seconds=4 * SOON, times=None))
    assert shop.run()["counts"]["landed"] == 2
    assert caplog.text.count("The rows so far are not written: TimeoutError") >= 2
    assert threading.active_count() < 50


@pytest.mark.parametrize("name", ["batch.json", "leases"])
def test_a_journal_that_hangs_when_it_is_opened_is_an_error(shop, pipes, monkeypatch, name):
    patience = partial(Patience, seconds=SOON / 2, longest_call=SOON, longest_reading=SOON)
    monkeypatch.setattr("airflow_provider_phota.journal.writer.Patience", patience)
    monkeypatch.setattr(attempt, "StorePatience", patience)
    shop.add_pictures(2)
    shop.run()
    (path,) = (shop.folder / "out" / ".phota-batches").glob(f"*/{name}")
    path = path if path.is_file() else next(path.iterdir())
    path.unlink()
    pipes(path)
    shop.try_number += 1
    context = shop.context()
    context["task_state_store"] = SimpleNamespace(get=lambda _: 1 / 0)  # the journal itself has to be asked
    with pytest.raises(PhotaLedgerError, match=r"(?s)journal of this batch could not be read.*no answer"):
        shop.operator().execute(context)
    assert shop.billed == 2


PROGRAM = Path(__file__).with_name("batch_process.py")
IMPATIENT = """
import runpy, sys
from airflow_provider_phota.batch import attempt
attempt._LONGEST_LOOK = attempt._LONGEST_TRANSFER = 8.0
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.mark.parametrize("place", ["inbox/003.png", "out/.phota-parts/003-0.left.part"])
def test_a_process_ends_although_a_thread_hangs(shop, pipes, place):
    shop.add_pictures(8)
    path = shop.folder / place
    path.unlink(missing_ok=True)
    pipes(path)
    items = [
        {"key": f"{n:03d}.png", "image_urls": f"file://{shop.folder}/inbox/{n:03d}.png"} for n in range(8)
    ]
    command = [sys.executable, "-c", IMPATIENT, str(PROGRAM), f"file://{shop.folder}", "1"]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join((str(PROGRAM.parents[1]), str(PROGRAM.parents[3])))}
    arguments = json.dumps({"edits": items, "prompt": "Make it shine", "duplicates": "pay"})
    ended = subprocess.run([*command, arguments], env=env, capture_output=True, timeout=120, check=False)
    counts = json.loads(ended.stdout.splitlines()[-1])["counts"]
    assert (counts["landed"], counts["failed"]) == (7, 1)
    assert ended.returncode == 0

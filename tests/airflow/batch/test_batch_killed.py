"""A batch whose process is killed, or stands still while another attempt begins: nothing is paid for twice."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

from airflow_provider_phota.emulator import Emulator

PROGRAM = Path(__file__).with_name("batch_process.py")
ITEMS, IN_FLIGHT = 60, 10
#: Seconds for one submit. An attempt waits that long, and 5 s more, for a sender that may be alive.
TOTAL_TIMEOUT = 3.0
LIMIT = 180.0


@pytest.fixture
def service():
    with Emulator(port=0, latency=(0.5, 1.0), seed=0, pictures="small") as service:
        yield service


@pytest.fixture
def folder(tmp_path):
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    for number in range(ITEMS):
        Image.new("RGB", (16, 16), (number * 4, 10, 10)).save(inbox / f"{number:02d}.png")
    return tmp_path


def attempt(service, folder, try_number, **arguments):
    """Starts an attempt of the batch, as a process."""
    extra = {"total_timeout": TOTAL_TIMEOUT, "requests_per_second": 20}
    connection = {"conn_type": "phota", "password": service.key, "host": service.url, "extra": extra}
    env = {**os.environ, "AIRFLOW_CONN_PHOTA_DEFAULT": json.dumps(connection)}
    env["PYTHONPATH"] = os.pathsep.join((str(PROGRAM.parents[1]), str(PROGRAM.parents[3])))
    command = [sys.executable, str(PROGRAM), f"file://{folder}", str(try_number), json.dumps(arguments)]
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def summary_of(process):
    out, _ = process.communicate(timeout=LIMIT)
    assert process.returncode == 0
    return json.loads(out.splitlines()[-1])


def wait_for_bills(service, bills, process):
    deadline = time.monotonic() + LIMIT
    while len(service.ledger()) < bills and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)


def bills_by_prompt(service):
    return Counter(entry.request["prompt"] for entry in service.ledger())


def check(service, folder, summary, ends=1):
    """Nothing is paid for twice, and nothing that is paid for is lost, however often an attempt was ended."""
    bills = bills_by_prompt(service)
    assert max(bills.values()) == 1
    counts = summary["counts"]
    assert counts["landed"] + counts["ambiguous"] == summary["total"] == ITEMS
    rows = [json.loads(line) for line in (folder / "out" / "results.jsonl").read_text().splitlines()]
    landed = {row["phota_task_id"] for row in rows if row["status"] == "landed"}
    held = [row for row in rows if row["status"] == "ambiguous"]
    lost = {entry.id for entry in service.ledger()} - landed
    assert len(lost) <= len(held) <= IN_FLIGHT * ends
    # an attempt that stood still may have brought more home
    assert counts["landed"] <= len(list((folder / "out").glob("*.png"))) <= ITEMS
    return held


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_killed_again_and_again(service, folder, seed):
    dice = random.Random(seed)
    for try_number in range(1, 5):
        process = attempt(service, folder, try_number)
        wait_for_bills(service, dice.randrange(1 + 12 * (try_number - 1), 12 * try_number), process)
        time.sleep(dice.random() / 2)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    check(service, folder, summary_of(attempt(service, folder, 5)), ends=4)


def test_an_attempt_that_stood_still_sends_nothing_more(service, folder):
    old = attempt(service, folder, 1)
    wait_for_bills(service, 10, old)
    old.send_signal(signal.SIGSTOP)
    new = attempt(service, folder, 2)
    summary = summary_of(new)
    before = len(service.ledger())
    old.send_signal(signal.SIGCONT)
    old.communicate(timeout=LIMIT)
    assert old.returncode != 0
    assert len(service.ledger()) == before
    check(service, folder, summary)


@pytest.mark.slow
def test_an_attempt_goes_on_while_another_one_stands_still_for_a_moment(service, folder):
    old = attempt(service, folder, 1)
    wait_for_bills(service, 10, old)
    old.send_signal(signal.SIGSTOP)
    new = attempt(service, folder, 2)
    wait_for_bills(service, 20, new)
    old.send_signal(signal.SIGCONT)
    summary = summary_of(new)
    old.communicate(timeout=LIMIT)
    check(service, folder, summary)

"""Processes that take one journal over from each other, and are killed or stand still at any moment."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from collections import Counter

import pytest

from airflow_provider_phota.journal.segments import Segments
from airflow_provider_phota.journal.state import BatchState
from tests.airflow.journal import journal_rivals

pytestmark = pytest.mark.usefixtures("metadata_database")

PROCESSES = 4
ITEMS = 150
TIMES = int(os.environ.get("RACES_TIMES") or 3)
#: Importing Airflow takes seconds, so the processes are forked from one that has done so, and nothing else.
FORKED = multiprocessing.get_context("forkserver")


@pytest.fixture
def rivals(folder, tmp_path):
    """Starts processes on a journal; all are ended with the test."""
    FORKED.set_forkserver_preload([journal_rivals.__name__, "s3fs", "airflow.providers.amazon.aws.fs.s3"])
    started = []

    def start(seed):
        arguments = (f"{folder.url}-{seed}", ITEMS, tmp_path / f"bills-{seed}", dict(os.environ))
        started.append(FORKED.Process(target=journal_rivals.run, args=arguments))
        started[-1].start()
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.join()


def race(rivals, seed):
    """One process is frozen while others take over, one is killed, and the last one comes to its end."""
    chance = random.Random(seed)
    processes = []
    for _ in range(PROCESSES):
        processes.append(rivals(seed))
        time.sleep(chance.uniform(0.0, 0.6))
    frozen, killed, *_ = processes
    if frozen.is_alive():
        os.kill(frozen.pid, signal.SIGSTOP)
    time.sleep(chance.uniform(0.0, 0.5))
    killed.kill()
    if frozen.is_alive():
        os.kill(frozen.pid, signal.SIGCONT)
    for process in processes:
        process.join(120)
    assert {process.exitcode for process in processes} <= {0, -signal.SIGKILL}


def folded(folder):
    state = BatchState()
    for name, event in Segments(folder, 0).read_all():
        state.apply(event, name)
    return state


@pytest.mark.parametrize("seed", range(TIMES))
def test_no_item_is_sent_twice_and_no_recorded_task_is_lost(rivals, folder, tmp_path, seed):
    race(rivals, seed)
    billed = [line.split()[:2] for line in (tmp_path / f"bills-{seed}").read_text().splitlines()]
    assert set(Counter(item for item, _ in billed).values()) == {1}
    state = folded(folder.parent / f"{folder.name}-{seed}")
    known = {item: state.item(item) for item, _ in billed}
    # what was killed between its POST and its record is open, so that nothing is sent again
    assert all(known[item].phota_task_id == task or known[item].unresolved for item, task in billed)
    assert sum(known[item].phota_task_id is None for item, _ in billed) <= 10 * PROCESSES
    left = [f"item-{number}" for number in range(ITEMS) if f"item-{number}" not in known]
    assert all(state.item(item) is not None for item in left), "the last process left something out"

"""Defines what the harness does to a batch at its moment."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from airflow_provider_phota.emulator.faults import PLACES
from tests.chaos.batches.laboratory import LATENCY
from tests.chaos.batches.run import BatchRun
from tests.chaos.roots import FAILING, HANGS

#: Seconds for which a store or a service is away.
STORE_AWAY, SERVICE_AWAY = 20.0, 60.0
#: Seconds after the beginning of the next try in which a frozen process goes on, at most; and how much later
#: than its process the supervisor does.
THAW, SUPERVISOR_THAWS = 8.0, 6.0
#: Seconds after the beginning of a pause in which the triggerer is killed, at most.
INTO_PAUSE = 5.0


def _chance(run: BatchRun) -> random.Random:
    return random.Random(f"{run.trial.case.act} {run.trial.seed}")


def kill_task(run: BatchRun) -> None:
    run.wait_for_moment()
    with suppress(ProcessLookupError):
        os.kill(run.process("pid"), signal.SIGKILL)


def kill_settle_and_clear(run: BatchRun) -> None:
    """Kills the last attempt of a batch. Its budget is settled, and the batch is cleared after that."""
    run.wait_for_moment()
    run.mark_failed()
    with suppress(ProcessLookupError):
        os.kill(run.process("pid"), signal.SIGKILL)
    run.end()
    run.settle()
    run.clear()


def freeze_until_retried(run: BatchRun) -> None:
    """Freezes the process and its supervisor until the next try holds the journal, as if their machine slept."""
    run.wait_for_moment()
    task, supervisor = run.process("pid"), run.process("ppid")
    _send(signal.SIGSTOP, supervisor, task)
    try:
        leases, tries = run.leases(), run.instance().try_number
        run.wait_until(lambda: run.leases() > leases and run.instance().try_number > tries)
        chance = _chance(run)
        time.sleep(chance.uniform(0.0, THAW))
        run.let_go()
        _send(signal.SIGCONT, task)
        time.sleep(chance.uniform(0.0, SUPERVISOR_THAWS))
    finally:
        run.let_go()
        _send(signal.SIGCONT, task, supervisor)


def store_fails(run: BatchRun) -> None:
    _break_store(run, FAILING)


def store_hangs(run: BatchRun) -> None:
    _break_store(run, HANGS)


def _break_store(run: BatchRun, how: str) -> None:
    run.wait_for_moment()
    run.place.break_store(how)
    time.sleep(STORE_AWAY)
    run.place.repair()


def service_refuses(run: BatchRun) -> None:
    run.wait_for_moment()
    run.service.stop()
    time.sleep(SERVICE_AWAY)
    run.service.start()


def service_drops(run: BatchRun) -> None:
    run.wait_for_moment()
    run.service.script([{"on": place, "kind": "reset_before", "times": None} for place in PLACES])
    time.sleep(SERVICE_AWAY)
    run.service.forget_faults()


def top_up(run: BatchRun) -> None:
    """Waits until the balance is used up and the batch has failed. Then there is more, and it is cleared."""
    if run.end() != "failed":
        raise RuntimeError(f"{run.trial}: it did not fail, although the balance is too low for it")
    run.service.stop()
    run.service.options = LATENCY
    run.service.start()
    run.clear()


def kill_triggerer(run: BatchRun) -> None:
    """Kills the triggerer at a random moment of a pause of this batch."""
    chance = _chance(run)
    skipped = chance.randint(0, 2)
    run.wait_until(lambda: run.leases() > skipped and run.instance().state == "deferred")
    time.sleep(chance.uniform(0.0, INTO_PAUSE))
    run.lab.airflow.kill("triggerer")


def _send(number: signal.Signals, *pids: int) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


ACTS: Mapping[str, Callable[[BatchRun], None]] = {
    act.__name__: act
    for act in (
        kill_task,
        kill_settle_and_clear,
        freeze_until_retried,
        store_fails,
        store_hangs,
        service_refuses,
        service_drops,
        top_up,
        kill_triggerer,
    )
}

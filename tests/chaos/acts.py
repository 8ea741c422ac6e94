"""Defines what the harness does to a run that has reached its point."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from dev.airflow_answers import TaskInstance
from dev.airflow_api import RUN_IS_OVER
from tests.chaos.budgets import TrialBudget
from tests.chaos.cases import Trial
from tests.chaos.laboratory import Laboratory, patiently
from tests.chaos.roots import Root

#: Seconds in which the api-server, or the database, is down.
API_SERVER_DOWN = 12.0
DATABASE_DOWN = 6.0
TRIGGERER_FROZEN = 14.0
#: Seconds after which a process that offers an ID to a store is killed. It would go on for much longer.
OFFERS = 8.0
#: Seconds in which Airflow notices that a supervisor is dead, and retries. An orphan waits that long.
RETRY_LIMIT = 110.0
#: States of a task instance whose attempt has ended.
_ATTEMPT_IS_OVER = {*RUN_IS_OVER, "up_for_retry"}


@dataclass
class Run:
    """Handles a trial that is running.

    Attributes:
        root: the root of its ledger, or None if the ledger is not in object storage.
        budget: that counts its orders; None if it has none.
    """

    lab: Laboratory
    trial: Trial
    run_id: str
    root: Root | None = None
    budget: TrialBudget | None = None

    @property
    def dag_id(self) -> str:
        return self.trial.dag_id

    @property
    def checkpoint(self) -> Path:
        return self.lab.checkpoints / f"{self.trial.number}.json"

    @property
    def prompt_file(self) -> Path:
        return self.lab.checkpoints / f"{self.trial.number}.prompt"

    def process(self, which: str) -> int:
        """Returns the process ID of the stopped Airflow task (`pid`) or of its supervisor (`ppid`)."""
        return int(json.loads(self.checkpoint.read_text())[which])

    def edits(self) -> list[TaskInstance]:
        return self.lab.edits(self.dag_id, self.run_id)

    def let_go(self) -> None:
        self.checkpoint.with_suffix(".go").touch()

    def break_store(self) -> None:
        """Breaks the ledger's store as the case says."""
        self._own_root().break_store(self.trial.case.store, self.trial.case.match)

    def restore_store(self) -> None:
        self._own_root().repair()

    def _own_root(self) -> Root:
        if self.root is None:
            raise RuntimeError("a trial without ledger_path has no store to break")
        return self.root

    def wait_until_try_ended(self, times: int) -> None:
        """Returns when that many attempts have ended."""
        deadline = time.monotonic() + RETRY_LIMIT
        while not any(
            each.try_number > times or (each.try_number == times and each.state in _ATTEMPT_IS_OVER)
            for each in self.edits()
        ):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.trial.tag} {self.dag_id} {self.run_id}: no end of try {times}")
            time.sleep(0.2)

    def end(self, timeout: float = 240.0) -> str:
        """Waits until the run has ended and its processes are gone, and returns its state."""
        state = patiently(lambda: self.lab.airflow.wait_for_run(self.dag_id, self.run_id, timeout), timeout)
        if self.checkpoint.exists():  # an orphan can outlive its run
            with suppress(psutil.NoSuchProcess, psutil.TimeoutExpired):
                psutil.Process(self.process("pid")).wait(90)
        return state


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def nothing(_: Run) -> None:
    pass


def kill_task(run: Run) -> None:
    _kill(run.process("pid"))


def kill_supervisor(run: Run) -> None:
    """Makes the Airflow task an orphan, which goes on."""
    _kill(run.process("ppid"))
    time.sleep(0.5)
    run.let_go()


def kill_supervisor_until_retried(run: Run) -> None:
    """Makes the Airflow task an orphan, which goes on only when the next attempt is over."""
    _kill(run.process("ppid"))
    deadline = time.monotonic() + RETRY_LIMIT
    while not any(each.try_number > 1 and each.state in RUN_IS_OVER for each in run.edits()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{run.trial.tag} {run.dag_id} {run.run_id} was not retried")
        time.sleep(0.5)
    run.let_go()


def kill_both(run: Run) -> None:
    _kill(run.process("ppid"))
    _kill(run.process("pid"))


def mark_failed_and_kill_task(run: Run) -> None:
    """Kills an attempt after which there is no other one."""
    patiently(lambda: run.lab.airflow.set_state(run.dag_id, run.run_id, "edit", "failed"))
    kill_task(run)


def kill_scheduler(run: Run) -> None:
    run.lab.airflow.kill("scheduler")


def kill_triggerer(run: Run) -> None:
    run.lab.airflow.kill("triggerer")


def freeze_triggerer(run: Run) -> None:
    run.lab.airflow.freeze("triggerer", TRIGGERER_FROZEN)


def api_server_down(run: Run) -> None:
    run.lab.airflow.kill("api-server", down_for=API_SERVER_DOWN)
    run.let_go()


def database_down(run: Run) -> None:
    if run.lab.postgres is None:
        raise RuntimeError("only a PostgreSQL server that this harness started can be stopped")
    run.lab.postgres.stop_at_once()
    run.let_go()
    time.sleep(DATABASE_DOWN)
    run.lab.postgres.start()


def restart_service(run: Run) -> None:
    run.let_go()
    time.sleep(1.0)
    run.lab.service.stop()
    time.sleep(2.0)
    run.lab.service.start()


def clear(run: Run) -> None:
    patiently(lambda: run.lab.airflow.clear(run.dag_id, run.run_id, ["edit"]))
    run.let_go()


def mark_failed_then_clear(run: Run) -> None:
    patiently(lambda: run.lab.airflow.set_state(run.dag_id, run.run_id, "edit", "failed"))
    run.end()
    clear(run)


def change_prompt_then_clear(run: Run) -> None:
    run.prompt_file.write_text(f"{run.trial.tag} another edit")
    clear(run)


def store_fails_until_retried(run: Run) -> None:
    """Breaks the store until the second attempt."""
    run.break_store()
    run.let_go()
    run.wait_until_try_ended(1)
    run.restore_store()


def store_fails_then_clear(run: Run) -> None:
    """Breaks the store until the attempt has ended. Then the Airflow task is cleared."""
    run.break_store()
    run.let_go()
    if run.end() != "success":
        raise RuntimeError(f"{run.trial.tag} an attempt that has its ID did not end well")
    run.restore_store()
    clear(run)


def store_fails_and_task_is_killed(run: Run) -> None:
    """Breaks the store, and kills the process while it still offers its ID to the store."""
    run.break_store()
    run.let_go()
    time.sleep(OFFERS)
    kill_task(run)
    run.restore_store()


def store_fails_at_the_retry(run: Run) -> None:
    """Breaks the store for the second attempt, until the third."""
    run.break_store()
    kill_task(run)
    run.wait_until_try_ended(2)
    run.restore_store()


ACTS: Mapping[str, Callable[[Run], None]] = {
    act.__name__: act
    for act in (
        nothing,
        kill_task,
        kill_supervisor,
        kill_supervisor_until_retried,
        kill_both,
        mark_failed_and_kill_task,
        kill_scheduler,
        kill_triggerer,
        freeze_triggerer,
        api_server_down,
        database_down,
        restart_service,
        clear,
        mark_failed_then_clear,
        change_prompt_then_clear,
        store_fails_until_retried,
        store_fails_then_clear,
        store_fails_and_task_is_killed,
        store_fails_at_the_retry,
    )
}

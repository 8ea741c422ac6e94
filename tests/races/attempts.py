"""Runs one attempt of a task instance in a process, and lets the race handle that process.

Processes are forked from one that has imported everything and used nothing yet, since importing Airflow takes
seconds, and since s3fs does not work after a fork.
"""

from __future__ import annotations

import json
import logging
import multiprocessing
import os
import re
import sys
import time
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil

from dev.airflow_major import AIRFLOW

ATTEMPT_LIMIT = 240.0
_FORKED = multiprocessing.get_context("forkserver")
#: The modules that an attempt imports.
_PRELOADED = [
    "airflow.providers.amazon.aws.fs.s3",
    "airflow_provider_phota.drivers.requests_driver",
    "airflow_provider_phota.ledger.ledger",
    "airflow_provider_phota.operators.phota",
    "boto3",
    "s3fs",
    "tests.races.freezing",
    *(["tests.races.state"] if AIRFLOW.keeps_task_state else []),
]
#: The beginning of the last line in the log of an attempt that has ended.
_END = "ENDED "
_SUBMITTED = re.compile(r"Submitted PHOTA task ([\w.~-]+)\.")


@dataclass(frozen=True)
class Settings:
    """Says what an attempt does.

    Attributes:
        try_number: Airflow's number of the attempt.
        prompt: different for each race, so that the bills of the races can be told apart.
        ledger_path: where the record is kept, or None to use the task state store alone.
        instance: ID of the task instance in Airflow's database, or None if there is no task state store.
        api: URL of Airflow's execution API.
        freeze: the point at which the process stands still, by its name in `freezing.py`, or None.
        log: the file for the log.
    """

    try_number: int
    prompt: str
    picture: str
    ledger_path: str | None
    instance: str | None
    api: str
    environment: dict[str, str]
    on_ambiguous: str
    freeze: str | None
    log: Path


@dataclass(frozen=True)
class Outcome:
    """Says how an attempt ended.

    Attributes:
        result: the PHOTA task that it returned, or None if it failed.
        error: the name and the first line of its error, or None if it did not fail.
        submitted: the PHOTA tasks whose IDs arrived, by its log.
    """

    try_number: int
    result: str | None
    error: str | None
    submitted: tuple[str, ...]
    log: str = field(repr=False)


@dataclass
class Attempt:
    """Runs an attempt in a process."""

    settings: Settings
    process: BaseProcess = field(init=False)

    def __post_init__(self) -> None:
        self.process = _FORKED.Process(target=run, args=(self.settings,), daemon=True)
        self.process.start()

    def wait_until_frozen(self) -> None:
        """Returns when the process stands still.

        Raises:
            TimeoutError: the process did not reach its point.
        """
        deadline = time.monotonic() + ATTEMPT_LIMIT
        while psutil.Process(self.process.pid).status() != psutil.STATUS_STOPPED:
            if not self.process.is_alive() or time.monotonic() > deadline:
                raise TimeoutError(f"try {self.settings.try_number} never reached {self.settings.freeze!r}")
            time.sleep(0.05)

    def thaw(self) -> None:
        psutil.Process(self.process.pid).resume()

    def outcome(self) -> Outcome:
        """Waits for the end of the attempt.

        Raises:
            TimeoutError: it does not end, or it died.
        """
        self.process.join(ATTEMPT_LIMIT)
        log = self.settings.log.read_text(errors="replace")
        last_line = re.search(rf"^{_END}(.*)$", log, re.MULTILINE)
        if last_line is None:
            self.process.kill()
            raise TimeoutError(f"try {self.settings.try_number} did not end:\n{log}")
        end = json.loads(last_line[1])
        submitted = tuple(dict.fromkeys(_SUBMITTED.findall(log)))
        return Outcome(self.settings.try_number, end["result"], end["error"], submitted, log)


def warm_up() -> None:
    """Starts the process to fork from, so that a new process takes only milliseconds."""
    _FORKED.set_forkserver_preload(_PRELOADED)
    first = _FORKED.Process(target=os.getpid)
    first.start()
    first.join()


def run(settings: Settings) -> None:
    """Executes an operator as a worker would. This runs in the process."""
    os.environ.update(settings.environment)
    _log_to(settings.log)
    end: dict[str, Any] = {"result": None, "error": None}
    try:
        end["result"] = _execute_operator(settings)
    except Exception as error:
        end["error"] = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
        logging.getLogger(__name__).exception("failed")
    sys.stdout.write(f"\n{_END}{json.dumps(end)}\n")
    sys.stdout.flush()


def _execute_operator(settings: Settings) -> str:
    from airflow_provider_phota.operators.phota import PhotaImageEditOperator
    from tests.races.freezing import freeze_at

    if settings.freeze:
        freeze_at(settings.freeze)
    operator = PhotaImageEditOperator(
        task_id="edit",
        prompt=settings.prompt,
        image_urls=settings.picture,
        ledger_path=settings.ledger_path,
        on_ambiguous=settings.on_ambiguous,
        retries=9,
    )
    return str(operator.execute(_context(settings, operator)))


def _context(settings: Settings, operator: Any) -> Any:
    instance = SimpleNamespace(
        dag_id="races",
        run_id=settings.prompt,
        task_id="edit",
        map_index=-1,
        try_number=settings.try_number,
        max_tries=9,
        task=operator,
        xcom_push=lambda key, value: None,
    )
    context: dict[str, Any] = {"ti": instance, "dag_run": SimpleNamespace(clear_number=0)}
    if settings.instance:
        from tests.races.state import accessor

        context["task_state_store"] = accessor(settings.api, settings.instance)
    return context


def _log_to(file: Path) -> None:
    out = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(out, 1)
    os.dup2(out, 2)
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("airflow_provider_phota").setLevel(logging.INFO)

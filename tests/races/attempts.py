"""One attempt of a task instance: what its process runs, and the process as the race handles it.

Processes are forked from one that has imported everything and has used nothing: importing Airflow takes
seconds, and s3fs survives no fork.
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
#: What an attempt imports.
_USED = [
    "airflow.providers.amazon.aws.fs.s3",
    "airflow_provider_phota.drivers.requests_driver",
    "airflow_provider_phota.ledger.ledger",
    "airflow_provider_phota.operators.phota",
    "boto3",
    "s3fs",
    "tests.races.freezing",
    *(["tests.races.state"] if AIRFLOW.keeps_task_state else []),
]
#: How an attempt says that it has ended, as the last line of its log.
_END = "ENDED "
_SUBMITTED = re.compile(r"Submitted PHOTA task ([\w.~-]+)\.")


@dataclass(frozen=True)
class Orders:
    """What an attempt is told.

    Attributes:
        try_number: Airflow's.
        prompt: by which the service's books tell the races apart.
        ledger_path: where the record is kept; None for the task state store alone.
        instance: of Airflow's database, None for an Airflow without a task state store.
        api: Airflow's execution API.
        freeze: the point at which the process stands still, by its name in `freezing.py`.
        log: a file.
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
    """How an attempt ended.

    Attributes:
        result: the PHOTA task it returned, None if it failed.
        error: the error's name and first line, None if it did not fail.
        submitted: the PHOTA tasks whose IDs it was told, by its log.
    """

    try_number: int
    result: str | None
    error: str | None
    submitted: tuple[str, ...]
    log: str = field(repr=False)


@dataclass
class Attempt:
    """An attempt that is under way."""

    orders: Orders
    process: BaseProcess = field(init=False)

    def __post_init__(self) -> None:
        self.process = _FORKED.Process(target=run, args=(self.orders,), daemon=True)
        self.process.start()

    def wait_until_frozen(self) -> None:
        """Return when the process stands still.

        Raises:
            TimeoutError: it has ended, or went on, without coming to its point.
        """
        deadline = time.monotonic() + ATTEMPT_LIMIT
        while psutil.Process(self.process.pid).status() != psutil.STATUS_STOPPED:
            if not self.process.is_alive() or time.monotonic() > deadline:
                raise TimeoutError(f"try {self.orders.try_number} never came to {self.orders.freeze!r}")
            time.sleep(0.05)

    def thaw(self) -> None:
        psutil.Process(self.process.pid).resume()

    def outcome(self) -> Outcome:
        """Wait for the end.

        Raises:
            TimeoutError: it does not end, or died without a word.
        """
        self.process.join(ATTEMPT_LIMIT)
        log = self.orders.log.read_text(errors="replace")
        said = re.search(rf"^{_END}(.*)$", log, re.MULTILINE)
        if said is None:
            self.process.kill()
            raise TimeoutError(f"try {self.orders.try_number} did not end:\n{log}")
        end = json.loads(said[1])
        submitted = tuple(dict.fromkeys(_SUBMITTED.findall(log)))
        return Outcome(self.orders.try_number, end["result"], end["error"], submitted, log)


def warm_up() -> None:
    """From now on processes are forked, each within milliseconds."""
    _FORKED.set_forkserver_preload(_USED)
    first = _FORKED.Process(target=os.getpid)
    first.start()
    first.join()


def run(orders: Orders) -> None:
    """In the process: an operator, executed as a worker would."""
    os.environ.update(orders.environment)
    _log_to(orders.log)
    end: dict[str, Any] = {"result": None, "error": None}
    try:
        end["result"] = _executed(orders)
    except Exception as error:
        end["error"] = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
        logging.getLogger(__name__).exception("failed")
    sys.stdout.write(f"\n{_END}{json.dumps(end)}\n")
    sys.stdout.flush()


def _executed(orders: Orders) -> str:
    from airflow_provider_phota.operators.phota import PhotaImageEditOperator
    from tests.races.freezing import freeze_at

    if orders.freeze:
        freeze_at(orders.freeze)
    operator = PhotaImageEditOperator(
        task_id="edit",
        prompt=orders.prompt,
        image_urls=orders.picture,
        ledger_path=orders.ledger_path,
        on_ambiguous=orders.on_ambiguous,
        retries=9,
    )
    return str(operator.execute(_context(orders, operator)))


def _context(orders: Orders, operator: Any) -> Any:
    instance = SimpleNamespace(
        dag_id="races",
        run_id=orders.prompt,
        task_id="edit",
        map_index=-1,
        try_number=orders.try_number,
        max_tries=9,
        task=operator,
        xcom_push=lambda key, value: None,
    )
    context: dict[str, Any] = {"ti": instance, "dag_run": SimpleNamespace(clear_number=0)}
    if orders.instance:
        from tests.races.state import accessor

        context["task_state_store"] = accessor(orders.api, orders.instance)
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

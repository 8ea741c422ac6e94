"""A folder of pictures, the batch that edits them, and its attempts, for tests that run them by hand."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from airflow.providers.common.compat.sdk import AirflowException
from airflow_runs import TaskInstance
from PIL import Image

from airflow_provider_phota.api.errors import PhotaError
from airflow_provider_phota.batch.results import read_results
from airflow_provider_phota.emulator import Emulator
from airflow_provider_phota.operators.phota import PhotaImageEditBatchOperator


@dataclass
class Shop:
    """Runs the attempts of one batch. Each picture has a prompt of its own, which faults can match."""

    emulator: Emulator
    folder: Path
    arguments: dict[str, Any] = field(default_factory=dict)
    #: Where the pictures land, if that is not below the folder.
    destination: str = ""
    run_id: str = "run"
    try_number: int = 0
    #: Airflow's, as they are after the last time that a person has cleared the task.
    max_tries: int = 0
    retries: int = 0
    #: What Airflow 3.3 and later keep between attempts; None as in older ones.
    state: dict[str, Any] | None = None
    #: What the last attempt has pushed to XCom.
    pushed: dict[str, Any] = field(default_factory=dict)

    def add_pictures(self, number: int, name: str = "{:03d}") -> Shop:
        inbox = self.folder / "inbox"
        inbox.mkdir(exist_ok=True)
        for each in range(number):
            colour = (each % 256, each // 256, len(name))
            Image.new("RGB", (8, 8), colour).save(inbox / f"{name.format(each)}.png")
        return self

    def operator(self, **arguments: Any) -> PhotaImageEditBatchOperator:
        usual = {
            "task_id": "edit",
            "edits": f"file://{self.folder}/inbox",
            "prompt": "Make {stem} shine",
            "destination": self.destination or f"file://{self.folder}/out",
            "deferrable": False,
            "poll_interval": 0.1,
            "max_failures": "100%",
        }
        return PhotaImageEditBatchOperator(**usual | self.arguments | arguments)

    def clear(self) -> Shop:
        """Does what Airflow does when a person clears the task."""
        self.max_tries = self.try_number + self.retries
        return self

    def context(self, conf: dict[str, Any] | None = None) -> dict[str, Any]:
        instance = TaskInstance()
        instance.run_id, instance.try_number = self.run_id, self.try_number
        instance.max_tries = max(self.max_tries, self.retries)
        instance.task = SimpleNamespace(retries=self.retries)
        self.pushed = instance.pushed
        context = {"ti": instance, "dag_run": SimpleNamespace(conf=conf or {}, clear_number=0)}
        if self.state is not None:
            store = SimpleNamespace(get=self.state.get, set=self.state.__setitem__)
            context["task_state_store"] = store
        return context

    def run(self, conf: dict[str, Any] | None = None, **arguments: Any) -> dict[str, Any]:
        """Runs the next attempt, and returns what it returns."""
        self.try_number += 1
        return self.operator(**arguments).execute(self.context(conf))

    def fail(self, conf: dict[str, Any] | None = None, **arguments: Any) -> Exception:
        """Runs the next attempt, and returns the error that it must end with."""
        try:
            summary = self.run(conf, **arguments)
        except (PhotaError, AirflowException) as error:
            return error
        raise AssertionError(f"the batch did not fail: {summary}")

    def try_to_run(self, **arguments: Any) -> None:
        with suppress(PhotaError, AirflowException):
            self.run(**arguments)

    @property
    def rows(self) -> dict[str, dict[str, Any]]:
        """The rows of the results, by the keys of their items."""
        destination = self.destination or f"file://{self.folder}/out"
        return {row["key"]: row for row in read_results(f"{destination}/results.jsonl")}

    @property
    def statuses(self) -> Counter[str]:
        return Counter(row["status"] for row in self.rows.values())

    def keys_with(self, *statuses: str) -> set[str]:
        return {key for key, row in self.rows.items() if row["status"] in statuses}

    @property
    def bills(self) -> Counter[str]:
        """How often each prompt was billed."""
        return Counter(entry.request["prompt"] for entry in self.emulator.ledger())

    @property
    def billed(self) -> int:
        return len(self.emulator.ledger())

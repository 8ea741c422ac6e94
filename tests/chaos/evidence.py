"""What is left of a run: in the service's books, in the edit's own ledger, in XCom and in the logs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from airflow_provider_phota.ledger.records import Identity, Record
from dev.airflow_answers import TaskInstance
from dev.airflow_major import AIRFLOW
from tests.chaos.acts import Run
from tests.chaos.cases import STATELESS, End, Trial
from tests.chaos.laboratory import patiently

AMBIGUOUS = "may have been created and billed"
RESUBMITTED = "Submitting again, which is billed"
RESUMED = "Going on with PHOTA task"


@dataclass(frozen=True)
class EditEvidence:
    """One task instance.

    Attributes:
        billed: the PHOTA tasks the service billed for it.
        recorded: PHOTA task IDs in its journal and task state.
        intents: how many intents without an ID are on record.
        delivered: the PHOTA task its return value names, if its result is complete.
        log: of all its attempts.
        discarded: its only record was discarded when it was cleared: what is left is its log.
    """

    map_index: int
    state: str | None
    tries: int
    billed: tuple[str, ...]
    recorded: frozenset[str]
    intents: int
    pushed: frozenset[str]
    delivered: str | None
    log: str
    discarded: bool = False

    @property
    def lost(self) -> tuple[str, ...]:
        """Billed tasks of which nobody knows, not even that there may be one."""
        known = self.recorded | self.pushed
        if self.discarded:
            known |= {each for each in self.billed if each in self.log}
        unknown = tuple(each for each in self.billed if each not in known)
        # each resubmit that was asked for and logged gives up one task whose ID never arrived
        return unknown[(self.end is End.HELD) + self.log.count(RESUBMITTED) :]

    @property
    def end(self) -> End:
        if self.state == "success" and self.delivered:
            return End.OK
        is_held = self.state == "failed" and AMBIGUOUS in self.log and (self.intents or self.discarded)
        return End.HELD if is_held else End.FAILED


@dataclass(frozen=True)
class Evidence:
    """One trial."""

    trial: Trial
    run_id: str
    edits: tuple[EditEvidence, ...]
    seconds: float

    @property
    def billed(self) -> tuple[str, ...]:
        return tuple(each for edit in self.edits for each in edit.billed)

    @property
    def lost(self) -> tuple[str, ...]:
        return tuple(each for edit in self.edits for each in edit.lost)

    @property
    def ends(self) -> frozenset[End]:
        return frozenset(edit.end for edit in self.edits)

    @property
    def is_recovered(self) -> bool:
        """Delivered though an attempt was lost, and without a new submit."""
        return any(edit.end is End.OK and RESUMED in edit.log for edit in self.edits)


def gather(run: Run, billed: tuple[str, ...] | None, seconds: float) -> Evidence:
    """Look at everything, now that nothing moves any more.

    Args:
        run: it has ended.
        billed: by whom stood in place of the service; None if it was the service.
        seconds: how long it took.
    """
    tasks = _billed_tasks(run) if billed is None else tuple((each, "") for each in billed)
    edits = tuple(_edit(run, instance, tasks) for instance in run.edits())
    return Evidence(run.trial, run.run_id, edits, seconds)


def _billed_tasks(run: Run) -> tuple[tuple[str, str], ...]:
    """ID and prompt of every task of this trial."""
    tasks = ((task["id"], task["request"]["prompt"]) for task in patiently(run.lab.service.billed))
    return tuple((task_id, prompt) for task_id, prompt in tasks if run.trial.tag in prompt)


def _edit(run: Run, instance: TaskInstance, tasks: tuple[tuple[str, str], ...]) -> EditEvidence:
    record = Record()
    for each in (*_journaled(run, instance), *_in_state_store(run, instance)):
        record = Record((*record.entries, *each.entries))
    ids = frozenset(entry.phota_task_id for entry in record.entries if entry.phota_task_id)
    result, pushed = (_xcom(run, instance, key) for key in ("return_value", "phota_task_id"))
    return EditEvidence(
        instance.map_index,
        instance.state,
        instance.try_number,
        # the prompt of a mapped edit ends with its number
        tuple(
            each for each, said in tasks if instance.map_index < 0 or said.endswith(f" {instance.map_index}")
        ),
        ids,
        sum(entry.phota_task_id is None for entry in record.entries),
        frozenset({pushed} if pushed else ()),
        _delivered(run.trial.mode, result),
        _log(run, instance),
        run.trial.ledger == "state" and run.trial.case.clears and not AIRFLOW.keeps_cleared_state,
    )


def _delivered(mode: str, result: Any) -> str | None:
    if mode == "submit":
        return result if isinstance(result, str) else None
    if isinstance(result, dict) and result["status"] == "completed" and result["images"]:
        return str(result["phota_task_id"])
    return None


def _journaled(run: Run, instance: TaskInstance) -> Iterator[Record]:
    digest = Identity(run.dag_id, run.run_id, instance.task_id, instance.map_index).digest
    for content in run.root.contents(digest) if run.root else ():
        yield Record.from_dict(json.loads(content))


def _in_state_store(run: Run, instance: TaskInstance) -> Iterator[Record]:
    if run.trial.ledger in STATELESS:
        return
    path = f"dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances/{instance.task_id}/state-store"
    query = {"map_index": instance.map_index}
    body = patiently(lambda: run.lab.airflow.request("GET", path, params=query))
    for each in body["task_state_store"]:
        if each["key"] == "airflow_provider_phota":
            value = each["value"]
            yield Record.from_dict(json.loads(value) if isinstance(value, str) else value)


def _xcom(run: Run, instance: TaskInstance, key: str) -> Any:
    def ask() -> Any:
        try:
            return run.lab.airflow.xcom(run.dag_id, run.run_id, instance.task_id, key, instance.map_index)
        except KeyError:
            return None

    return patiently(ask)


def _log(run: Run, instance: TaskInstance) -> str:
    """From the files: the api-server is busy enough."""
    folder = run.lab.airflow.home / "logs" / f"dag_id={run.dag_id}" / f"run_id={run.run_id}"
    folder /= f"task_id={instance.task_id}"
    if instance.map_index >= 0:
        folder /= f"map_index={instance.map_index}"
    return "\n".join(path.read_text(errors="replace") for path in sorted(folder.glob("attempt=*.log*")))

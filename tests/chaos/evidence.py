"""Gathers what is left of a run: in the service's bills, in the ledger, in XCom and in the logs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from airflow_provider_phota.ledger.records import InstanceName, Record
from dev.airflow_answers import TaskInstance
from dev.airflow_major import AIRFLOW
from tests.chaos.acts import Run
from tests.chaos.budgets import Books, bills_of
from tests.chaos.cases import STATELESS, End, Trial
from tests.chaos.laboratory import patiently

AMBIGUOUS = "may have been created and billed"
RESUBMITTED = "Submitting again, which is billed"
RESUMED = "Going on with PHOTA task"


@dataclass(frozen=True)
class EditEvidence:
    """Holds the evidence of one task instance.

    Attributes:
        billed: the PHOTA tasks that the service billed for it.
        recorded: the PHOTA task IDs in its journal and its task state.
        intents: how many payments are on record without an ID.
        delivered: the PHOTA task that its return value names, if the result is complete.
        log: the logs of all its attempts.
        discarded: True if its only record was deleted when it was cleared, so that only its log is left.
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
        """Billed tasks of which neither a record nor a held attempt knows."""
        known = self.recorded | self.pushed
        if self.discarded:
            known |= {each for each in self.billed if each in self.log}
        unknown = tuple(each for each in self.billed if each not in known)
        # each resubmit that was allowed and logged gives up one task whose ID never arrived
        return unknown[(self.end is End.HELD) + self.log.count(RESUBMITTED) :]

    @property
    def end(self) -> End:
        if self.state == "success" and self.delivered:
            return End.OK
        # an orphan may record its ID after the edit was held, or take back an intent that it has never sent
        is_on_record = self.intents or self.recorded or self.discarded or not self.billed
        is_held = self.state == "failed" and AMBIGUOUS in self.log and is_on_record
        return End.HELD if is_held else End.FAILED

    @property
    def ambiguous(self) -> int:
        """How many payments are ambiguous.

        One whose record was deleted, or taken back by an orphan, is known by the log alone.
        """
        return self.intents or int(self.end is End.HELD and not self.recorded)


@dataclass(frozen=True)
class Evidence:
    """Holds the evidence of one trial.

    Attributes:
        books: of its budget; None if it has none.
        is_settled_later: True if the retries left something reserved that a person has settled.
    """

    trial: Trial
    run_id: str
    edits: tuple[EditEvidence, ...]
    seconds: float
    books: Books | None = None
    is_settled_later: bool = False

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
        """True if a result was delivered without a new submit, although an attempt was lost."""
        return any(edit.end is End.OK and RESUMED in edit.log for edit in self.edits)


def gather(run: Run, billed: tuple[str, ...] | None, seconds: float) -> Evidence:
    """Gathers the evidence of a run.

    Args:
        run: a run that has ended.
        billed: the bills of the network that replaced the service, or None if the service itself was used.
        seconds: how long the run took.
    """
    tasks = _billed_tasks(run) if billed is None else tuple((each, "") for each in billed)
    edits = tuple(_evidence_of(run, instance, tasks) for instance in run.edits())
    return Evidence(run.trial, run.run_id, edits, seconds, _books(run, edits))


def _books(run: Run, edits: tuple[EditEvidence, ...]) -> Books | None:
    if run.budget is None:
        return None
    trial = run.trial
    tasks = [
        task
        for task in patiently(run.lab.service.billed)
        if trial.placed(request := task["request"]) or trial.company_tag in request.get("prompt", "")
    ]
    recorded = frozenset[str]().union(*(edit.recorded for edit in edits))
    billed = frozenset(each for edit in edits for each in edit.billed)
    return Books(
        run.budget.state(), bills_of(tasks), billed - recorded, sum(edit.ambiguous for edit in edits)
    )


def _billed_tasks(run: Run) -> tuple[tuple[str, str], ...]:
    """Returns the ID and the prompt, if there is one, of every PHOTA task of this trial."""
    tasks = patiently(run.lab.service.billed)
    return tuple(
        (task["id"], task["request"].get("prompt", "")) for task in tasks if run.trial.placed(task["request"])
    )


def _evidence_of(run: Run, instance: TaskInstance, tasks: tuple[tuple[str, str], ...]) -> EditEvidence:
    record = Record()
    for each in (*_records_in_journal(run, instance), *_records_in_task_state(run, instance)):
        record = record.merged(each)
    ids = frozenset(entry.phota_task_id for entry in record.entries if entry.phota_task_id)
    result, pushed = (_read_xcom(run, instance, key) for key in ("return_value", "phota_task_id"))
    return EditEvidence(
        instance.map_index,
        instance.state,
        instance.try_number,
        # the prompt of a mapped edit ends with its number
        tuple(
            each
            for each, prompt in tasks
            if instance.map_index < 0 or prompt.endswith(f" {instance.map_index}")
        ),
        ids,
        sum(entry.phota_task_id is None for entry in record.entries),
        frozenset({pushed} if pushed else ()),
        _delivered_task(run, result, tasks),
        _read_logs(run, instance),
        run.trial.ledger == "state" and run.trial.case.clears and not AIRFLOW.keeps_cleared_state,
    )


def _delivered_task(run: Run, result: Any, tasks: tuple[tuple[str, str], ...]) -> str | None:
    if run.trial.mode == "submit":
        return result if isinstance(result, str) else None
    if run.trial.case.model == "profile":
        return next((each for each, _ in tasks if result in run.lab.service.profile_ids(each)), None)
    # the DAGs of the other models land their pictures
    complete = "files" if run.trial.case.model else "images"
    if isinstance(result, dict) and result["status"] == "completed" and result.get(complete):
        return str(result["phota_task_id"])
    return None


def _records_in_journal(run: Run, instance: TaskInstance) -> Iterator[Record]:
    digest = InstanceName(run.dag_id, run.run_id, instance.task_id, instance.map_index).digest
    for content in run.root.contents(digest) if run.root else ():
        yield Record.from_dict(json.loads(content))


def _records_in_task_state(run: Run, instance: TaskInstance) -> Iterator[Record]:
    if run.trial.ledger in STATELESS:
        return
    path = f"dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances/{instance.task_id}/state-store"
    query = {"map_index": instance.map_index}
    body = patiently(lambda: run.lab.airflow.request("GET", path, params=query))
    for each in body["task_state_store"]:
        if each["key"] == "airflow_provider_phota":
            value = each["value"]
            yield Record.from_dict(json.loads(value) if isinstance(value, str) else value)


def _read_xcom(run: Run, instance: TaskInstance, key: str) -> Any:
    def ask() -> Any:
        try:
            return run.lab.airflow.xcom(run.dag_id, run.run_id, instance.task_id, key, instance.map_index)
        except KeyError:
            return None

    return patiently(ask)


def _read_logs(run: Run, instance: TaskInstance) -> str:
    """Reads the logs from the files, since the api-server is busy enough."""
    folder = run.lab.airflow.home / "logs" / f"dag_id={run.dag_id}" / f"run_id={run.run_id}"
    folder /= f"task_id={instance.task_id}"
    if instance.map_index >= 0:
        folder /= f"map_index={instance.map_index}"
    return "\n".join(path.read_text(errors="replace") for path in sorted(folder.glob("attempt=*.log*")))

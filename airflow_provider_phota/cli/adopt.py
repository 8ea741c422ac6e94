"""Records a PHOTA task that a person has found, so that the next attempt finds it and pays nothing."""

from __future__ import annotations

import time
from argparse import Namespace
from dataclasses import replace

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.task_ids import checked_task_id
from airflow_provider_phota.api.tasks import Outcome, PhotaTask
from airflow_provider_phota.cli.accounts import hook_of
from airflow_provider_phota.cli.instance_ledger import InstanceLedger
from airflow_provider_phota.cli.output import Report
from airflow_provider_phota.ledger.messages import describe
from airflow_provider_phota.ledger.records import Entry, InstanceName, Record
from airflow_provider_phota.submitting.paid_tasks import ask_about

_NOTHING = (
    "has no order here that may have been billed and is not settled.\n"
    "Is it the run and the map index that the error was about, and is --ledger the ledger_path of the task?\n"
    "If the task keeps no ledger, set adopt_phota_task_id in the DAG instead."
)


def adopt(options: Namespace) -> Report:
    """Records a task for the order of a task instance that may have been billed.

    Raises:
        PhotaInputError: There is no such order, or the task is of another model.
        PhotaTaskUnknown: The service does not know the task.
        PhotaLedgerError: The record cannot be read or written.
    """
    hook = hook_of(options)
    phota_task_id = checked_task_id(options.phota_task_id)
    task = ask_about(hook, phota_task_id)
    ledger = InstanceLedger(_instance(options), options.ledger or hook.settings.ledger_path)
    record = ledger.read()
    if phota_task_id in record.phota_task_ids:
        return _report(task, [], "It is on record already: nothing was changed.")
    intent = _the_intent(record, options.fingerprint)
    _check(intent, task)
    places = ledger.write(replace(intent, phota_task_id=phota_task_id, model=intent.model or task.model))
    return _report(task, places, f"It is recorded in {' and in '.join(places)}.", _next_step(task))


def _instance(options: Namespace) -> InstanceName:
    return InstanceName(
        options.dag_id, options.run_id, options.task_id, options.map_index, options.iteration, options.key
    )


def _the_intent(record: Record, fingerprint: str) -> Entry:
    """Returns the submit of unknown fate that the task can be of.

    Raises:
        PhotaInputError: There is none, or there are several.
    """
    latest = {each.fingerprint: record.latest(each.fingerprint) for each in record.entries}
    intents = [
        entry
        for name, entry in latest.items()
        if entry and not entry.phota_task_id and name.startswith(fingerprint)
    ]
    if not intents:
        raise PhotaInputError("task", _NOTHING)
    if len(intents) > 1:
        choices = "\n".join(f"--fingerprint {each.fingerprint[:8]}: {describe(each)}" for each in intents)
        raise PhotaInputError("task", f"has several orders that may have been billed. Say which:\n{choices}")
    return intents[0]


def _check(intent: Entry, task: PhotaTask) -> None:
    """Refuses a task that cannot be the one of a submit.

    Raises:
        PhotaInputError: It says why.
    """
    if (seconds := intent.send_deadline - time.time()) > 0:
        raise PhotaInputError("task", f"may still be sending its order. Ask again in {seconds:.0f} s.")
    if intent.model and task.model and intent.model != task.model:
        raise PhotaInputError(
            "phota_task_id",
            f"{task.id} is a task of {task.model}, and the order was one of {intent.model}.",
        )


def _next_step(task: PhotaTask) -> str:
    if task.outcome is Outcome.FAILED:
        return "It has ended as failed, so the next attempt submits the order again, which is billed."
    return "Clear the Airflow task: its next attempt goes on with this PHOTA task and pays nothing."


def _report(task: PhotaTask, places: list[str], *lines: str) -> Report:
    data = {"phota_task_id": task.id, "status": task.status_word, "recorded_in": places}
    return Report(data, [f"PHOTA task {task.id} is {task.status_word}.", *lines])

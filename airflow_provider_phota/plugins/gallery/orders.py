"""Decides what is shown of a task instance: how its order stands, what it costs, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from airflow_provider_phota import xcom_keys
from airflow_provider_phota.api.costs import UNKNOWN_COST, Cost
from airflow_provider_phota.api.task_ids import TASK_ID
from airflow_provider_phota.plugins.gallery.instances import RESULT, Instance
from airflow_provider_phota.plugins.gallery.reviews import is_asking
from airflow_provider_phota.results.cards import Asked
from airflow_provider_phota.texts import visible

#: Characters that are shown of a prompt, of an error and of any other text.
LONGEST_PROMPT, LONGEST_ERROR, _LONGEST_TEXT = 2_000, 4_000, 300


class Standing(Enum):
    """Says how the order of a task instance stands, in a word for the reader."""

    WAITING = "waiting"
    ASKS = "asks a person"
    UNDER_WAY = "under way"
    RETRYING = "will retry"
    DONE = "done"
    HELD = "held"
    EXPIRED = "expired"
    FAILED = "failed"
    SKIPPED = "skipped"

    @property
    def slug(self) -> str:
        """The word for an address and for a style sheet."""
        return self.value.replace(" ", "-")

    @property
    def is_over(self) -> bool:
        """True once nothing changes any more by itself."""
        return self not in (Standing.WAITING, Standing.ASKS, Standing.UNDER_WAY, Standing.RETRYING)


#: How an order stands by Airflow's state of its task instance. Another state means that it is at work.
_BY_STATE = {
    "": Standing.WAITING,
    "none": Standing.WAITING,
    "scheduled": Standing.WAITING,
    "queued": Standing.WAITING,
    "success": Standing.DONE,
    "skipped": Standing.SKIPPED,
    "removed": Standing.SKIPPED,
    "up_for_retry": Standing.RETRYING,
    "failed": Standing.FAILED,
    "upstream_failed": Standing.SKIPPED,
}
#: States in which an error says more than the state.
_FAILED = frozenset({"failed", "up_for_retry"})
_BY_ERROR = {"PhotaSubmitAmbiguous": Standing.HELD, "PhotaResultsExpired": Standing.EXPIRED}


@dataclass(frozen=True)
class Problem:
    """Is what went wrong in the last attempt that failed.

    Attributes:
        error: the name of the error's class.
        message: what happened, and what to do.
    """

    error: str
    message: str


@dataclass(frozen=True)
class Result:
    """Is what a task returned, as far as the gallery shows it.

    Attributes:
        paths: of the files that have landed.
        is_existing: True if they had landed before, so that nothing was paid.
        expires_at: the moment until which the service keeps the results, as it said.
    """

    paths: tuple[str, ...] = ()
    is_existing: bool = False
    expires_at: str = ""


def phota_task_id_of(instance: Instance) -> str:
    """Returns the PHOTA task that a task instance is about; empty if that is not known."""
    pushed = instance.value(xcom_keys.PHOTA_TASK_ID)
    result = instance.value(RESULT)
    if pushed is None and isinstance(result, Mapping):
        pushed = result.get("phota_task_id") or _of_first_file(result.get("files"))
    if pushed is None:
        pushed = _of_card(instance.value(xcom_keys.CARD)) or _of_first_file(result)
    text = str(pushed) if isinstance(pushed, (str, int)) else ""
    return text if TASK_ID.fullmatch(text) else ""


def standing_of(instance: Instance) -> Standing:
    """Returns how the order of a task instance stands, by Airflow's state and by what went wrong."""
    problem = problem_of(instance)
    if problem and instance.state in _FAILED and problem.error in _BY_ERROR:
        return _BY_ERROR[problem.error]
    if is_asking(instance):
        return Standing.ASKS
    return _BY_STATE.get(instance.state, Standing.UNDER_WAY)


def problem_of(instance: Instance) -> Problem | None:
    """Returns what went wrong in the last attempt, unless a later one has put it right."""
    fields = instance.value(xcom_keys.PROBLEM)
    if instance.state == "success" or not isinstance(fields, Mapping):
        return None
    lines = str(fields.get("message", ""))[: 2 * LONGEST_ERROR].splitlines()
    message = "\n".join(visible(line, LONGEST_ERROR) for line in lines)
    return Problem(visible(str(fields.get("error", "")), 100), message[:LONGEST_ERROR])


def asked_of(instance: Instance) -> Asked | None:
    """Returns what the order asks for, as the operator has pushed it; None if it has not."""
    fields = instance.value(xcom_keys.ORDER)
    try:
        return Asked.from_dict(fields) if isinstance(fields, Mapping) else None
    except (KeyError, TypeError, ValueError):  # somebody else has pushed it
        return None


def cost_of(instance: Instance) -> Cost:
    """Returns what the order of a task instance costs."""
    fields = instance.value(xcom_keys.COST)
    result = instance.value(RESULT)
    if fields is None and isinstance(result, Mapping) and "counts" in result:
        fields = result.get("cost")  # a batch returns what all its orders have cost
    try:
        return Cost.from_dict(fields) if isinstance(fields, Mapping) else UNKNOWN_COST
    except (TypeError, ValueError):
        return UNKNOWN_COST


def result_of(instance: Instance) -> Result:
    """Returns what a task returned, as far as the gallery shows it."""
    returned = instance.value(RESULT)
    if isinstance(returned, Mapping):
        return Result(
            _paths(returned.get("files")),
            returned.get("status") == "existing",
            visible(str(returned.get("expires_at") or ""), 60),
        )
    return Result(_paths(returned))


def paths_of(instance: Instance) -> list[str]:
    """Returns where the pictures of the order have landed, as its task has returned it."""
    return [str(file.get("path")) for file in _files_of(instance)]


def digests_of(instance: Instance) -> list[str]:
    """Returns the SHA-256 digests of the same files, in the same order."""
    return [str(file.get("sha256")) for file in _files_of(instance)]


def _files_of(instance: Instance) -> list[Mapping[str, Any]]:
    returned, phota_task_id = instance.value(RESULT), phota_task_id_of(instance)
    files = returned.get("files") if isinstance(returned, Mapping) else returned
    return [
        file
        for file in (files if isinstance(files, list) else [])
        if isinstance(file, Mapping) and file.get("phota_task_id") == phota_task_id
    ]


def submitted_at(instance: Instance) -> datetime | None:
    """Returns when the PHOTA task was known first."""
    pushed = instance.pushed.get(xcom_keys.PHOTA_TASK_ID)
    return pushed.at if pushed else None


def batch_rows_of(instance: Instance) -> tuple[str, ...]:
    """Returns where the rows of a batch may be, the final ones first; nothing if it is not a batch."""
    result, pushed = instance.value(RESULT), instance.value(xcom_keys.BATCH)
    paths: list[object] = []
    if isinstance(result, Mapping) and "counts" in result:
        paths.append(result.get("results"))
    if isinstance(pushed, Mapping):
        paths += [pushed.get("results"), pushed.get("so_far")]
    return tuple(dict.fromkeys(path for path in paths if isinstance(path, str) and path.endswith(".jsonl")))


def is_batch(instance: Instance) -> bool:
    """True for a task instance that places many orders."""
    return bool(batch_rows_of(instance)) or instance.operator.endswith("BatchOperator")


def _of_card(url: object) -> str:
    return url.split("/")[-2] if isinstance(url, str) and url.count("/") > 1 else ""


def _of_first_file(files: object) -> object:
    first = files[0] if isinstance(files, list) and files else None
    return first.get("phota_task_id") if isinstance(first, Mapping) else None


def _paths(files: object) -> tuple[str, ...]:
    if not isinstance(files, list):
        return ()
    paths: list[Any] = [file.get("path") for file in files[:50] if isinstance(file, Mapping)]
    return tuple(visible(path, _LONGEST_TEXT) for path in paths if isinstance(path, str))

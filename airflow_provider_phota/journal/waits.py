"""Lists the PHOTA tasks that a trigger waits for, since a trigger's arguments lie in Airflow's database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any
from uuid import uuid4

from airflow_provider_phota.api.errors import PhotaLedgerError
from airflow_provider_phota.api.task_ids import TASK_ID
from airflow_provider_phota.journal.leases import make_folders
from airflow_provider_phota.journal.names import WAITS, group_name
from airflow_provider_phota.storage import records
from airflow_provider_phota.storage.paths import Place

VERSION = 1


@dataclass(frozen=True, slots=True)
class OpenTask:
    """Describes a paid task that is not finished.

    Attributes:
        item: the ID of the item that it was paid for.
        age: seconds since it was paid for, when the list is written; None if that is not known.
        seconds: how long to wait for it, from then on.
        estimated_time: seconds that the service expects it to take, if it said so.
        model: the name of the PHOTA model.
    """

    item: str
    phota_task_id: str
    age: float | None
    seconds: float
    estimated_time: float | None
    model: str


def write_waits(folder: Place, lease: int, number: int, tasks: Iterable[OpenTask]) -> Place:
    """Writes a list of open tasks, and returns its place.

    Args:
        folder: the journal's.
        lease: the number of the lease.
        number: of the list among those of the lease.
        tasks: to wait for.

    Raises:
        PhotaLedgerError: there is another list of that number.
    """
    make_folders(folder, WAITS)
    place = folder / WAITS / group_name(lease, number, "json")
    fields = {"version": VERSION, "token": uuid4().hex, "tasks": [asdict(each) for each in tasks]}
    if not records.create(place, fields):
        raise PhotaLedgerError(f"{place.command} is there already: another process uses this lease.")
    return place


def read_waits(place: Place) -> tuple[OpenTask, ...]:
    """Reads a list of open tasks back.

    Raises:
        PhotaLedgerError: the list is damaged or missing.
    """
    try:
        return records.read(place, _tasks_of)
    except FileNotFoundError:
        raise PhotaLedgerError(
            f"The list of PHOTA tasks to wait for is gone: {place.command}.\n"
            "The tasks go on and are billed. A retry finds them in the journal."
        ) from None
    except records.DamagedRecord as damage:
        raise PhotaLedgerError(
            f"The list of PHOTA tasks to wait for cannot be read: {damage}.\n"
            "The tasks go on and are billed. A retry finds them in the journal."
        ) from None


def _tasks_of(fields: Mapping[str, Any]) -> tuple[OpenTask, ...]:
    if fields["version"] != VERSION:
        raise ValueError(f"it is not a list of version {VERSION}")
    tasks = tuple(OpenTask(**each) for each in fields["tasks"])
    if not all(TASK_ID.fullmatch(each.phota_task_id) for each in tasks):
        raise ValueError("it names something that is not a PHOTA task")
    return tasks

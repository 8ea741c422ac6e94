"""Reads and writes Airflow's task state store (3.3 and later) in the metadata database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from airflow.utils.session import create_session

from airflow_provider_phota.api.errors import PhotaLedgerError
from airflow_provider_phota.compat import HAS_TASK_STATE
from airflow_provider_phota.ledger.records import Entry, InstanceName, Record, UnreadableRecord
from airflow_provider_phota.ledger.stores import TASK_STATE_KEY


@dataclass(frozen=True)
class StateRow:
    """Is a value that a task instance has kept."""

    instance: InstanceName
    value: Any


def state_rows(key: str) -> Iterator[StateRow]:
    """Yields what task instances have kept under a key; nothing where Airflow has no such store.

    Raises:
        PhotaLedgerError: The metadata database cannot be read.
    """
    if not HAS_TASK_STATE:
        return
    with _reading(), create_session() as session:
        rows = session.query(_model()).filter_by(key=key).order_by(_model().id).all()
        found = [StateRow(_name_of(row), json.loads(row.value)) for row in rows]
    yield from found


def record_in_state(instance: InstanceName) -> Record | None:
    """Returns the record of a task instance, or None if there is none.

    Raises:
        PhotaLedgerError: It cannot be read.
    """
    if not HAS_TASK_STATE:
        return None
    with _reading(), create_session() as session:
        row = session.query(_model()).filter_by(**_names(instance)).one_or_none()
        return None if row is None else Record.from_dict(json.loads(row.value))


def add_to_state(instance: InstanceName, entry: Entry) -> bool:
    """Adds an entry to the record of a task instance.

    Returns:
        False if the task instance has no record there.

    Raises:
        PhotaLedgerError: The record cannot be read or written.
    """
    if not HAS_TASK_STATE:
        return False
    with _reading(), create_session() as session:
        row = session.query(_model()).filter_by(**_names(instance)).with_for_update().one_or_none()
        if row is None:
            return False
        record = Record.from_dict(json.loads(row.value)).merged(Record((entry,)))
        row.value, row.updated_at = json.dumps(record.to_dict()), datetime.now(UTC)
    return True


@contextmanager
def _reading() -> Iterator[None]:
    try:
        yield
    except Exception as error:  # of the database's driver; its text may hold a password
        why = str(error) if isinstance(error, UnreadableRecord) else type(error).__name__
        raise PhotaLedgerError(
            f"Airflow's task state store cannot be used: {why}.\n"
            "Does this machine have the settings of Airflow's metadata database, and is it migrated?"
        ) from None


def _name_of(row: Any) -> InstanceName:
    return InstanceName(row.dag_id, row.run_id, row.task_id, row.map_index)


def _names(instance: InstanceName) -> dict[str, object]:
    return {
        "key": TASK_STATE_KEY,
        "dag_id": instance.dag_id,
        "run_id": instance.run_id,
        "task_id": instance.task_id,
        "map_index": instance.map_index,
    }


def _model() -> Any:
    from airflow.models.task_state_store import TaskStateStoreModel  # noqa: PLC0415  # 3.3 and later

    return TaskStateStoreModel

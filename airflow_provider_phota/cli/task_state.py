"""Reads and writes Airflow's task state store (3.3 and later) in the metadata database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from typing import Any

from airflow.utils.session import create_session

from airflow_provider_phota.api.errors import PhotaLedgerError
from airflow_provider_phota.compat import HAS_TASK_STATE, STATE_INDEX
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


def record_in_state(instance: InstanceName) -> Record:
    """Returns the record of a task instance, which is empty if there is none.

    Raises:
        PhotaLedgerError: It cannot be read.
    """
    if not HAS_TASK_STATE:
        return Record()
    with _reading(), create_session() as session:
        records = [_record_in(row) for row in _rows_of(session, instance)]
    return reduce(Record.merged, records, Record())


def add_to_state(instance: InstanceName, entry: Entry) -> bool:
    """Adds the ID of a task to the record that has its intent.

    Returns:
        False if there is no such record.

    Raises:
        PhotaLedgerError: The record cannot be read or written.
    """
    if not HAS_TASK_STATE:
        return False
    with _reading(), create_session() as session:
        rows = [row for row in _rows_of(session, instance).with_for_update() if _has(_record_in(row), entry)]
        for row in rows:
            row.value = json.dumps(_record_in(row).merged(Record((entry,))).to_dict())
            row.updated_at = datetime.now(UTC)
    return bool(rows)


def _rows_of(session: Any, instance: InstanceName) -> Any:
    names: dict[str, object] = {
        "dag_id": instance.dag_id,
        "run_id": instance.run_id,
        "task_id": instance.task_id,
    }
    if instance.iteration is None:  # else the tokens in the records tell which iteration it is
        names[STATE_INDEX] = instance.map_index
    return session.query(_model()).filter_by(key=TASK_STATE_KEY, **names)


def _record_in(row: Any) -> Record:
    return Record.from_dict(json.loads(row.value))


def _has(record: Record, entry: Entry) -> bool:
    submits = {(each.fingerprint, each.generation, each.token) for each in record.entries}
    return (entry.fingerprint, entry.generation, entry.token) in submits


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
    return InstanceName(row.dag_id, row.run_id, row.task_id, getattr(row, STATE_INDEX))


def _model() -> Any:
    from airflow.models.task_state_store import TaskStateStoreModel  # noqa: PLC0415  # 3.3 and later

    return TaskStateStoreModel

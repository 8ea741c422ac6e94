"""Reads from Airflow's database what there is to know of task instances that order or land pictures."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median
from typing import Any, TypeAlias

from airflow.models.taskinstance import TaskInstance
from airflow.models.xcom import XComModel
from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import Session

from airflow_provider_phota import xcom_keys
from airflow_provider_phota.ledger.records import InstanceName

Query: TypeAlias = "Select[*tuple[Any, ...]]"

#: What our operators and sensors push.
OUR_KEYS = (
    xcom_keys.ORDER,
    xcom_keys.PHOTA_TASK_ID,
    xcom_keys.COST,
    xcom_keys.CARD,
    xcom_keys.BATCH,
    xcom_keys.PROBLEM,
    xcom_keys.REVIEW,
    xcom_keys.DECISION,
)
#: What a task returns, as Airflow calls it.
RESULT = "return_value"
#: Those that decide how an order stands and what it costs.
_OF_TILES = (xcom_keys.COST, xcom_keys.PHOTA_TASK_ID, xcom_keys.PROBLEM, xcom_keys.CARD)
#: Those that show that a task instance has something to show.
_SHOWING = (xcom_keys.ORDER, xcom_keys.CARD, xcom_keys.BATCH, xcom_keys.PROBLEM, xcom_keys.REVIEW)
#: How the names of our operators begin, for those that have not pushed anything yet.
_OUR_OPERATORS = "Phota%"
#: The most characters of a pushed value that is read.
_LONGEST_VALUE = 100_000
#: Task instances by which the usual time of a task is judged.
_LATELY = 20
#: Task instances whose values are asked for at once.
_AT_ONCE = 200


@dataclass(frozen=True)
class Pushed:
    """Is a value that a task instance has pushed.

    Attributes:
        value: as JSON has it. It may be anything, since people can push values too.
        at: when it was pushed.
    """

    value: Any
    at: datetime


@dataclass(frozen=True)
class Instance:
    """Is what Airflow knows of a task instance.

    Attributes:
        state: Airflow's word for how it stands; empty if it has none yet.
        operator: the name of its class.
        pushed: the values that it has pushed, by their keys.
    """

    name: InstanceName
    state: str
    operator: str
    try_number: int
    started_at: datetime | None
    ended_at: datetime | None
    pushed: Mapping[str, Pushed] = field(default_factory=dict)

    def value(self, key: str) -> Any:
        """Returns what was pushed under a key; None if nothing was."""
        pushed = self.pushed.get(key)
        return pushed.value if pushed else None


def find_instance(session: Session, name: InstanceName) -> Instance | None:
    """Returns a task instance with what it has pushed, or None if it does not exist."""
    here = _columns().where(_is(name))
    found = list(_with_values(session, here, (*OUR_KEYS, RESULT)))
    return found[0] if found else None


def instances_of_run(session: Session, dag_id: str, run_id: str) -> list[Instance]:
    """Returns our task instances of a DAG run, each with what its tile on the sheet is sorted by."""
    columns = _columns().where(TaskInstance.dag_id == dag_id, TaskInstance.run_id == run_id, _is_ours())
    ordered = columns.order_by(TaskInstance.start_date, TaskInstance.task_id, TaskInstance.map_index)
    return list(_with_values(session, ordered, (*_OF_TILES, xcom_keys.BATCH, xcom_keys.REVIEW)))


def with_all_values(session: Session, instances: Sequence[Instance]) -> list[Instance]:
    """Returns the same task instances, in the same order, with everything that they have pushed."""
    by_name = {}
    for first in range(0, len(instances), _AT_ONCE):
        some = instances[first : first + _AT_ONCE]
        columns = _columns().where(or_(*(_is(instance.name) for instance in some)))
        for instance in _with_values(session, columns, (*OUR_KEYS, RESULT)):
            by_name[instance.name] = instance
    return [by_name.get(instance.name, instance) for instance in instances]


def recent_instances(session: Session, dag_ids: Collection[str], most: int) -> list[Instance]:
    """Returns the task instances that have ordered or landed pictures last, the latest first.

    Args:
        session: of Airflow's database.
        dag_ids: of the DAGs that the reader may see.
        most: how many are returned.
    """
    latest = (
        _names_in_xcom()
        .where(
            XComModel.key.in_(_SHOWING),
            XComModel.dag_id.in_(dag_ids),
        )
        .group_by(XComModel.dag_id, XComModel.run_id, XComModel.task_id, XComModel.map_index)
        .order_by(func.max(XComModel.timestamp).desc())
        .limit(most)
    )
    names = [InstanceName(*row) for row in session.execute(latest)]
    if not names:
        return []
    columns = _columns().where(or_(*(_is(name) for name in names)))
    found = {each.name: each for each in _with_values(session, columns, (*OUR_KEYS, RESULT))}
    return [found[name] for name in names if name in found]


def usual_seconds(session: Session, name: InstanceName) -> float | None:
    """Returns how long a task has taken lately, half the time at most; None if it has never succeeded."""
    durations = session.scalars(
        select(TaskInstance.duration)
        .where(TaskInstance.dag_id == name.dag_id, TaskInstance.task_id == name.task_id)
        .where(TaskInstance.state == "success", TaskInstance.duration.is_not(None))
        .order_by(TaskInstance.end_date.desc())
        .limit(_LATELY)
    ).all()
    return median(float(each or 0.0) for each in durations) if durations else None


def pushed_in_run(
    session: Session, name: InstanceName, keys: Sequence[str]
) -> Mapping[InstanceName, Mapping[str, Pushed]]:
    """Returns what the tasks of a run have pushed, those with the map index of one of them."""
    rows = session.execute(
        _values_of_run(name.dag_id, name.run_id, keys).where(XComModel.map_index == name.map_index)
    )
    values: dict[InstanceName, dict[str, Pushed]] = defaultdict(dict)
    for row in rows:
        values[InstanceName(*row[:4])][row[4]] = Pushed(_decoded(row[5]), row[6])
    return values


def pushed_since(
    session: Session, key: str, dag_ids: Collection[str], since: datetime, most: int
) -> list[tuple[InstanceName, Pushed]]:
    """Returns the values that were pushed under a key since a moment, the latest first."""
    rows = session.execute(
        _names_in_xcom()
        .add_columns(XComModel.value, XComModel.timestamp)
        .where(XComModel.key == key, XComModel.dag_id.in_(dag_ids), XComModel.timestamp >= since)
        .order_by(XComModel.timestamp.desc())
        .limit(most)
    )
    return [(InstanceName(*row[:4]), Pushed(_decoded(row[4]), row[5])) for row in rows]


def _columns() -> Query:
    return select(
        TaskInstance.dag_id,
        TaskInstance.run_id,
        TaskInstance.task_id,
        TaskInstance.map_index,
        TaskInstance.state,
        TaskInstance.operator,
        TaskInstance.try_number,
        TaskInstance.start_date,
        TaskInstance.end_date,
    )


def _names_in_xcom() -> Query:
    return select(XComModel.dag_id, XComModel.run_id, XComModel.task_id, XComModel.map_index)


def _values_of_run(dag_id: str, run_id: str, keys: Sequence[str]) -> Query:
    return (
        _names_in_xcom()
        .add_columns(XComModel.key, XComModel.value, XComModel.timestamp)
        .where(XComModel.dag_id == dag_id, XComModel.run_id == run_id, XComModel.key.in_(keys))
    )


def _is(name: InstanceName) -> Any:
    return and_(
        TaskInstance.dag_id == name.dag_id,
        TaskInstance.run_id == name.run_id,
        TaskInstance.task_id == name.task_id,
        TaskInstance.map_index == name.map_index,
    )


def _is_ours() -> Any:
    has_pushed = (
        select(XComModel.key)
        .where(
            XComModel.dag_id == TaskInstance.dag_id,
            XComModel.run_id == TaskInstance.run_id,
            XComModel.task_id == TaskInstance.task_id,
            XComModel.map_index == TaskInstance.map_index,
            XComModel.key.in_(OUR_KEYS),
        )
        .exists()
    )
    return or_(TaskInstance.operator.like(_OUR_OPERATORS), has_pushed)


def _with_values(session: Session, columns: Query, keys: Sequence[str]) -> Iterator[Instance]:
    rows = session.execute(columns).all()
    names = [InstanceName(*row[:4]) for row in rows]
    values = _values(session, names, keys)
    for name, row in zip(names, rows, strict=True):
        state, operator, try_number, started_at, ended_at = row[4:]
        yield Instance(
            name, str(state or ""), operator or "", try_number or 0, started_at, ended_at, values[name]
        )


def _values(
    session: Session, names: Iterable[InstanceName], keys: Sequence[str]
) -> Mapping[InstanceName, Mapping[str, Pushed]]:
    """Reads what task instances have pushed, run by run, since that is how the table is indexed."""
    wanted = set(names)
    values: dict[InstanceName, dict[str, Pushed]] = defaultdict(dict)
    for dag_id, run_id in {(name.dag_id, name.run_id) for name in wanted}:
        task_ids = {name.task_id for name in wanted if (name.dag_id, name.run_id) == (dag_id, run_id)}
        rows = session.execute(_values_of_run(dag_id, run_id, keys).where(XComModel.task_id.in_(task_ids)))
        for row in rows:
            name, (key, value, at) = InstanceName(*row[:4]), row[4:]
            if name in wanted:
                values[name][key] = Pushed(_decoded(value), at)
    return values


def _decoded(value: Any) -> Any:
    """Returns a pushed value as JSON has it. It never becomes an object of a class that is named in it."""
    if not isinstance(value, str):
        return value
    if len(value) > _LONGEST_VALUE:
        return None
    try:
        return json.loads(value)
    except ValueError:
        return value

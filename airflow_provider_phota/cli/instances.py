"""Asks Airflow's metadata database how task instances stand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.utils.session import create_session

from airflow_provider_phota.api.errors import PhotaLedgerError
from airflow_provider_phota.ledger.records import InstanceName

#: States in which no process works for a task instance, and none will by itself.
_OVER = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})


def is_over(instance: InstanceName, seconds: float) -> bool:
    """Returns True if no process works for a task instance any more.

    It is False for one that this Airflow does not know, since it may be another Airflow's.

    Args:
        instance: whose it is.
        seconds: for which it has to be over, since a process that has lost its Airflow goes on for a while.

    Raises:
        PhotaLedgerError: The metadata database cannot be read.
    """
    from airflow.models.taskinstance import TaskInstance  # noqa: PLC0415  # it takes seconds to load

    try:
        with create_session() as session:
            names = {
                "dag_id": instance.dag_id,
                "run_id": instance.run_id,
                "task_id": instance.task_id,
            }
            columns = TaskInstance.state, TaskInstance.map_index, TaskInstance.end_date
            rows = session.query(*columns).filter_by(**names).all()
    except Exception as error:  # of the database's driver; its text may hold a password
        raise PhotaLedgerError(
            f"Airflow's metadata database cannot be read ({type(error).__name__}). Nothing was changed."
        ) from None
    latest = datetime.now(UTC) - timedelta(seconds=seconds)
    # an item with a key may have had another map index
    found = [row for row in rows if instance.key is not None or row.map_index == instance.map_index]
    return bool(found) and all(_has_ended(row.state, row.end_date, latest) for row in found)


def _has_ended(state: Any, end_date: datetime | None, latest: datetime) -> bool:
    return str(getattr(state, "value", state)) in _OVER and (end_date is None or end_date <= latest)

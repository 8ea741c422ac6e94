"""Reads from Airflow's context what the ledger needs to know about the running task instance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_phota.api.errors import PhotaInputError
from airflow_provider_phota.api.shown import shown
from airflow_provider_phota.compat import CLEAR_DISCARDS_STATE
from airflow_provider_phota.ledger.records import InstanceName

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context


def instance_name_of(context: Context, key: str | None = None) -> InstanceName:
    """Returns the name of the running task instance.

    Args:
        context: Airflow's context of the attempt.
        key: the author's name for the item of a mapped task. It is used instead of the item's map index.
    """
    ti = context["ti"]
    # a loop of Airflow 3.4 runs the same task several times under one map index
    loop: Any = context.get("loop")
    return InstanceName(
        ti.dag_id,
        ti.run_id,
        ti.task_id,
        -1 if ti.map_index is None else ti.map_index,
        iteration=None if loop is None else int(loop.index),
        key=key,
    )


def clear_number_of(context: Context) -> int:
    """Returns how often tasks of the run were cleared."""
    dag_run = context.get("dag_run")
    return getattr(dag_run, "clear_number", None) or 0


def may_have_lost_state(context: Context) -> bool:
    """Returns True if Airflow may have discarded what earlier attempts wrote to the task state store.

    Airflow 3.4 discards it when a person clears the task without "keep". Clearing raises `max_tries`, but not
    in a loop: there only the number of clears of the whole run can tell.
    """
    if not CLEAR_DISCARDS_STATE:
        return False
    ti: Any = context["ti"]
    is_cleared = bool(ti.max_tries != (ti.task.retries or 0))
    return is_cleared or (context.get("loop") is not None and clear_number_of(context) > 0)


def checked_key(value: object) -> str | None:
    """Returns the author's name for an item, or None if the author gave no name.

    Raises:
        PhotaInputError: the value does not name anything.
    """
    if value is None:
        return None
    text = str(value).strip() if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    if text in ("", "None"):
        raise PhotaInputError("ledger_key", f"must be a text that names the item, got {shown(value)}.")
    return text
